//! `fleet match`: which nodes of the last merge can run an image.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{Run, hpcctl};
use crate::environments::{ENVIRONMENTS, RUNC, shared};
use crate::fleet::sealed;
use crate::fleet::slurm::eight;
use crate::given_image::image_of_two_owners;
use crate::handmade;
use crate::real::real;
use crate::reality::image;
use crate::schema::validate;

/// A root file system in a tar, whose one file belongs to this user and group.
fn image_of(dir: &Path, name: &str, owner: u64) -> String {
    let file = dir.join(name);
    let mut builder = tar::Builder::new(fs::File::create(&file).unwrap());
    let mut header = tar::Header::new_ustar();
    header.set_size(2);
    header.set_mode(0o644);
    header.set_uid(owner);
    header.set_gid(owner);
    builder
        .append_data(&mut header, "etc/hostname", &b"n\n"[..])
        .unwrap();
    builder.finish().unwrap();
    format!("tar:{}", file.display())
}

/// A line of a simulated node with podman: its verdict on any image, and on one of many owners.
fn node(name: &str, machine: &str, any: &str, many: &str) -> String {
    let because = match any {
        "yes" => json!({}),
        _ => json!({"podman": ["net.tun"]}),
    };
    let images = match many == any {
        true => json!({}),
        false => json!({"podman": {"image.ids": {"run": many,
            "because": ["image.ids", "uid.subid.file"]}}}),
    };
    let body = json!({"k": "doctor", "v": "0.1.0", "h": ["6.1.0", machine], "f": [], "w": [],
        "u": [], "b": because, "r": {"builtin": {"run": "yes"}, "podman": {"run": any}},
        "i": images, "cut": false, "t": "2026-11-25T02:00:00Z",
        "x": {"fix.podman:image.ids": "(admin) usermod --add-subuids 100000-165535 alice"}});
    sealed(name, &body)
}

fn sets(report: &Value) -> [&str; 3] {
    ["runs", "fails", "unknown"].map(|name| report["result"][name]["set"].as_str().unwrap())
}

#[test]
fn simulated_nodes_are_held_against_what_an_image_asks_for() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").display().to_string();
    let lines = dir.path().join("lines");
    let text = [
        node("n1", "x86_64", "yes", "yes"),
        node("n2", "x86_64", "yes", "no"),
        node("n3", "x86_64", "no", "no"),
    ];
    fs::write(&lines, text.concat()).unwrap();
    let (plain, many) = (
        image_of(dir.path(), "plain.tar", 0),
        image_of(dir.path(), "many.tar", 42),
    );
    let matching = |image: &str| {
        let run = hpcctl(&["fleet", "match", image, "--state", &state, "-o", "json"]);
        validate("hpcctl.match-1.json", &run.json());
        run
    };
    let none = hpcctl(&["fleet", "match", &plain, "--state", &state]);
    assert_eq!(none.code, 5, "{}", none.stderr);
    assert!(none.stderr.contains("fleet merge"), "{}", none.stderr);
    let merge = |more: &[&str]| {
        let lines = lines.to_str().unwrap();
        let args = ["fleet", "merge", lines, "--state", &state];
        hpcctl(&[&args[..], more].concat())
    };
    merge(&["--expected", "n[1-4]"]);

    let run = matching(&plain);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(sets(&run.json()), ["n[1-2]", "n3", "n4"]);
    let run = matching(&many);
    let report = run.json();
    assert_eq!(sets(&report), ["n1", "n[2-3]", "n4"]);
    let groups = report["result"]["groups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["nodes"]["set"] == "n2");
    let podman = &group.unwrap()["runtimes"][0];
    assert_eq!(podman["because"], json!(["image.ids", "uid.subid.file"]));
    assert!(podman["fix"].as_str().unwrap().contains("usermod"));
    let table = hpcctl(&["fleet", "match", &many, "--state", &state]).stdout;
    assert!(table.contains("runs on    1: n1\n"), "{table}");
    assert!(table.contains("fix: (admin) usermod"), "{table}");

    // A merge that no node answered leaves the last one as it is.
    assert_eq!(
        hpcctl(&["fleet", "merge", "/dev/null", "--state", &state]).code,
        3
    );
    assert_eq!(sets(&matching(&plain).json()), ["n[1-2]", "n3", "n4"]);
    // All run it; one did not report; the image is not there.
    fs::write(&lines, &text[0]).unwrap();
    merge(&[]);
    assert_eq!(matching(&many).code, 0);
    merge(&["--expected", "n[1-2]"]);
    assert_eq!(matching(&many).code, 3);
    let gone = hpcctl(&["fleet", "match", "tar:/nonexistent", "--state", &state]);
    assert_eq!(gone.code, 5, "{}", gone.stderr);
}

