//! Publishing and verifying with a real registry: what leaves is what was gated, and what was
//! changed anywhere is found.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpcctl_registry::{Digest, Name};
use serde_json::{Value, json};

use crate::cli::{Run, command};
use crate::handmade::{blob, debian, docker_archive, layout};
use crate::proxy::Line;
use crate::push::Place;
use crate::real::real;

/// What a decision of these tests goes by: the image of the tests has a package without licence.
const LENIENT: &str = "version = 1
[licenses]
unknown = \"warn\"
unlisted = \"warn\"
";

/// A key that signs in tests.
const KEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/checks/gate/tests/keys/ed25519.pem"
);

/// A place to publish to, an image, keys and policies.
struct Site {
    place: Place,
    /// `oci:DIR:` without a tag; `good` and `other` are in it.
    layout: String,
}

impl Site {
    fn new(place: Place) -> Self {
        let home = place.home.path();
        let layout = format!("oci:{}", home.join("layout").display());
        let archive = docker_archive(home);
        skopeo(&[
            "copy",
            &format!("docker-archive:{}", archive.display()),
            &format!("{layout}:good"),
        ]);
        let site = Self { place, layout };
        site.other();
        for (name, args) in [
            (
                "site",
                &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"][..],
            ),
            ("stranger", &["-algorithm", "ed25519"]),
        ] {
            openssl(
                &[
                    &["genpkey", "-out", &site.path(&format!("{name}.key"))],
                    args,
                ]
                .concat(),
            );
            openssl(&[
                "pkey",
                "-in",
                &site.path(&format!("{name}.key")),
                "-pubout",
                "-out",
                &site.path(&format!("{name}.pub")),
            ]);
        }
        site.place.home.put("lenient.toml", LENIENT);
        let strict =
            format!("{LENIENT}[image]\nmax-layers = 0\n[rules]\n\"image.size\" = \"deny\"\n");
        site.place.home.put("strict.toml", strict);
        site
    }

    /// Another image: the same with a label.
    fn other(&self) {
        let dir = self.place.home.path().join("layout");
        let copied = Command::new("umoci")
            .args(["config", "--config.label", "kind=other", "--image"])
            .arg(format!("{}:good", dir.display()))
            .args(["--tag", "other"])
            .output()
            .unwrap();
        assert!(
            copied.status.success(),
            "{}",
            String::from_utf8_lossy(&copied.stderr)
        );
    }

    fn path(&self, name: &str) -> String {
        self.place.home.path().join(name).display().to_string()
    }

    fn hpcctl(&self, ports: &[u16], args: &[&str]) -> Run {
        let mut command = command(args);
        command
            .envs(self.place.env(ports))
            .env("HPCCTL_STATE", self.path("state"));
        Run::of(&mut command)
    }

    fn publish(&self, from: &str, to: &str, policy: &str) -> Run {
        let ports = [self.place.registry.port];
        self.publish_at(&ports, from, to, policy)
    }

    fn publish_at(&self, ports: &[u16], from: &str, to: &str, policy: &str) -> Run {
        let to = format!("127.0.0.1:{}/{to}", ports[0]);
        let (key, policy) = (self.path("site.key"), self.path(policy));
        self.hpcctl(
            ports,
            &[
                "publish", from, &to, "--key", &key, "--policy", &policy, "-o", "json",
            ],
        )
    }

    fn verify(&self, name: &str, key: &str) -> Run {
        let port = self.place.registry.port;
        let name = format!("127.0.0.1:{port}/{name}");
        let key = self.path(key);
        self.hpcctl(&[port], &["verify", &name, "--key", &key, "-o", "json"])
    }

    /// The digest of the layer of `good`, in hex.
    fn layer(&self) -> String {
        let dir = self.place.home.path().join("layout/blobs/sha256");
        let digest = self.digest("good");
        let manifest = fs::read(dir.join(digest.strip_prefix("sha256:").unwrap())).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap();
        layer.strip_prefix("sha256:").unwrap().to_owned()
    }

