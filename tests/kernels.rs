//! Other kernels, booted in virtual machines: what doctor says of each, and whether it comes true.
//!
//! tests/kernels/init is what runs in them; tests/run fetches the kernels.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cli::Run;
use crate::environments::shared;
use crate::real::real;
use crate::reality::operation;

/// How long a machine may take before it is ended (s); it takes about 13.
const HANG: &str = "120";

/// A release, major and minor.
type Release = (u64, u64);

/// Checks whose outcome the kernel decides: the state, the check, and the first release with which
/// it passes; none for never.
const EXPECTED: &[(&str, &str, Option<Release>)] = &[
    ("bare", "ovl.tmpfs", None),
    ("bare", "net.tun", None),
    ("rootfs", "ns.user", Some((3, 8))),
    ("rootfs", "ns.pivot", Some((7, 2))),
    ("rootfs", "ovl.tmpfs", Some((5, 11))),
    ("rootfs", "ovl.tmpfs.xattr", Some((6, 6))),
    ("rootfs", "ovl.opaque", Some((6, 6))),
    ("rootfs", "lsm.landlock", Some((5, 13))),
    ("rootfs", "fuse.userns", Some((4, 18))),
    ("rootfs", "net.tun", Some((3, 8))),
    ("limited", "ns.user", None),
    ("restricted", "ns.user", None),
    ("tmpfs", "ns.pivot", Some((3, 8))),
    ("tmpfs", "ovl.tmpfs", Some((5, 11))),
];

/// Boots a kernel and gives what its console said.
fn boot(kernel: &Path) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels");
    let name = kernel.file_name().unwrap().to_string_lossy().into_owned();
    let initrd = shared().join(format!("{name}.initrd"));
    let pack = Run::of(
        Command::new("sh")
            .args(["-c", "\"$0\" \"$1\" \"$2\" >\"$3\""])
            .arg(tests.join("initrd"))
            .args([
                env!("CARGO_BIN_EXE_hpcctl").as_ref(),
                kernel.join("modules").as_path(),
            ])
            .arg(&initrd),
    );
    assert_eq!(pack.code, 0, "{}", pack.stderr);
    let booted = Run::of(
        Command::new("timeout")
            .args([
                HANG,
                "qemu-system-x86_64",
                "-accel",
                "tcg",
                "-cpu",
                "max",
                "-m",
                "768",
            ])
            .args([
                "-nodefaults",
                "-nographic",
                "-serial",
                "stdio",
                "-no-reboot",
            ])
            .args(["-append", "console=ttyS0 quiet panic=-1", "-kernel"])
            .arg(kernel.join("vmlinuz"))
            .arg("-initrd")
            .arg(&initrd),
    );
    let said = booted.stdout.replace('\r', "");
    assert!(
        said.contains("== done"),
        "{name}: {said}\n{}",
        booted.stderr
    );
    said
}

/// The reports between the markers, by state.
fn reports(said: &str) -> Vec<(String, Value)> {
    let parts = said.split("== report ").skip(1);
    let report = |part: &str| {
        let (state, rest) = part.split_once('\n').unwrap();
        let (report, _) = rest.split_once("\n== end").unwrap();
        let parsed = serde_json::from_str(report);
        let report = parsed.unwrap_or_else(|error| panic!("{state}: {error}: {report}"));
        (state.to_owned(), report)
    };
    parts.map(report).collect()
}

/// The release of a report's kernel.
fn release(report: &Value) -> Release {
    let text = report["host"]["kernel"].as_str().unwrap();
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// Whether an operation was carried out in a state; an overlay is one of a container that runs.
fn works(said: &str, state: &str, op: &str) -> bool {
    said.contains(&format!("== tried {state} {op} 0\n"))
}

/// What is wrong with the reports of one kernel, a line each.
fn wrong(said: &str) -> String {
    let mut wrong = String::new();
    for (state, report) in reports(said) {
        let kernel = release(&report);
        for (_, id, since) in EXPECTED.iter().filter(|(of, ..)| *of == state) {
            let checks = report["result"]["checks"].as_array().unwrap();
            let check = checks.iter().find(|check| check["id"] == *id).unwrap();
            let expected = since.is_some_and(|since| kernel >= since);
            if (check["status"] == "pass") != expected {
                writeln!(
                    wrong,
                    "{kernel:?} {state}: {id} should pass: {expected}: {check}"
                )
                .unwrap();
            }
        }
        for op in ["run", "overlay"] {
            let verdict = operation(&report, "builtin", op)["verdict"].clone();
            let works = works(said, &state, "run") && works(said, &state, op);
            if (verdict == "yes" || verdict == "degraded") != works {
                writeln!(
                    wrong,
                    "{kernel:?} {state}: {op} is {verdict}, and works: {works}"
                )
                .unwrap();
            }
        }
    }
    wrong
}

#[test]
fn verdicts_hold_on_other_kernels() {
    if !real("verdicts_hold_on_other_kernels") {
        return;
    }
    let dir = PathBuf::from(std::env::var_os("HPCCTL_KERNELS").expect("tests/run sets it"));
    let mut kernels: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    kernels.sort();
    assert!(!kernels.is_empty());
    for kernel in kernels {
        let said = boot(&kernel);
        let states = reports(&said);
        let (_, report) = &states[0];
        println!(
            "{}: {} states judged",
            report["host"]["kernel"],
            states.len()
        );
        let wrong = wrong(&said);
        assert!(wrong.is_empty(), "{wrong}");
    }
}