/// A line of a node on which podman runs every image whose ids are no higher than these.
fn with_range(name: &str, most: u32) -> String {
    let images = json!({"podman": {"image.range": {"run": "no", "because": ["image.range"],
        "up_to": {"uid": most, "gid": most}}}});
    let body = json!({"k": "doctor", "v": "0.1.0", "h": ["6.1.0", "x86_64"], "f": [], "w": [],
        "u": [], "b": {}, "r": {"podman": {"run": "yes"}}, "i": images, "cut": false,
        "t": "2026-11-25T02:00:00Z",
        "x": {"fix.podman:image.range": "(admin) grant 65536 subordinate ids to alice"}});
    sealed(name, &body)
}

#[test]
fn the_ids_of_an_image_are_held_against_the_range_of_each_node() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").display().to_string();
    let lines = dir.path().join("lines");
    // What has no runtime runs none.
    let bare = json!({"k": "doctor", "v": "0.1.0", "h": ["6.1.0", "x86_64"], "f": [], "w": [],
        "u": [], "b": {}, "r": {"builtin": {"run": "yes"}}, "i": {}, "cut": false,
        "t": "2026-11-25T02:00:00Z", "x": {}});
    let text = [
        with_range("n1", 10),
        with_range("n2", 65_536),
        sealed("n3", &bare),
    ];
    fs::write(&lines, text.concat()).unwrap();
    let merge = ["fleet", "merge", lines.to_str().unwrap(), "--state", &state];
    let merged = hpcctl(&merge);
    assert_eq!(merged.code, 1, "{}", merged.stdout);
    assert!(
        merged.stdout.contains(
            "1 node: containers do NOT run\n  n3\n  no runtime of containers is installed\n"
        ),
        "{}",
        merged.stdout
    );
    for (owner, expected) in [
        (0, ["n[1-2]", "n3", ""]),
        (10, ["n[1-2]", "n3", ""]),
        (42, ["n2", "n[1,3]", ""]),
    ] {
        let image = image_of(dir.path(), "image.tar", owner);
        let run = hpcctl(&["fleet", "match", &image, "--state", &state, "-o", "json"]);
        let report = run.json();
        validate("hpcctl.match-1.json", &report);
        assert_eq!(sets(&report), expected, "{owner}: {report}");
    }
    let image = image_of(dir.path(), "image.tar", 42);
    let table = hpcctl(&["fleet", "match", &image, "--state", &state]).stdout;
    for told in [
        "image.range: files belong to uids up to 42 and gids up to 42",
        "podman: no, because image.range\n    fix: (admin) grant 65536 subordinate ids to alice",
        "no runtime of containers is installed\n    fix: (admin) install podman, with which it runs on other nodes\n",
    ] {
        assert!(table.contains(told), "{told}: {table}");
    }
}

#[test]
fn an_image_for_another_machine_runs_on_none() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").display().to_string();
    let lines = dir.path().join("lines");
    let text = ["x86_64", "aarch64"].map(|machine| node(machine, machine, "yes", "yes"));
    fs::write(&lines, text.concat()).unwrap();
    hpcctl(&["fleet", "merge", lines.to_str().unwrap(), "--state", &state]);
    let layout = dir.path().join("layout");
    handmade::layout(&layout, "arm64", &json!({}), None);
    let image = format!("oci:{}", layout.display());
    let run = hpcctl(&["fleet", "match", &image, "--state", &state, "-o", "json"]);
    let report = run.json();
    assert_eq!(sets(&report), ["aarch64", "x86_64", ""], "{report}");
    let groups = report["result"]["groups"].as_array().unwrap();
    let why = groups[1]["why"].as_str().unwrap();
    assert!(why.contains("linux/arm64"), "{why}");
}

#[test]
fn what_is_no_fleet_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let image = image_of(dir.path(), "plain.tar", 0);
    let file = dir.path().join("fleet.json");
    let set = json!({"schema": "hpcctl.fleet/1", "kind": "fleet", "tool": {"name": "", "version": ""},
        "host": {"name": "", "kernel": "", "arch": ""}, "started_at": "", "finished_at": "",
        "unknowns": [], "result": {}});
    for text in [
        "",
        "{}",
        "[1",
        r#"{"schema":"hpcctl.fleet/9"}"#,
        &set.to_string(),
    ] {
        fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let run = hpcctl(&["fleet", "match", &image, "--from", file]);
        assert_eq!(run.code, 5, "{text}: {}", run.stderr);
    }
}