    fn digest(&self, tag: &str) -> String {
        let index = fs::read(self.place.home.path().join("layout/index.json")).unwrap();
        let index: Value = serde_json::from_slice(&index).unwrap();
        let mut entries = index["manifests"].as_array().unwrap().iter();
        let name =
            |entry: &&Value| entry["annotations"]["org.opencontainers.image.ref.name"] == tag;
        entries.find(name).unwrap()["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn put_under(&self, from: &str, to: &str) {
        let to = format!("docker://127.0.0.1:{}/{to}", self.place.registry.port);
        skopeo(&[
            "copy",
            "--dest-tls-verify=false",
            "--dest-creds=tester:pass-word",
            from,
            &to,
        ]);
    }
}

fn skopeo(args: &[&str]) {
    let run = Run::of(
        Command::new("skopeo")
            .args(["--insecure-policy"])
            .args(args),
    );
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
}

fn openssl(args: &[&str]) {
    let run = Run::of(Command::new("openssl").args(args));
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
}

fn attached<'a>(report: &'a Value, title: &str) -> &'a Value {
    let attached = report["result"]["published"]["attached"]
        .as_array()
        .unwrap();
    attached
        .iter()
        .find(|document| document["title"] == title)
        .unwrap()
}

#[test]
fn what_is_published_is_what_was_gated() {
    if !real("what_is_published_is_what_was_gated") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let good = format!("{}:good", site.layout);
    let run = site.publish(&good, "lab/image:v1", "lenient.toml");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    let digest = site.digest("good");
    assert_eq!(report["result"]["published"]["digest"], digest);
    assert_eq!(report["result"]["gate"]["subject"]["digest"], digest);
    assert_eq!(
        site.place.copied_back(port, "lab/image:v1"),
        Some(digest.clone())
    );
    let titles: Vec<&str> = report["result"]["published"]["attached"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "sbom.cdx.json",
            "NOTICE",
            "sources.tsv",
            "decision.json",
            "statement.sigstore.json"
        ]
    );

    for key in ["site.pub", "site.key"] {
        let verified = site.verify("lab/image:v1", key);
        assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
        assert_eq!(verified.json()["result"]["digest"], digest);
    }
    // Another key, and another image under the tag.
    assert_eq!(site.verify("lab/image:v1", "stranger.pub").code, 1);
    site.put_under(&format!("{}:other", site.layout), "lab/image:v1");
    let moved = site.verify("lab/image:v1", "site.pub");
    assert_eq!(moved.code, 1);
    assert!(
        moved.stdout.contains("No decision about this digest"),
        "{}",
        moved.stdout
    );
    assert!(!moved.stdout.contains("it is not read"));
    a_signature_of_another_form_decides_nothing(&site);
    assert_eq!(
        site.verify(&format!("lab/image@{digest}"), "site.pub").code,
        0
    );
    assert_eq!(site.verify("lab/none:v1", "site.pub").code, 5);

    a_copy_elsewhere_was_not_decided_for(&site);
    what_is_refused_does_not_leave(&site, &good);
    a_changed_log_stops_everything(&site, &good);
    what_is_damaged_there_gets_no_tag(&site, &good);
}

#[test]
fn of_an_index_the_platform_that_was_gated_is_published() {
    if !real("of_an_index_the_platform_that_was_gated_is_published") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let home = site.place.home.path().join("platforms");
    let platforms = ["riscv64", "amd64", "s390x"];
    let digests = crate::gate::platforms::index(&home, &platforms);
    let image = format!("oci:{}", home.join("layout").display());
    let publish = |platform: &str, to: &str| {
        let to = format!("127.0.0.1:{port}/{to}");
        let (key, policy) = (site.path("site.key"), site.path("lenient.toml"));
        let mut args = vec!["publish", &image, &to, "--key", &key, "--policy", &policy];
        args.extend(["--platform", platform, "-o", "json"]);
        site.hpcctl(&[port], &args)
    };
    let run = publish("linux/amd64", "several:v1");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    assert_eq!(report["result"]["published"]["digest"], digests[1]);
    let others = &report["result"]["gate"]["subject"]["other_platforms"];
    assert_eq!(*others, json!(["linux/riscv64", "linux/s390x"]));
    let back = site.place.copied_back(port, "several:v1");
    assert_eq!(back.as_ref(), Some(&digests[1]));
    assert_eq!(site.verify("several:v1", "site.pub").code, 0);
    // What may not be published of it is not.
    assert_eq!(publish("linux/s390x", "several:other").code, 1);
    assert_eq!(site.place.copied_back(port, "several:other"), None);
}

