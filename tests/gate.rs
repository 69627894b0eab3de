//! The gate as its users meet it: every exit status, every format, and that no error reads as
//! leave.

use std::fs;
use std::path::{Path, PathBuf};

use hpcctl_registry::Digest;
use serde_json::{Value, json};

use crate::cli::{Run, hpcctl};
use crate::handmade::{changed, debian, layout as layout_of, tar};

pub mod platforms;
mod results;
mod rules;

/// A root file system with one package of this licence, and a directory for results.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new(license: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = Self { dir };
        tree.write(
            "root/usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
            &format!("Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-Expression: {license}\n"),
        );
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> String {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn gate(&self, args: &[&str]) -> Run {
        let root = format!("dir:{}", self.path("root").display());
        let state = self.path("state").display().to_string();
        let first = ["gate", &root, "--state", &state];
        hpcctl(&[&first, args].concat())
    }

    fn policy(&self, text: &str) -> String {
        self.write("policy.toml", &format!("version = 1\n{text}"))
    }
}

fn outcome(run: &Run) -> String {
    run.json()["result"]["decision"]["outcome"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn every_outcome_has_its_status() {
    let good = Tree::new("MIT");
    let run = good.gate(&["-o", "json"]);
    assert_eq!(
        (run.code, outcome(&run).as_str()),
        (0, "allow"),
        "{}",
        run.stderr
    );

    let refused = Tree::new("CC-BY-NC-4.0");
    let run = refused.gate(&["-o", "json"]);
    assert_eq!((run.code, outcome(&run).as_str()), (1, "deny"));

    let policy = good.policy("[licenses]\nreview = [\"MIT\"]\n");
    let run = good.gate(&["--policy", &policy, "-o", "json"]);
    assert_eq!((run.code, outcome(&run).as_str()), (1, "review"));

    let empty = Tree::new("MIT");
    fs::remove_dir_all(empty.path("root/usr")).unwrap();
    let run = empty.gate(&["-o", "json"]);
    assert_eq!((run.code, outcome(&run).as_str()), (3, "incomplete"));

    let broken = Tree::new("MIT");
    broken.write("root/var/lib/dpkg/status", "Package\0: broken");
    let run = broken.gate(&["-o", "json"]);
    assert_eq!(
        (run.code, outcome(&run).as_str()),
        (3, "incomplete"),
        "{}",
        run.stdout
    );
}

#[test]
fn every_error_has_its_status() {
    let good = Tree::new("MIT");
    let policy = good.policy("[rules]\n\"no.rule\" = \"deny\"\n");
    let run = good.gate(&["--policy", &policy]);
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(
        run.stderr
            .contains("policy.toml:3:1: there is no rule no.rule"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("^^^^^^^^^"), "{}", run.stderr);

    for args in [
        ["--policy", "/no/such/policy"],
        ["--result", "/no/such/result"],
    ] {
        let run = good.gate(&args);
        let code = if args[0] == "--policy" { 4 } else { 5 };
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (code, ""),
            "{}",
            run.stderr
        );
    }
    let run = good.gate(&["-o", "json=/proc/x"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(
        run.stderr
            .starts_with("hpcctl: cannot write /proc/x: no file can be made in /proc\n"),
        "{}",
        run.stderr
    );
    assert_eq!(hpcctl(&["gate", "dir:/no/such/tree"]).code, 5);
    assert_eq!(hpcctl(&["gate"]).code, 2);
    assert_eq!(hpcctl(&["gate", "x", "--now", "yesterday"]).code, 2);
}

#[test]
fn a_directory_cannot_be_bound_to_a_destination() {
    let run = Tree::new("MIT").gate(&["--to", "docker.io/x/y", "-o", "json"]);
    assert_eq!(run.code, 1);
    assert_eq!(outcome(&run), "deny");
}

#[test]
fn each_format_tells_the_decision() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let expected = [
        ("table", "decision     deny: it may not be published there"),
        ("sarif", "\"ruleId\": \"license.terms\""),
        ("junit", "<failure type=\"deny\""),
        ("markdown", "## hpcctl gate: deny"),
    ];
    for (format, text) in expected {
        let run = tree.gate(&["-o", format]);
        assert_eq!(run.code, 1);
        assert!(run.stdout.contains(text), "{format}: {}", run.stdout);
    }
    let sarif: Value = tree.gate(&["-o", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn a_decision_can_be_made_again() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let decided = || {
        let run = tree.gate(&["--now", "2026-02-01T00:00:00Z", "-o", "json"]);
        run.json()["result"].clone()
    };
    assert_eq!(decided(), decided());
}

#[test]
fn the_policy_that_init_prints_is_valid() {
    let printed = hpcctl(&["policy", "init"]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("policy.toml");
    fs::write(&path, &printed.stdout).unwrap();
    let check = |path: &Path| hpcctl(&["policy", "check", &path.display().to_string()]);
    assert_eq!(check(&path).code, 0);
    fs::write(&path, printed.stdout.replace("version = 1", "version = 7")).unwrap();
    let run = check(&path);
    assert_eq!(run.code, 4);
    assert!(
        run.stderr.contains("this hpcctl reads version 1"),
        "{}",
        run.stderr
    );
}

#[test]
fn every_rule_has_its_manual() {
    let listed = hpcctl(&["gate", "list"]).stdout;
    assert!(listed.lines().count() >= 16, "{listed}");
    for line in listed.lines() {
        let id = line.split_whitespace().next().unwrap();
        let manual = hpcctl(&["gate", "explain", id]);
        assert!(
            manual.code == 0 && manual.stdout.contains("\nJudged "),
            "{id}"
        );
    }
    assert_eq!(hpcctl(&["gate", "explain", "no.rule"]).code, 2);
}

/// The arguments that gate an image of one layer in a layout, whose blobs lie in the directory.
fn layout(dir: &Path) -> String {
    let archive = crate::handmade::docker_archive(dir);
    format!("docker-archive:{}", archive.display())
}

#[test]
fn no_failure_reads_as_leave() {
    let tree = Tree::new("MIT");
    // The state cannot be written.
    let root = format!("dir:{}", tree.path("root").display());
    let run = hpcctl(&["gate", &root, "--state", "/dev/null/state"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
    // The clock went back.
    assert_eq!(tree.gate(&[]).code, 0);
    let log = tree.path("state/decisions.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let record: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let at = record["decision"]["at"].as_str().unwrap();
    let later = format!("2999{}", &at[4..]);
    fs::write(&log, text.replace(at, &later)).unwrap();
    fs::remove_file(tree.path("state/decisions.head")).unwrap();
    let run = tree.gate(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(run.stderr.contains("by the clock"), "{}", run.stderr);
}

#[test]
fn what_a_scanner_of_vulnerabilities_found_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let image = layout(dir.path());
    let state = dir.path().join("state").display().to_string();
    let gate = |args: &[&str]| {
        let first = ["gate", &image, "--state", &state, "-o", "json"];
        hpcctl(&[&first, args].concat()).json()
    };
    let digest = gate(&[])["result"]["subject"]["digest"].clone();
    let found = |digest: &str| {
        let sarif = serde_json::json!({"version": "2.1.0", "runs": [{
            "properties": {"imageID": digest},
            "tool": {"driver": {"name": "scanner", "rules": [
                {"id": "CVE-2026-1", "properties": {"security-severity": "9.8"}}]}},
            "results": [{"ruleId": "CVE-2026-1"}],
        }]});
        let file = dir.path().join("found.sarif");
        fs::write(&file, sarif.to_string()).unwrap();
        let report = gate(&["--result", file.to_str().unwrap()]);
        let rules = report["result"]["decision"]["rules"].as_array().unwrap();
        let of = |rule: &&Value| rule["id"] == "evidence.vulnerabilities";
        let rule = rules.iter().find(of).unwrap();
        assert_eq!(rule["outcome"], "review", "{rule}");
        rule["findings"][0]["text"].as_str().unwrap().to_owned()
    };
    assert!(found(digest.as_str().unwrap()).starts_with("CVE-2026-1 is critical"));
    assert!(found("sha256:0").contains("does not say that it is about this image"));
}

/// The findings of a rule, each with its level.
fn findings(run: &Run, rule: &str) -> Vec<(String, String)> {
    let report = run.json();
    let rules = report["result"]["decision"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|it| it["id"] == rule).unwrap();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let findings = rule["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| (text(finding, "level"), text(finding, "text")))
        .collect()
}

/// Gates a layout of one layer after its documents were changed; its findings are of this run.
fn gated(dir: &Path, layer: &[u8], change: impl FnOnce(&mut Value, &mut Value)) -> Run {
    let path = dir.join("layout");
    let _ = fs::remove_dir_all(&path);
    layout_of(&path, "amd64", &json!({}), Some(layer));
    changed(&path, change);
    gate_layout(dir)
}

/// Gates the layout in a directory.
fn gate_layout(dir: &Path) -> Run {
    let image = format!("oci:{}", dir.join("layout").display());
    let state = dir.join("state").display().to_string();
    hpcctl(&["gate", &image, "--state", &state, "-o", "json"])
}

/// Puts a secret into a manifest or a configuration.
type Put = fn(&mut Value, &mut Value, &str);

/// The places of documents where a token may stand.
const PLACES: [(&str, Put); 7] = [
    ("manifest:/annotations/ci.token", |manifest, _, it| {
        manifest["annotations"] = json!({"ci.token": it});
    }),
    ("manifest:/layers/0/annotations/x", |manifest, _, it| {
        manifest["layers"][0]["annotations"] = json!({"x": it});
    }),
    ("config:/config/Healthcheck/Test/1", |_, config, it| {
        config["config"]["Healthcheck"] = json!({"Test": ["CMD-SHELL", format!("check {it}")]});
    }),
    ("config:/history/0/comment", |_, config, it| {
        config["history"][0]["comment"] = json!(it);
    }),
    ("config:/author", |_, config, it| {
        config["author"] = json!(it)
    }),
    ("config:/config/OnBuild/0", |_, config, it| {
        config["config"]["OnBuild"] = json!([format!("RUN get {it}")]);
    }),
    ("config:/made_by/args", |_, config, it| {
        config["made_by"] = json!({"args": it});
    }),
];

#[test]
fn a_secret_in_any_string_of_the_documents_is_found() {
    // Put together here, so that none stands in the source.
    let token = ["glpat-", "Zx8Kq2Lm4Nv6", "Bt9Rw3Yc"].concat();
    let dir = tempfile::tempdir().unwrap();
    for (place, put) in PLACES {
        let run = gated(dir.path(), &debian(), |manifest, config| {
            put(manifest, config, &token)
        });
        let found = findings(&run, "layer.history");
        let text = format!("{place}: a user's token of GitLab");
        assert_eq!(found, [("deny".to_owned(), text)]);
        assert!(!run.stdout.contains(&token), "{place}: the secret is shown");
    }
}

#[test]
fn a_password_in_a_command_is_found_and_a_variable_is_none() {
    let word = ["Tr0ub4", "dor3x"].concat();
    let dir = tempfile::tempdir().unwrap();
    for (command, level) in [
        (
            format!("RUN curl -u bob:{word} https://data.site.org"),
            Some("deny"),
        ),
        (
            format!("RUN echo 'machine a login b password {word}' > ~/.netrc"),
            Some("deny"),
        ),
        (
            "RUN curl -u bob:$PASSWORD https://data.site.org".to_owned(),
            None,
        ),
        (
            "RUN curl -H \"PRIVATE-TOKEN: ${TOKEN}\" https://data.site.org".to_owned(),
            None,
        ),
    ] {
        let run = gated(dir.path(), &debian(), |_, config| {
            config["history"][0]["created_by"] = json!(command);
        });
        let found = findings(&run, "layer.history");
        let levels: Vec<&str> = found.iter().map(|(level, _)| level.as_str()).collect();
        assert_eq!(levels, Vec::from_iter(level), "{command}: {found:?}");
        assert!(!run.stdout.contains(&word));
    }
}

#[test]
fn a_distribution_without_its_packages_is_incomplete() {
    let dir = tempfile::tempdir().unwrap();
    let release: (&str, u32, &[u8]) = ("etc/os-release", 0o644, b"ID=debian\n");
    let metadata = b"Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-Expression: MIT\n";
    let python: (&str, u32, &[u8]) = (
        "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
        0o644,
        metadata,
    );
    let good = b"Package: a\nVersion: 1\nArchitecture: all\nStatus: install ok installed\n";
    for (status, is_incomplete) in [
        (None, true),
        (Some(&b"garbage\x01\x02\n"[..]), true),
        (
            Some(b"garbage\nPackage: a\nVersion: 1\nStatus: install ok installed\n"),
            true,
        ),
        (Some(good), false),
    ] {
        let status = status.map(|status| ("var/lib/dpkg/status", 0o644, status));
        let files: Vec<(&str, u32, &[u8])> = [release, python].into_iter().chain(status).collect();
        let run = gated(dir.path(), &tar(&files), |_, _| {});
        let found = findings(&run, "scan.complete");
        assert_eq!(found.is_empty(), !is_incomplete, "{status:?}: {found:?}");
        let image = format!("oci:{}", dir.path().join("layout").display());
        assert_eq!(hpcctl(&["scan", "image", &image]).code == 3, is_incomplete);
    }
}

#[test]
fn a_kept_scan_says_nothing_of_a_layout_that_is_damaged_since() {
    let dir = tempfile::tempdir().unwrap();
    let incomplete = |run: &Run| !findings(run, "scan.complete").is_empty();
    assert!(!incomplete(&gated(dir.path(), &debian(), |_, _| {})));
    assert!(!incomplete(&gate_layout(dir.path())));
    let layer = crate::handmade::blob(&dir.path().join("layout"), &debian());
    let mut bytes = fs::read(&layer).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&layer, &bytes).unwrap();
    assert!(incomplete(&gate_layout(dir.path())));
    fs::remove_file(&layer).unwrap();
    assert!(incomplete(&gate_layout(dir.path())));
}

#[test]
fn doctor_says_which_image_it_was_about() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").display().to_string();
    let (digest, other) = ("one", "other");
    for name in [digest, other] {
        let settings = json!({"Labels": {"name": name}});
        layout_of(&dir.path().join(name), "amd64", &settings, Some(&debian()));
    }
    let image = |name: &str| format!("oci:{}", dir.path().join(name).display());
    let result = dir.path().join("doctor.json").display().to_string();
    let output = format!("json={result}");
    hpcctl(&[
        "doctor",
        "--image",
        &image(digest),
        "--check",
        "ns.user",
        "-o",
        &output,
    ]);
    let policy = dir.path().join("policy.toml").display().to_string();
    fs::write(&policy, "version = 1\n[results]\nrequired = [\"doctor\"]\n").unwrap();
    for (name, text) in [
        (digest, "No runtime there can run it."),
        (other, "not about this image"),
    ] {
        let image = image(name);
        let args = [
            "gate", &image, "--state", &state, "--policy", &policy, "--result", &result, "-o",
            "json",
        ];
        let found = findings(&hpcctl(&args), "evidence.results");
        assert!(found.len() == 1 && found[0].1.contains(text), "{found:?}");
    }
}

#[test]
fn what_publish_cannot_take_is_refused_for_a_destination() {
    let dir = tempfile::tempdir().unwrap();
    let image = layout(dir.path());
    let state = dir.path().join("state").display().to_string();
    let run = hpcctl(&[
        "gate",
        &image,
        "--state",
        &state,
        "--to",
        "docker.io/x/y",
        "-o",
        "json",
    ]);
    let found = findings(&run, "destination.class");
    assert!(
        found.len() == 1 && found[0].1.contains("form docker-archive"),
        "{found:?}"
    );
    assert!(
        run.stdout.contains("skopeo copy docker-archive:"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_layer_that_cannot_be_read_is_incomplete() {
    let dir = tempfile::tempdir().unwrap();
    let reference = layout(dir.path());
    let path = reference.trim_start_matches("docker-archive:");
    let lenient = dir.path().join("policy.toml");
    fs::write(&lenient, "version = 1\n[licenses]\nunknown = \"warn\"\n").unwrap();
    let state = dir.path().join("state");
    let gate = || {
        let (policy, state) = (lenient.display().to_string(), state.display().to_string());
        hpcctl(&[
            "gate", &reference, "--policy", &policy, "--state", &state, "-o", "json",
        ])
    };
    let whole = gate();
    assert_eq!(
        (whole.code, outcome(&whole).as_str()),
        (0, "allow"),
        "{}",
        whole.stdout
    );
    // A byte of the layer is another: the digest of the image is the same, and its report is kept.
    let mut bytes = fs::read(path).unwrap();
    let place = bytes
        .windows(7)
        .position(|window| window == b"Package")
        .unwrap();
    bytes[place] = b'Q';
    fs::write(path, &bytes).unwrap();
    fs::remove_dir_all(&state).unwrap();
    let changed = gate();
    assert_eq!(
        (changed.code, outcome(&changed).as_str()),
        (3, "incomplete"),
        "{}",
        changed.stdout
    );
    bytes.truncate(place);
    fs::write(path, &bytes).unwrap();
    let cut = gate();
    assert!(cut.code == 3 || cut.code == 5, "{}", cut.stdout);
}

#[test]
fn a_scan_that_is_killed_leaves_no_decision() {
    let tree = Tree::new("MIT");
    for n in 0..3000 {
        tree.write(
            &format!("root/opt/{n}/LICENSE"),
            "MIT License. Permission is hereby granted, free of charge",
        );
    }
    let root = format!("dir:{}", tree.path("root").display());
    let state = tree.path("state").display().to_string();
    // After the time in milliseconds, unless it was done before.
    let ended_by = |signal: &str, after| {
        let _ = fs::remove_dir_all(&state);
        let child = crate::cli::command(&["gate", &root, "--state", &state, "-o", "json"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(after));
        let id = child.id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-s", signal, &id])
            .status();
        let output = child.wait_with_output().unwrap();
        (kill.unwrap().success() && !output.status.success()).then_some(output)
    };
    for (signal, code) in [("KILL", None), ("INT", Some(130))] {
        let mut ended = [100, 50, 25, 12].into_iter();
        let ended = ended.find_map(|after| ended_by(signal, after));
        let output = ended.expect("it was always done before");
        assert_eq!((output.status.code(), output.stdout), (code, Vec::new()));
        let log = fs::read_to_string(tree.path("state/decisions.jsonl")).unwrap_or_default();
        assert!(!log.contains("allow"), "{log}");
    }
}

#[test]
fn a_full_disk_is_told() {
    if !crate::real::real("a_full_disk_is_told") {
        return;
    }
    let tree = Tree::new("MIT");
    let root = format!("dir:{}", tree.path("root").display());
    let full = tree.path("full").display().to_string();
    fs::create_dir(&full).unwrap();
    let script = "mount -t tmpfs -o size=16k none \"$1\" || exit 99; \
        cat /dev/zero >\"$1/ballast\" 2>/dev/null; \"$2\" gate \"$3\" --state \"$1\"";
    let run = Run::of(std::process::Command::new("unshare").args([
        "-m",
        "sh",
        "-c",
        script,
        "sh",
        &full,
        env!("CARGO_BIN_EXE_hpcctl"),
        &root,
    ]));
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
    assert!(run.stderr.contains("No space left"), "{}", run.stderr);
}

#[test]
fn a_clarification_holds_while_the_file_is_byte_equal() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let text = include_str!("../LICENSE-MIT");
    tree.write("root/usr/share/licenses/a/LICENSE", text);
    let digest = Digest::sha256(text.as_bytes());
    let policy = tree.policy(&format!(
        "[[clarify]]\npackage = \"pkg:pypi/a@*\"\nexpression = \"MIT\"\nreason = \"read\"\n\
         evidence = [{{ path = \"/usr/share/licenses/a/LICENSE\", sha256 = \"{}\" }}]\n",
        digest.hex()
    ));
    let gate = || tree.gate(&["--policy", &policy, "-o", "json"]);
    let run = gate();
    assert_eq!(
        (run.code, outcome(&run).as_str()),
        (0, "allow"),
        "{}",
        run.stdout
    );
    tree.write(
        "root/usr/share/licenses/a/LICENSE",
        &text.replace("2026", "2027").replacen('M', "N", 1),
    );
    assert_eq!(gate().code, 1);
}

#[test]
fn a_policy_is_checked_whole() {
    let tree = Tree::new("MIT");
    let check = |text: &str| {
        let policy = tree.policy(text);
        let run = hpcctl(&["policy", "check", &policy]);
        assert_eq!(run.stdout, "");
        (run.code, run.stderr.replace(&policy, "POLICY"))
    };
    let wrong = "[rules]\n\"no.rule\" = \"deny\"\n[image]\nmax-size = \"8 GB\"\n\
                 [[privileged.allow]]\npath = \"/usr/bin/su\"\nsha256 = \"zz\"\n";
    let (code, told) = check(wrong);
    assert_eq!(code, 4, "{told}");
    for place in ["POLICY:3:1: ", "POLICY:5:12: ", "POLICY:8:10: "] {
        assert!(told.contains(place), "{told}");
    }
    assert_eq!(
        told.matches('^').count(),
        "\"no.rule\"\"8 GB\"\"zz\"".len(),
        "{told}"
    );
    let useless = "[[waiver]]\nid = \"W-1\"\nrule = \"image.size\"\nowner = \"a\"\napproved-by = \"b\"\n\
                   reason = \"c\"\nfrom = \"2020-01-01\"\nexpires = \"2020-03-01\"\n";
    let (code, told) = check(useless);
    assert_eq!(code, 0, "{told}");
    assert!(
        told.starts_with("hpcctl: warning: POLICY:2:1: the waiver W-1 lapsed on 2020-03-01"),
        "{told}"
    );
    assert!(told.ends_with("hpcctl: POLICY is valid\n"), "{told}");
    assert_eq!(hpcctl(&["policy", "check", "/no/such"]).code, 4);
    assert_eq!(hpcctl(&["policy", "check"]).code, 2);
}

/// Gives the package of [`Tree`] leave in the spring of 2026.
const WAIVER: &str = "version = 1
[[waiver]]
id = \"W-1\"
rule = \"license.terms\"
scope = { package = \"pkg:pypi/a@1\" }
owner = \"a\"
approved-by = \"b\"
reason = \"c\"
from = \"2026-01-01\"
expires = \"2026-05-01\"
";

/// The program in a room of its own, where the site has the policy of this file.
fn at_site(policy: &str, args: &[&str]) -> Run {
    let script =
        "mkdir -p /etc/hpcctl && mount --bind \"$1\" /etc/hpcctl || exit 99; shift; exec \"$@\"";
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]);
    command.arg(Path::new(policy).parent().unwrap());
    Run::of(command.arg(env!("CARGO_BIN_EXE_hpcctl")).args(args))
}

/// SARIF of a refusal, of one that a waiver lifts, and of an image that was not read whole.
pub fn logs() -> [Value; 3] {
    let tree = Tree::new("CC-BY-NC-4.0");
    let refused = tree.gate(&["-o", "sarif"]);
    let etc = tree.write("etc/policy.toml", WAIVER);
    let root = format!("dir:{}", tree.path("root").display());
    let at = ["--now", "2026-02-01T00:00:00Z", "-o", "sarif"];
    let waived = at_site(&etc, &[&["gate", &root], &at[..]].concat());
    tree.write("root/var/lib/dpkg/status", "Package\0: broken");
    let incomplete = tree.gate(&["-o", "sarif"]);
    [refused, waived, incomplete].map(|run| run.json())
}

#[test]
fn a_site_s_policy_may_give_leave_and_a_project_s_not() {
    if !crate::real::real("a_site_s_policy_may_give_leave_and_a_project_s_not") {
        return;
    }
    let tree = Tree::new("CC-BY-NC-4.0");
    let site = tree.write("policy.toml", WAIVER);
    let project = tree.write(
        "project.toml",
        "version = 1\n[rules]\n\"license.terms\" = \"warn\"\n",
    );
    let etc = tree.write("etc/policy.toml", WAIVER);
    let state = tree.path("state").display().to_string();
    let root = format!("dir:{}", tree.path("root").display());
    let gate = |now: &str, more: &[&str]| {
        let args = ["gate", &root, "--state", &state, "--now", now, "-o", "json"];
        let run = at_site(&etc, &[&args, more].concat());
        (run.code, outcome(&run))
    };
    let (good, late) = ("2026-02-01T00:00:00Z", "2026-06-01T00:00:00Z");
    let project_too = ["--policy", &*project];
    assert_eq!(gate(good, &[]), (0, "allow".to_owned()));
    assert_eq!(gate(good, &project_too), (0, "allow".to_owned()));
    assert_eq!(gate(late, &[]), (1, "deny".to_owned()));
    // What a project says more mildly changes nothing, and is told.
    assert_eq!(gate(late, &project_too), (1, "deny".to_owned()));
    let check = |args: &[&str]| at_site(&etc, &[&["policy", "check"], args].concat());
    let told = check(&[&project]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(
        told.stderr
            .contains("project.toml:3:19: of no use: the site's policy says deny"),
        "{}",
        told.stderr
    );
    // The site's own may waive, a project's may not.
    let refused = check(&[&site]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("belongs into the site's policy"));
    assert_eq!(check(&["--site", &site]).code, 0);
    assert_eq!(check(&["/etc/hpcctl/policy.toml"]).code, 0);
}

#[test]
fn a_report_for_ci_shows_green_rules() {
    let run = Tree::new("MIT").gate(&["-o", "junit"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let rules = hpcctl(&["gate", "list"]).stdout.lines().count();
    let cases = run.stdout.matches("<testcase ").count();
    assert_eq!(cases, rules, "{}", run.stdout);
    let head = format!("tests=\"{rules}\" failures=\"0\"");
    assert!(run.stdout.contains(&head), "{}", run.stdout);
}

#[test]
fn capabilities_and_devices_are_told_of_a_squashfs_and_of_a_tree() {
    if !crate::real::real("capabilities_and_devices_are_told_of_a_squashfs_and_of_a_tree") {
        return;
    }
    let tree = Tree::new("MIT");
    tree.write("root/usr/bin/ping", "\u{7f}ELF");
    let script = "import os, stat, sys\nroot = sys.argv[1]\n\
        os.chmod(root + '/usr/bin/ping', 0o755)\n\
        os.setxattr(root + '/usr/bin/ping', 'user.note', b'x')\n\
        os.setxattr(root + '/usr/bin/ping', 'security.capability', bytes.fromhex('0100000200200000') + bytes(12))\n\
        os.mknod(root + '/usr/bin/mem', stat.S_IFCHR | 0o600, os.makedev(1, 300))\n\
        os.mknod(root + '/usr/bin/disk', stat.S_IFBLK | 0o600, os.makedev(259, 5))\n";
    let root = tree.path("root").display().to_string();
    let image = tree.path("image.sqfs").display().to_string();
    let python = std::env::var_os("HPCCTL_PYTHON").unwrap();
    for command in [
        std::process::Command::new(python).args(["-c", script, &root]),
        std::process::Command::new("mksquashfs").args([&root, &image, "-quiet", "-no-progress"]),
    ] {
        let run = Run::of(command);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
    for reference in [format!("squashfs:{image}"), format!("dir:{root}")] {
        let report = hpcctl(&["scan", "image", &reference, "-o", "json"]).json();
        let privileged = report["result"]["privileged"].as_array().unwrap();
        let mut told: Vec<String> = privileged
            .iter()
            .map(|one| {
                format!(
                    "{} {} {}",
                    one["path"].as_str().unwrap(),
                    one["kind"].as_str().unwrap(),
                    one["detail"].as_str().unwrap_or("")
                )
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                "/usr/bin/disk device block 259:5",
                "/usr/bin/mem device character 1:300",
                "/usr/bin/ping capabilities cap_net_raw",
            ],
            "{reference}"
        );
    }
}
