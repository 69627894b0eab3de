//! `doctor why` on commands that fail for reasons of their own, against the real runtimes: no
//! fault of the node is named.

use std::fmt::Write as _;

use crate::environments::{ENVIRONMENTS, Environment, RUNC, has_apptainer, shared};
use crate::real::real;
use crate::reality::image;

const NO_IDS: &str = ": >/etc/subuid; : >/etc/subgid";
const DEVICES: &str = "chmod 0600 /dev/fuse /dev/net/tun";

/// A command that fails, and what is to be said of it; `{image}` is a directory.
struct Case {
    /// More shell text for the environment.
    more: &'static [&'static str],
    command: &'static str,
    outcome: &'static str,
    /// Words of what it says, or of the call that matters.
    says: &'static str,
    /// The causes.
    causes: &'static [&'static str],
}

const fn case(
    more: &'static [&'static str],
    command: &'static str,
    outcome: &'static str,
    says: &'static str,
) -> Case {
    Case {
        more,
        command,
        outcome,
        says,
        causes: &[],
    }
}

/// With podman and Charliecloud, of whatever release.
const CASES: &[Case] = &[
    case(
        &[RUNC],
        "podman run --rm localhost/bb sh -c 'exit 7'",
        "program",
        "status 7",
    ),
    case(
        &[RUNC],
        "podman run --rm localhost/bb sh -c 'exit 125'",
        "program",
        "status 125",
    ),
    case(
        &[RUNC],
        "podman run --rm localhost/bb sh -c nosuch",
        "program",
        "127",
    ),
    case(
        &[RUNC],
        "podman run --rm localhost/bb nosuch",
        "no-program",
        "nosuch",
    ),
    case(
        &[RUNC],
        "podman run --rm localhost/bb /etc/passwd",
        "no-program",
        "/etc/passwd",
    ),
    case(
        &[RUNC],
        "podman run --rm --pull=never localhost/nothere true",
        "no-image",
        "localhost/nothere",
    ),
    case(
        &[RUNC],
        "podman run --rm localhost/nothere true",
        "no-image",
        "localhost/nothere",
    ),
    case(&[RUNC], "podman run --frob localhost/bb true", "usage", ""),
    case(&[RUNC], "podman frob", "usage", ""),
    case(
        &[RUNC],
        "podman run --rm -v /nosuch:/mnt localhost/bb true",
        "missing",
        "",
    ),
    case(&[RUNC], "podman start nosuch", "missing", ""),
    case(
        &[DEVICES],
        "podman --runtime runc run --network=host --rm localhost/bb sh -c 'exit 1'",
        "program",
        "status 1",
    ),
    case(
        &[DEVICES],
        "podman --runtime runc run --network=host --rm localhost/bb nosuch",
        "no-program",
        "nosuch",
    ),
    case(
        &[NO_IDS],
        "podman --runtime runc run --network=host --rm localhost/bb sh -c 'exit 3'",
        "program",
        "status 3",
    ),
    Case {
        causes: &["uid.subid.file"],
        ..case(
            &[NO_IDS],
            "podman --runtime runc run --network=host --rm localhost/bb busybox chown 12:34 /bin",
            "program",
            "/bin, 12",
        )
    },
    Case {
        causes: &["net.tun"],
        ..case(
            &[DEVICES, RUNC],
            "podman run --rm localhost/bb true",
            "node",
            "/dev/net/tun",
        )
    },
    case(
        &[],
        "ch-run {image} -- sh -c 'exit 7'",
        "program",
        "status 7",
    ),
    case(&[], "ch-run {image} -- nosuch", "no-program", "nosuch"),
    case(
        &[],
        "ch-run {image} -- /etc/passwd",
        "no-program",
        "/etc/passwd",
    ),
    case(&[], "ch-run {image}.none -- true", "no-image", ".none"),
    case(&[], "ch-run --frob {image} -- true", "usage", ""),
    case(&[], "ch-run -b /nosuch:/mnt {image} -- true", "missing", ""),
    case(
        &[],
        "ch-run {image} -- busybox touch /usr/zzz",
        "program",
        "openat(/usr/zzz)",
    ),
    Case {
        causes: &["fuse.open", "fuse.userns"],
        ..case(
            &[DEVICES],
            "ch-run {image}.sqfs -- true",
            "node",
            "/dev/fuse",
        )
    },
];