fn a_signature_of_another_form_decides_nothing(site: &Site) {
    let other = format!("{}:other", site.layout);
    let tag = format!("{}.sig", site.digest("other").replace(':', "-"));
    site.put_under(&other, &format!("lab/image:{tag}"));
    let signed = site.verify("lab/image:v1", "site.pub");
    assert_eq!(signed.code, 1);
    let told = format!("There is a signature under the tag {tag}");
    assert!(signed.stdout.contains(&told), "{}", signed.stdout);
}

fn what_is_refused_does_not_leave(site: &Site, good: &str) {
    let port = site.place.registry.port;
    let refused = site.publish(good, "lab/image:v1", "strict.toml");
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert_eq!(refused.json()["result"]["published"], Value::Null);
    assert_eq!(
        site.place.copied_back(port, "lab/image:v1"),
        Some(site.digest("other"))
    );
    let refused = site.publish(good, "lab/new:v1", "strict.toml");
    assert_eq!(refused.code, 1);
    assert_eq!(site.place.copied_back(port, "lab/new:v1"), None);
}

/// What was let go to one place says nothing of another.
fn a_copy_elsewhere_was_not_decided_for(site: &Site) {
    let repositories = site
        .place
        .registry
        .storage()
        .join("docker/registry/v2/repositories");
    let (from, to) = (repositories.join("lab/image"), repositories.join("copy"));
    let copied = Command::new("cp").arg("-r").args([&from, &to]).status();
    assert!(copied.unwrap().success());
    let port = site.place.registry.port;
    let digest = site.digest("good");
    let name = format!("127.0.0.1:{port}/copy@{digest}");
    let lab = format!("127.0.0.1:{port}/lab/image");
    let key = site.path("site.pub");
    let verify = |more: &[&str]| {
        let args = ["verify", &name, "--key", &key, "-o", "json"];
        site.hpcctl(&[port], &[&args, more].concat())
    };
    let run = verify(&[]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stdout.contains("not about 127.0.0.1"), "{}", run.stdout);
    let run = verify(&["--decided-for", &lab]);
    assert_eq!(run.code, 0, "{}", run.stdout);
}

/// Blobs that are there already are read, too: what is damaged gets no tag.
fn what_is_damaged_there_gets_no_tag(site: &Site, good: &str) {
    let blobs = site
        .place
        .registry
        .storage()
        .join("docker/registry/v2/blobs/sha256");
    let layer = site.layer();
    let data = blobs.join(&layer[..2]).join(&layer).join("data");
    let whole = fs::read(&data).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&data, damaged).unwrap();
    let run = site.publish(good, "lab/image:damaged", "lenient.toml");
    assert_eq!(run.code, 5, "{}", run.stdout);
    assert!(run.stderr.contains("read back"), "{}", run.stderr);
    let port = site.place.registry.port;
    assert_eq!(site.place.copied_back(port, "lab/image:damaged"), None);
    fs::write(&data, whole).unwrap();
}

