//! `hpcctl stage`: exit statuses and forms, and fifty at once at a real registry.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::cli::{Run, command, hpcctl};
use crate::handmade::{self, sha256, tar};
use crate::proxy::Fault;
use crate::push::Place;
use crate::real::real;
use crate::registry::{Registry, images};
use crate::schema::validate;

mod locks;

/// A layout with one file in one layer; returns the digest of its manifest.
fn layout(dir: &Path) -> String {
    let layer = tar(&[("usr/bin/tool", 0o755, b"tool\n")]);
    let settings = json!({"Env": ["PATH=/usr/bin"]});
    handmade::layout(dir, "amd64", &settings, Some(&layer))
}

/// Stages to JSON.
fn stage(reference: &str, to: &Path, more: &[&str]) -> Run {
    let to = to.to_str().unwrap();
    let args = [&["stage", reference, "--to", to, "-o", "json"], more];
    hpcctl(&args.concat())
}

fn path(report: &Value) -> PathBuf {
    PathBuf::from(report["result"]["target"]["path"].as_str().unwrap())
}

#[test]
fn no_tree_is_made_for_a_slip_of_the_pen() {
    let dir = tempfile::tempdir().unwrap();
    layout(&dir.path().join("image"));
    let reference = format!("oci:{}", dir.path().join("image").display());
    let to = dir.path().join("share/images");
    for more in [&["--as", "oci", "--dry-run"][..], &["--as", "oci"]] {
        let run = stage(&reference, &to, more);
        assert_eq!(run.code, 5, "{}", run.stderr);
        assert!(run.stderr.contains("share"), "{}", run.stderr);
    }
    assert!(!dir.path().join("share").exists());
}