/// With crun, on a node that it takes.
const WITH_CRUN: &[Case] = &[
    case(
        &[],
        "podman run --rm localhost/bb sh -c 'exit 7'",
        "program",
        "status 7",
    ),
    case(
        &[],
        "podman run --rm localhost/bb nosuch",
        "no-program",
        "nosuch",
    ),
];

const ISOLATED: &[Case] = &[Case {
    causes: &["uid.subid.file"],
    ..case(
        &[NO_IDS],
        "podman build --isolation=chroot {home}/c",
        "node",
        "setgroups",
    )
}];

const APPTAINER: &[Case] = &[
    case(
        &[],
        "apptainer exec {image} sh -c 'exit 7'",
        "program",
        "status 7",
    ),
    case(&[], "apptainer exec {image} nosuch", "no-program", "nosuch"),
    case(&[], "apptainer exec {image}.none true", "no-image", ".none"),
];

/// Runs each case in an environment: a line each, and how many were told wrongly.
fn tell(environment: &Environment, cases: &[Case]) -> (String, usize) {
    let program = environment.hpcctl("", &["--version"]);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let path = shared().join("hpcctl");
    let (mut told, mut wrong) = (String::new(), 0);
    for case in cases {
        let command = case
            .command
            .replace("{image}", &image())
            .replace("{home}", "$HOME");
        let first = match command.starts_with("podman") {
            true => format!(
                "podman import -q {}.tar bb >/dev/null; mkdir $HOME/c; printf 'FROM localhost/bb\\nRUN true\\n' >$HOME/c/Containerfile; ",
                image()
            ),
            false => String::new(),
        };
        let script = format!("{first}\"$0\" doctor why -o json -- {command}");
        let run = environment.run(
            &case.more.join("\n"),
            &["bash", "-c", &script, path.to_str().unwrap()],
        );
        let result = run.json()["result"].clone();
        let said = format!(
            "{} {} {}",
            result["says"], result["call"]["call"], result["seen"]
        );
        let causes: Vec<&str> = result["causes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cause| cause["check"].as_str().unwrap())
            .collect();
        let right = result["outcome"] == case.outcome
            && said.contains(case.says)
            && causes == case.causes
            && run.code == 1;
        wrong += usize::from(!right);
        let word = if right { "right" } else { "WRONG" };
        writeln!(
            told,
            "{word} {:?} {}: {} {said} causes {causes:?}, wanted {} {:?}",
            environment.distribution, case.command, result["outcome"], case.outcome, case.causes
        )
        .unwrap();
    }
    (told, wrong)
}

fn check(runs: &[(Environment, &[Case])]) -> String {
    let (mut told, mut wrong) = (String::new(), 0);
    for (environment, cases) in runs {
        let (lines, missed) = tell(environment, cases);
        told += &lines;
        wrong += missed;
    }
    assert_eq!(wrong, 0, "told wrongly:\n{told}");
    told
}

fn environment(name: &str) -> Environment {
    *ENVIRONMENTS.iter().find(|row| row.name == name).unwrap()
}

#[test]
fn why_tells_what_is_no_fault_of_the_node() {
    if !real("why_tells_what_is_no_fault_of_the_node") {
        return;
    }
    let told = check(&[
        (environment("healthy"), CASES),
        (environment("cgroup v2 alone"), WITH_CRUN),
        (environment("healthy"), ISOLATED),
    ]);
    println!("{told}");
}

#[test]
fn why_tells_what_is_no_fault_of_the_node_of_newer_runtimes() {
    if !real("why_tells_what_is_no_fault_of_the_node_of_newer_runtimes") {
        return;
    }
    let newer = environment("healthy").newer();
    let apptainer = if has_apptainer() { APPTAINER } else { &[] };
    let told = check(&[(newer, CASES), (newer, apptainer)]);
    println!("{told}");
}