fn a_changed_log_stops_everything(site: &Site, good: &str) {
    let port = site.place.registry.port;
    let log = |what| site.hpcctl(&[port], &["gate", "log", what]);
    assert_eq!(log("verify").code, 0);
    assert_eq!(
        log("show").stdout.lines().count(),
        4,
        "two events of the first, one of each refusal"
    );
    let path = PathBuf::from(site.path("state/decisions.jsonl"));
    let whole = fs::read_to_string(&path).unwrap();
    let changes = [
        whole.replacen("\"deny\"", "\"allow\"", 1),
        whole
            .lines()
            .skip(1)
            .map(|line| format!("{line}\n"))
            .collect(),
        whole
            .lines()
            .take(3)
            .map(|line| format!("{line}\n"))
            .collect(),
        String::new(),
    ];
    for changed in changes {
        assert_ne!(changed, whole);
        fs::write(&path, &changed).unwrap();
        let verified = log("verify");
        assert_eq!(verified.code, 1, "{}", verified.stdout);
        let run = site.publish(good, "lab/late:v1", "lenient.toml");
        assert_eq!(run.code, 5, "{}", run.stdout);
        assert_eq!(site.place.copied_back(port, "lab/late:v1"), None);
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(log("verify").code, 0);
}

/// The bytes of the document of an artifact.
fn document(site: &Site, repository: &str, manifest: &str) -> Vec<u8> {
    let port = site.place.registry.port;
    let name: Name = format!("127.0.0.1:{port}/{repository}@{manifest}")
        .parse()
        .unwrap();
    let found = site.place.client(port).find(&name, 1 << 20).unwrap();
    let manifest: Value = serde_json::from_slice(&found.manifest.bytes).unwrap();
    let digest: Digest = manifest["layers"][0]["digest"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    found.repository.document(&digest, 1 << 30).unwrap()
}

#[test]
fn others_verify_the_signature() {
    if !real("others_verify_the_signature") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let run = site.publish(&format!("{}:good", site.layout), "a:v1", "lenient.toml");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.json();
    let manifest = attached(&report, "statement.sigstore.json")["manifest"]
        .as_str()
        .unwrap();
    let bundle = document(&site, "a", manifest);
    let path = site.place.home.put("bundle.json", bundle);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify.py");
    let python = std::env::var_os("HPCCTL_PYTHON").unwrap();
    let others = |bundle: &Path, key: &str| {
        Run::of(
            Command::new(&python)
                .arg(script)
                .arg(bundle)
                .arg(site.path(key)),
        )
    };
    let good = others(&path, "site.pub");
    assert_eq!(good.code, 0, "{}{}", good.stdout, good.stderr);
    assert_eq!(
        good.stdout,
        "openssl: verified\nsecuresystemslib: verified\n"
    );
    let text = fs::read_to_string(&path).unwrap();
    let bundle: Value = serde_json::from_str(&text).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let said = String::from_utf8(STANDARD.decode(payload).unwrap()).unwrap();
    let digest = site.digest("good");
    let other = site.digest("other");
    for (from, to) in [
        (
            digest.trim_start_matches("sha256:"),
            other.trim_start_matches("sha256:"),
        ),
        ("/a\"", "/b\""),
        ("allow", "allow "),
    ] {
        let changed = said.replace(from, to);
        assert_ne!(changed, said, "{from}");
        let changed = text.replace(payload, &STANDARD.encode(changed));
        let path = site.place.home.put("changed.json", changed);
        let bad = others(&path, "site.pub");
        assert_eq!(
            bad.stdout, "openssl: refused\nsecuresystemslib: refused\n",
            "{from}: {}",
            bad.stderr
        );
    }
}

#[test]
fn a_tag_that_moves_meanwhile_never_publishes_other_bytes() {
    if !real("a_tag_that_moves_meanwhile_never_publishes_other_bytes") {
        return;
    }
    let site = Arc::new(Site::new(Place::behind_a_proxy()));
    let (good, other) = (
        format!("{}:good", site.layout),
        format!("{}:other", site.layout),
    );
    let digests = [site.digest("good"), site.digest("other")];
    let mut published = [0, 0];
    for point in 0..24 {
        site.put_under(&good, "from:v1");
        let seen = Arc::new(AtomicUsize::new(0));
        let (mover, counter, from) = (Arc::clone(&site), Arc::clone(&seen), other.clone());
        let proxy = site.place.proxy(move |_: &Line, _| {
            if counter.fetch_add(1, Ordering::SeqCst) == point {
                mover.put_under(&from, "from:v1");
            }
            None
        });
        // Nothing is known of the image from before.
        let _ = fs::remove_dir_all(site.path("state"));
        let ports = [proxy.port];
        let source = format!("docker://127.0.0.1:{}/from:v1", proxy.port);
        let run = site.publish_at(&ports, &source, &format!("to{point}:v1"), "lenient.toml");
        assert_eq!(run.code, 0, "{point}: {}{}", run.stdout, run.stderr);
        let report = run.json();
        let gated = report["result"]["gate"]["subject"]["digest"]
            .as_str()
            .unwrap();
        let found = site
            .place
            .copied_back(site.place.registry.port, &format!("to{point}:v1"));
        assert_eq!(found.as_deref(), Some(gated), "moved at request {point}");
        let which = digests.iter().position(|digest| digest == gated).unwrap();
        published[which] += 1;
        if seen.load(Ordering::SeqCst) <= point {
            break;
        }
    }
    assert!(
        published.iter().all(|count| *count > 0),
        "the tag moved at no time that counts: {published:?}"
    );
}

/// Where nothing is pushed no registry is needed: the port is closed.
#[test]
fn what_is_not_published_says_why_by_its_status() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let archive = docker_archive(dir.path());
    let archive = format!("docker-archive:{}", archive.display());
    let image = format!("oci:{}", path("layout"));
    let layer = debian();
    layout(
        Path::new(&path("layout")),
        "amd64",
        &json!({}),
        Some(&layer),
    );
    fs::write(path("lenient.toml"), LENIENT).unwrap();
    fs::write(path("review.toml"), LENIENT.replace("warn", "review")).unwrap();
    fs::write(path("bad.toml"), "version = 1\nlicences = 1\n").unwrap();
    let damaged = dir.path().join("damaged");
    layout(&damaged, "amd64", &json!({}), Some(&layer));
    fs::write(blob(&damaged, &layer), &layer[..layer.len() / 2]).unwrap();
    let damaged = format!("oci:{}", damaged.display());
    let closed = "127.0.0.1:1/lab/image:v1";
    for (image, to, policy, key, code, says) in [
        (&*image, closed, "review.toml", KEY, 1, "\"review\""),
        (&image, closed, "", KEY, 1, "\"deny\""),
        (&image, "UPPER/x", "lenient.toml", KEY, 2, "UPPER"),
        (&image, "image:v1", "lenient.toml", KEY, 2, "no registry"),
        (&damaged, closed, "lenient.toml", KEY, 3, "\"incomplete\""),
        (&image, closed, "bad.toml", KEY, 4, "licences"),
        (&image, closed, "lenient.toml", "/dev/null", 4, "/dev/null"),
        (&image, closed, "lenient.toml", "/no/key", 4, "/no/key"),
        ("oci:/no/such", closed, "lenient.toml", KEY, 5, "/no/such"),
        (&image, closed, "lenient.toml", KEY, 5, "127.0.0.1:1"),
        (
            &archive,
            closed,
            "lenient.toml",
            KEY,
            1,
            "form docker-archive",
        ),
    ] {
        // Of an image that was scanned before, the report of that scan would be taken.
        let state = tempfile::tempdir().unwrap();
        let (state, policy) = (state.path().display().to_string(), path(policy));
        let mut args = vec!["publish", image, to, "--key", key, "--state", &state];
        args.extend(["-o", "json"]);
        if !policy.ends_with('/') {
            args.extend(["--policy", &policy]);
        }
        let run = crate::cli::hpcctl(&args);
        assert_eq!(run.code, code, "{args:?}: {}{}", run.stdout, run.stderr);
        // A decision is a report; what comes before or after one is an error.
        let (of, other) = match code {
            1 | 3 => (&run.stdout, &run.stderr),
            _ => (&run.stderr, &run.stdout),
        };
        assert!(of.contains(says), "{args:?}: {of}");
        assert_eq!(other, "", "{args:?}");
    }
}

/// The registry takes the connection and never answers.
#[test]
fn an_interrupted_publish_ends_with_its_status() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let image = format!("oci:{}", path("layout"));
    layout(
        Path::new(&path("layout")),
        "amd64",
        &json!({}),
        Some(&debian()),
    );
    fs::write(path("lenient.toml"), LENIENT).unwrap();
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    registry.set_nonblocking(true).unwrap();
    let to = format!("{}/lab/image:v1", registry.local_addr().unwrap());
    let (policy, state) = (path("lenient.toml"), path("state"));
    let args = ["publish", &image, &to, "--key", KEY];
    let mut publish = Command::new(env!("CARGO_BIN_EXE_hpcctl"))
        .args([&args[..], &["--policy", &policy, "--state", &state]].concat())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = rustix::process::Pid::from_child(&publish);
    let mut held = None;
    let mut ended = None;
    let until = Instant::now() + Duration::from_secs(60);
    while ended.is_none() && Instant::now() < until {
        if held.is_none() {
            held = registry.accept().ok();
        } else {
            rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        }
        thread::sleep(Duration::from_millis(20));
        ended = publish.try_wait().unwrap();
    }
    publish.kill().unwrap();
    publish.wait().unwrap();
    assert!(held.is_some(), "{ended:?}");
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
}