#[test]
fn a_layout_is_staged_once_and_then_used() {
    let dir = tempfile::tempdir().unwrap();
    let digest = layout(&dir.path().join("image"));
    let reference = format!("oci:{}", dir.path().join("image").display());
    let to = dir.path().join("shared");

    let planned = stage(&reference, &to, &["--as", "oci", "--dry-run"]).json();
    assert_eq!(planned["result"]["outcome"], "planned");
    assert!(!to.exists(), "a dry run writes nothing");

    let run = stage(
        &reference,
        &to,
        &["--as", "oci", "--nodes", "9", "--job", "slurm"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.json();
    validate("hpcctl.stage-1.json", &report);
    assert_eq!(report["result"]["outcome"], "staged");
    assert_eq!(report["result"]["image"]["digest"], digest);
    let script = report["result"]["job"]["script"].as_str().unwrap();
    assert!(script.contains("#SBATCH --nodes=9"), "{script}");
    let staged = path(&report);
    assert_eq!(path(&planned), staged);
    let environment = report["result"]["target"]["environment"].as_str().unwrap();
    assert_eq!(
        fs::read_to_string(environment).unwrap(),
        "PATH='/usr/bin'\n"
    );
    let there = hpcctl(&[
        "scan",
        "image",
        &format!("oci:{}", staged.display()),
        "-o",
        "json",
    ]);
    assert_eq!(there.json()["result"]["image"]["digest"], digest);

    let again = stage(&reference, &to, &["--as", "oci"]).json();
    assert_eq!(again["result"]["outcome"], "reused");
    // What is there and not whole is made anew.
    fs::remove_file(staged.join("index.json")).unwrap();
    let mended = stage(&reference, &to, &["--as", "oci"]).json();
    assert_eq!(mended["result"]["outcome"], "staged");
    assert!(staged.join("index.json").is_file());

    let table = hpcctl(&[
        "stage",
        &reference,
        "--to",
        to.to_str().unwrap(),
        "--as",
        "oci",
    ]);
    assert!(
        table.stdout.starts_with("already staged: "),
        "{}",
        table.stdout
    );
    // What lies in a directory costs no registry anything.
    for absent in ["limit", "REQUESTS"] {
        assert!(!table.stdout.contains(absent), "{}", table.stdout);
    }
}

#[test]
fn a_damaged_image_is_not_staged() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("image");
    layout(&image);
    let blobs = fs::read_dir(image.join("blobs/sha256")).unwrap();
    let largest = blobs
        .map(|entry| entry.unwrap().path())
        .max_by_key(|path| fs::metadata(path).unwrap().len());
    let largest = largest.unwrap();
    let mut bytes = fs::read(&largest).unwrap();
    bytes[600] ^= 1;
    fs::write(&largest, bytes).unwrap();
    let to = dir.path().join("shared");
    let run = stage(&format!("oci:{}", image.display()), &to, &["--as", "oci"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("its digest is sha256:"),
        "{}",
        run.stderr
    );
    let left: Vec<_> = fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [".hpcctl"]);
    let ours = fs::read_dir(to.join(".hpcctl")).unwrap();
    let kinds = ours.map(|entry| entry.unwrap().path().extension().unwrap().to_owned());
    assert!(kinds.eq(["lock"]), "only the lock may stay");
}

/// A layer that is not the one of the configuration, and a stream that was damaged behind its content:
/// the digests of what is stored are right.
#[test]
fn an_image_that_a_scan_calls_incomplete_is_not_staged() {
    let dir = tempfile::tempdir().unwrap();
    let layer = tar(&[("usr/bin/tool", 0o755, b"tool\n")]);
    let mut stream = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut stream, &layer).unwrap();
    let mut damaged = stream.finish().unwrap();
    let end = damaged.len() - 8;
    damaged[end] ^= 1;
    for (name, stored, plain, says) in [
        (
            "other",
            layer.clone(),
            b"other".to_vec(),
            "the digest of its plain tar",
        ),
        ("damaged", damaged, layer.clone(), "layer 1"),
    ] {
        let image = dir.path().join(name);
        handmade::layout(&image, "amd64", &json!({}), Some(&layer));
        fs::write(handmade::blob(&image, &stored), &stored).unwrap();
        handmade::changed(&image, |manifest, config| {
            let digest = format!("sha256:{}", sha256(&stored));
            manifest["layers"][0]["digest"] = json!(digest);
            manifest["layers"][0]["size"] = json!(stored.len());
            config["rootfs"]["diff_ids"] = json!([format!("sha256:{}", sha256(&plain))]);
        });
        let reference = format!("oci:{}", image.display());
        let scanned = hpcctl(&["scan", "image", &reference, "-o", "json"]);
        assert_eq!(scanned.code, 3, "{name}: {}", scanned.stdout);
        let to = dir.path().join(format!("{name}-shared"));
        let run = stage(&reference, &to, &["--as", "oci"]);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn each_exit_status_has_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    let (image, to) = (dir.path().join("image"), dir.path().join("shared"));
    layout(&image);
    let reference = format!("oci:{}", image.display());
    let archive = dir.path().join("archive.tar");
    fs::write(&archive, [0; 1024]).unwrap();
    let archive = format!("docker-archive:{}", archive.display());
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for (reference, to, more, code, says) in [
        (
            &*reference,
            &to,
            &["--runtime", "podman", "--as", "sif"][..],
            2,
            "does not run a sif",
        ),
        ("docker://UPPER", &to, &[], 2, "no name of an image"),
        ("oci:/nonexistent", &to, &[], 5, "/nonexistent"),
        (
            "docker://127.0.0.1:1/x:v1",
            &to,
            &[],
            5,
            "the connection is refused",
        ),
        (&archive, &to, &[], 5, "skopeo copy"),
        (&reference, &file, &["--as", "oci"], 5, "file"),
        (
            &reference,
            &to,
            &["--as", "oci", "--platform", "linux/s390x"],
            5,
            "s390x",
        ),
    ] {
        let run = stage(reference, to, more);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (code, ""),
            "{reference}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
        // The cause is told once.
        assert!(run.stderr.matches("os error").count() < 2, "{}", run.stderr);
    }
}

/// How often each thing was asked for.
fn counted(registry: &Registry, method: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (_, path) in registry.requests().into_iter().filter(|(m, _)| m == method) {
        *counts.entry(path).or_default() += 1;
    }
    counts
}

/// Packages that are found in an image.
fn packages(reference: &str) -> usize {
    let run = hpcctl(&[
        "scan",
        "image",
        reference,
        "-o",
        "json",
        "--licenses",
        "declared",
    ]);
    assert_eq!(run.code, 0, "{reference}: {}", run.stderr);
    run.json()["result"]["packages"].as_array().unwrap().len()
}

/// Stages an image in so many processes that begin together.
fn at_once(reference: &str, to: &Path, many: usize) -> Vec<Value> {
    let to = to.to_str().unwrap();
    let begin = |_| {
        let args = [
            "stage", reference, "--to", to, "--nodes", "1000", "-o", "json",
        ];
        let mut stage = command(&args);
        stage.stdin(Stdio::null()).stdout(Stdio::piped());
        stage.stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<_> = (0..many).map(begin).collect();
    let ended = all.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    });
    ended.collect()
}