#[test]
fn lines_of_an_earlier_version_tell_nothing_of_images() {
    let dir = tempfile::tempdir().unwrap();
    let image = image_of(dir.path(), "plain.tar", 0);
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/fleet-1.json");
    let run = hpcctl(&["fleet", "match", &image, "--from", sample]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let none = "no runtime of containers is installed";
    assert!(run.stdout.contains(none), "{}", run.stdout);
    let mut fleet: Value = fs::read_to_string(sample).unwrap().parse().unwrap();
    fleet["result"]["groups"][0]["runtimes"]["podman"] = json!({"run": "yes"});
    let file = dir.path().join("fleet.json");
    fs::write(&file, fleet.to_string()).unwrap();
    let run = hpcctl(&["fleet", "match", &image, "--from", file.to_str().unwrap()]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stdout.contains("earlier hpcctl"), "{}", run.stdout);
}

/// The verdicts on `run` by runtime in a report of doctor, of runtimes of containers.
fn of_doctor(report: &Value) -> Vec<(String, String)> {
    let runtimes = report["result"]["runtimes"].as_array().unwrap();
    let installed = |of: &&Value| of["installed"] == true && of["runtime"] != "builtin";
    let all = runtimes.iter().filter(installed);
    let run = |of: &Value| {
        let operations = of["operations"].as_array().unwrap();
        let run = operations.iter().find(|one| one["op"] == "run").unwrap();
        (text(&of["runtime"]), text(&run["verdict"]))
    };
    let mut verdicts: Vec<(String, String)> = all.map(run).collect();
    verdicts.sort();
    verdicts
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The same of a match on one node.
fn of_match(report: &Value) -> Vec<(String, String)> {
    let runtimes = report["result"]["groups"][0]["runtimes"]
        .as_array()
        .unwrap();
    let verdict = |of: &Value| (text(&of["runtime"]), text(&of["run"]));
    let mut verdicts: Vec<(String, String)> = runtimes.iter().map(verdict).collect();
    verdicts.sort();
    verdicts
}

#[test]
fn a_match_says_of_this_machine_what_doctor_says() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").display().to_string();
    hpcctl(&[
        "fleet", "run", "--engine", "local", "--state", &state, "--", "doctor", "--fast",
    ]);
    for owner in [0, 42] {
        let image = image_of(dir.path(), "image.tar", owner);
        let found = hpcctl(&["fleet", "match", &image, "--state", &state, "-o", "json"]).json();
        let doctor = hpcctl(&["doctor", "--fast", "--image", &image, "-o", "json"]).json();
        assert_eq!(of_match(&found), of_doctor(&doctor), "{owner}: {found}");
    }
}

/// A directory for state that every user may write to.
fn open_state(name: &str) -> PathBuf {
    let state = shared().join(name);
    fs::create_dir_all(&state).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&state, mode).unwrap();
    state
}

#[test]
fn a_match_agrees_with_doctor_and_with_podman() {
    if !real("a_match_agrees_with_doctor_and_with_podman") {
        return;
    }
    let owners = format!("docker-archive:{}", image_of_two_owners());
    for (name, expected) in [("healthy", "yes"), ("no subordinate ids", "no")] {
        let environment = ENVIRONMENTS.iter().find(|row| row.name == name).unwrap();
        let state = open_state(&format!("match-{expected}"))
            .display()
            .to_string();
        let fleet = ["fleet", "run", "--engine", "local", "--state", &state, "--"];
        environment.hpcctl(RUNC, &[&fleet[..], &["doctor"]].concat());
        let args = ["fleet", "match", &owners, "--state", &state, "-o", "json"];
        let found = environment.hpcctl(RUNC, &args).json();
        let doctor = ["doctor", "--image", &owners, "-o", "json"];
        let doctor = environment.hpcctl(RUNC, &doctor).json();
        assert_eq!(of_match(&found), of_doctor(&doctor), "{name}: {found}");
        // What podman itself does with this image in both is tried by `given_image`.
        let podman = of_match(&found);
        let podman = podman.iter().find(|(runtime, _)| runtime == "podman");
        assert_eq!(podman.unwrap().1, expected, "{name}: {found}");
    }
}

#[test]
fn nodes_of_a_real_slurm_are_matched() {
    if !real("nodes_of_a_real_slurm_are_matched") {
        return;
    }
    let archive = format!("tar:{}.tar", image());
    let program = ENVIRONMENTS[0].hpcctl("", &["--version"]);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let script = "\
        $0 fleet run --engine srun --nodes n[1-8] --expected n[1-9] --deadline 90 --state $HOME \
            -- doctor --fast --runtime builtin >/dev/null
        $0 fleet match $1 --state $HOME -o json";
    let program = shared().join("hpcctl").display().to_string();
    let argv = ["sh", "-c", script, &program, &archive];
    let run: Run = ENVIRONMENTS[0].run(&eight(""), &argv);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    assert_eq!(
        sets(&report),
        ["n[1-2,4-5,7-8]", "n[3,6]", "n9"],
        "{report}"
    );
    let groups = report["result"]["groups"].as_array().unwrap();
    let third = groups.iter().find(|group| group["nodes"]["set"] == "n3");
    let builtin = &third.unwrap_or_else(|| panic!("{report}"))["runtimes"][0];
    assert!(builtin["because"][0].as_str().unwrap().starts_with("ns."));
    assert!(builtin["fix"].is_string(), "{report}");
}