#[test]
fn fifty_at_once_pull_once() {
    if !real("fifty_at_once_pull_once") {
        return;
    }
    let (registry, dir) = (Registry::start(""), tempfile::tempdir().unwrap());
    let image = format!("oci:{}/layout:v2", images().display());
    registry.push(&image, "debian:v2", &[]);
    let reference = format!("docker://{}", registry.name("debian:v2"));
    let before = counted(&registry, "GET");
    let reports = at_once(&reference, dir.path(), 50);
    let is_staged = |report: &&Value| report["result"]["outcome"] == "staged";
    let staged: Vec<&Value> = reports.iter().filter(is_staged).collect();
    assert_eq!(staged.len(), 1, "one did the work");
    let staged = &staged[0]["result"];

    // In the registry's log: each manifest and each blob once.
    let mut pulled = counted(&registry, "GET");
    pulled.retain(|path, count| {
        *count -= before.get(path).copied().unwrap_or(0);
        *count > 0 && path != "/v2/"
    });
    assert!(pulled.len() >= 3, "{pulled:?}");
    assert!(pulled.values().all(|count| *count == 1), "{pulled:?}");
    let plan = &staged["plan"];
    assert_eq!(plan["requests_without"], 1000 * pulled.len());
    assert!(plan["requests_with"].as_u64().unwrap() <= pulled.len() as u64 + 1);

    // Fifty copies that can be used.
    let digest = staged["target"]["sha256"].as_str().unwrap();
    for (place, report) in reports.iter().enumerate() {
        validate("hpcctl.stage-1.json", report);
        let copy = dir.path().join(format!("copy-{place}"));
        fs::copy(path(report), &copy).unwrap();
        assert_eq!(sha256(&fs::read(&copy).unwrap()), digest);
        fs::remove_file(&copy).unwrap();
    }
    let link = staged["target"]["link"].as_str().unwrap();
    assert_eq!(packages(&format!("squashfs:{link}")), packages(&image));
}

/// The registry refuses the first two requests for a blob, and tells of its limit otherwise.
#[test]
fn the_limit_of_a_registry_is_told_and_waited_for() {
    if !real("the_limit_of_a_registry_is_told_and_waited_for") {
        return;
    }
    let place = Place::behind_a_proxy();
    let image = format!("oci:{}/layout:v2", images().display());
    let login = ["--dest-creds", "tester:pass-word"];
    place.registry.push(&image, "hpc/app:v2", &login);
    let refused = AtomicUsize::new(0);
    let proxy = place.proxy(move |(_, path), _| {
        let told = "RateLimit-Limit: 100;w=21600\r\nRateLimit-Remaining: 3;w=21600\r\n";
        match path.contains("/blobs/") && refused.fetch_add(1, Ordering::SeqCst) < 2 {
            true => Some(Fault::Status(429)),
            false => Some(Fault::Says(told)),
        }
    });
    let reference = format!("docker://127.0.0.1:{}/hpc/app:v2", proxy.port);
    let to = place.home.path().join("shared");
    let to = to.to_str().unwrap();
    let mut command = command(&[
        "stage", &reference, "--to", to, "--nodes", "9", "-o", "json",
    ]);
    let run = Run::of(command.envs(place.env(&[proxy.port])));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.json();
    validate("hpcctl.stage-1.json", &report);
    assert_eq!(report["result"]["outcome"], "staged");
    let limit = &report["result"]["rate_limit"];
    assert_eq!(
        (&limit["limit"], &limit["remaining"]),
        (&json!(100), &json!(3))
    );
    let told = report["result"]["notes"].to_string();
    assert!(told.contains("let 3 of 9 nodes pull"), "{told}");
    let mut times = BTreeMap::new();
    for line in proxy.seen() {
        if line.1.contains("/blobs/") {
            *times.entry(line).or_insert(0) += 1;
        }
    }
    assert_eq!(times.values().sum::<usize>(), times.len() + 2, "{times:?}");
}

/// Where nothing is left nothing is asked for: when there is something again is waited for or told.
#[test]
fn a_limit_that_is_used_up_is_respected() {
    if !real("a_limit_that_is_used_up_is_respected") {
        return;
    }
    let place = Place::behind_a_proxy();
    let image = format!("oci:{}/layout:v2", images().display());
    let login = ["--dest-creds", "tester:pass-word"];
    place.registry.push(&image, "hpc/app:v2", &login);
    let trial = |told: &'static str, more: &[&str]| {
        let proxy = place.proxy(move |_, _| Some(Fault::Says(told)));
        let reference = format!("docker://127.0.0.1:{}/hpc/app:v2", proxy.port);
        let to = place.home.path().join("shared").display().to_string();
        let args = ["stage", &reference, "--to", &to, "--as", "oci"];
        let mut stage = command(&[&args, more].concat());
        let run = Run::of(stage.envs(place.env(&[proxy.port])));
        (run, proxy)
    };
    let hours = "RateLimit-Limit: 100;w=21600\r\nRateLimit-Remaining: 0;w=21600\r\n";
    for more in [&[][..], &["--dry-run"]] {
        let (run, proxy) = trial(hours, more);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
        let says = ["none of 100 requests in 21600 s are left", "at the latest"];
        assert!(
            says.iter().all(|says| run.stderr.contains(says)),
            "{}",
            run.stderr
        );
        let seen = proxy.seen();
        let pulls = seen
            .iter()
            .filter(|(method, path)| method == "GET" && path != "/v2/");
        assert_eq!(pulls.count(), 0, "{seen:?}");
    }
    let second = "RateLimit-Limit: 100\r\nRateLimit-Remaining: 0\r\nRateLimit-Reset: 1\r\n";
    let begun = std::time::Instant::now();
    let (run, _) = trial(second, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("waiting for 2 s"), "{}", run.stderr);
    assert!(begun.elapsed().as_secs() >= 2);
}

/// Neither the clock nor what the environment says of the time is in the file.
#[test]
fn the_same_image_is_the_same_file() {
    if !real("the_same_image_is_the_same_file") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    layout(&dir.path().join("image"));
    let reference = format!("oci:{}", dir.path().join("image").display());
    for form in ["squashfs", "sif"] {
        let staged = |name: &str, epoch: Option<&str>| {
            let to = dir.path().join(name).display().to_string();
            let args = ["stage", &reference, "--to", &to, "--as", form, "-o", "json"];
            let mut stage = command(&args);
            let run = Run::of(stage.envs(epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch))));
            assert_eq!(run.code, 0, "{}", run.stderr);
            let report = run.json();
            assert_eq!(report["result"]["outcome"], "staged");
            sha256(&fs::read(path(&report)).unwrap())
        };
        let first = staged("first", None);
        // Squashfs keeps whole seconds.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(staged("second", None), first, "{form}");
        assert_eq!(staged("third", Some("1000000000")), first, "{form}");
    }
}

#[test]
fn a_tree_is_the_one_that_others_unpack() {
    if !real("a_tree_is_the_one_that_others_unpack") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let reference = format!("oci:{}/layout:v2", images().display());
    let report = stage(&reference, dir.path(), &["--as", "sif"]).json();
    let sif = path(&report);
    assert_eq!(
        packages(&format!("sif:{}", sif.display())),
        packages(&reference)
    );
    let report = stage(&reference, dir.path(), &["--as", "squashfs"]).json();
    let run = |program: &str, args: &[&str]| {
        let run = Run::of(Command::new(program).args(args).current_dir(dir.path()));
        assert_eq!(run.code, 0, "{program}: {}{}", run.stdout, run.stderr);
        run.stdout
    };
    run(
        "unsquashfs",
        &["-q", "-n", "-d", "ours", path(&report).to_str().unwrap()],
    );
    let image = reference.strip_prefix("oci:").unwrap();
    run("umoci", &["unpack", "--image", image, "theirs"]);
    assert_eq!(
        run("diff", &["-r", "--no-dereference", "ours", "theirs/rootfs"]),
        ""
    );
    let list = |tree: &str| {
        let format = "%P %m %U %G %n %l %y %Ts\\n";
        let list = run("find", &[tree, "-mindepth", "1", "-printf", format]);
        let mut list: Vec<String> = list.lines().map(str::to_owned).collect();
        list.sort();
        list
    };
    // Path, mode, owner, names, target, kind and time of each file.
    let (ours, theirs) = (list("ours"), list("theirs/rootfs"));
    let differs = ours
        .iter()
        .zip(&theirs)
        .find(|(ours, theirs)| ours != theirs);
    assert_eq!(differs, None);
    assert!(ours.len() == theirs.len() && ours.len() > 1000);
}
