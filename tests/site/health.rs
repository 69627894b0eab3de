//! The health checks of NHC and of Slurm: what they make of a node, and what they leave alone.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::site;
use crate::cli::{Run, hpcctl, script};
use crate::real::real;

/// What stands in a shell script for the others: a hpcctl that answers `doctor` so.
fn answering(dir: &Path, status: i32, line: &str) -> PathBuf {
    let program = dir.join("hpcctl");
    let text = format!("#!/bin/sh\ncat <<'END'\n{line}\nEND\nexit {status}\n");
    script(&program, &text);
    program
}

/// What NHC 1.4.3 gives its checks, as far as this one uses it: `die` hands the reason to a shell.
const NHC: &str = r#"
die() { shift; eval "echo OFFLINE" "'$*'"; }
log() { echo "LOG $*"; }
. "$0"
check_hpcctl "$@"
echo "$?"
"#;

/// What runs the check of NHC with this program as hpcctl.
fn nhc(program: impl AsRef<OsStr>) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["-c", NHC]).arg(site("hpcctl.nhc"));
    bash.env("HPCCTL", program);
    bash
}

#[test]
fn the_check_of_nhc_tells_why_and_marks_nothing_that_is_not_known() {
    let dir = tempfile::tempdir().unwrap();
    let check = |status, line: &str| {
        let program = answering(dir.path(), status, line);
        Run::of(&mut nhc(program)).stdout
    };
    assert_eq!(check(0, "ok: containers run here"), "0\n");
    let hostile = "ns.user: it's 0'; touch /nonexistent/x; echo '$(id)";
    assert_eq!(
        check(1, hostile),
        "OFFLINE hpcctl: ns.user: its 0; touch /nonexistent/x; echo $(id)\n1\n"
    );
    // A status of something else is no finding.
    assert_eq!(check(1, ""), "LOG hpcctl: not known (1): \n0\n");
    assert_eq!(check(0, ""), "LOG hpcctl: not known (0): \n0\n");
    assert_eq!(
        check(3, "x: not known"),
        "LOG hpcctl: not known (3): x: not known\n0\n"
    );
    // An error of the command line, whose hints come after it.
    assert_eq!(
        check(
            2,
            "error: unexpected argument '--x'\n\nFor more information, try '--help'."
        ),
        "LOG hpcctl: not known (2): error: unexpected argument --x\n0\n"
    );
    // What doctor itself says fits.
    let run = Run::of(nhc(env!("CARGO_BIN_EXE_hpcctl")).args(["--check", "ns.user"]));
    let doctor = hpcctl(&["doctor", "--fast", "--check", "ns.user"]).code;
    let offline = run.stdout.starts_with("OFFLINE hpcctl: ns.user: ");
    assert_eq!(offline, doctor == 1, "{}{}", run.stdout, run.stderr);
}

/// A directory that does not answer is no fault of the node.
#[test]
fn the_check_of_nhc_marks_nothing_where_the_user_is_not_known() {
    let dir = tempfile::tempdir().unwrap();
    let program = answering(dir.path(), 1, "ns.user: podman cannot run: x");
    let told = Run::of(nhc(program).env("HPCCTL_AS", "nosuch")).stdout;
    assert!(
        told.starts_with("LOG hpcctl: not known: HPCCTL_AS: id: "),
        "{told}"
    );
    assert!(told.ends_with("\n0\n"), "{told}");
}

/// What the check of NHC says of a node that its manager tells of so.
fn kept(
    dir: &Path,
    manager: &str,
    told: &str,
    program: &Path,
    variables: &[(&str, &str)],
) -> String {
    for client in ["sinfo", "pbsnodes", "bhosts"] {
        let text = format!("#!/bin/sh\ncat <<'END'\n{told}\nEND\n");
        script(&dir.join(client), &text);
    }
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap());
    let mut check = nhc(program);
    check.env("PATH", path).env("NHC_RM", manager);
    let told = Run::of(check.envs(variables.iter().copied())).stdout;
    let rest = told.lines().filter(|line| !line.starts_with("LOG "));
    rest.map(|line| format!("{line}\n")).collect()
}

/// What is not known leaves a node as it is: NHC puts back what passes.
#[test]
fn the_check_of_nhc_keeps_offline_what_it_has_marked_until_it_is_known_to_work() {
    let dir = tempfile::tempdir().unwrap();
    let ours = "OFFLINE hpcctl: ns.user: its 0\n1\n";
    let check = |rm: &str, told: &str, program: &Path, variables: &[(&str, &str)]| {
        kept(dir.path(), rm, told, program, variables)
    };
    let gone = Path::new("/nonexistent/hpcctl");
    let closed = "HOST  n1\nSTATUS  CPUF\nclosed_Adm  1.00\n\n ADMIN CONTROL COMMENT: \"";
    let closed = |reason: &str| format!("{closed}{reason}\"\n");
    for (rm, told, expected) in [
        ("slurm", "drain NHC: hpcctl: ns.user: it's 0", ours),
        ("slurm", "drng* NHC: hpcctl: ns.user: it's 0\ndrng* x", ours),
        (
            "pbs",
            "n1   down,offline   NHC: hpcctl: ns.user: it's 0",
            ours,
        ),
        ("lsf", &closed("NHC: hpcctl: ns.user: it's 0"), ours),
        // It is in use, or another has marked it, or nobody knows.
        ("slurm", "idle NHC: hpcctl: ns.user: it's 0", "0\n"),
        ("slurm", "drain NHC: disk", "0\n"),
        ("slurm", "drain hpcctl: of Slurm's own check", "0\n"),
        ("slurm", "drain none", "0\n"),
        ("slurm", "", "0\n"),
        ("pbs", "n1   free", "0\n"),
        ("pbs", "n1   offline   disk", "0\n"),
        ("lsf", &closed("NHC: disk"), "0\n"),
        ("sge", "drain NHC: hpcctl: ns.user: it's 0", "0\n"),
        ("", "drain NHC: hpcctl: ns.user: it's 0", "0\n"),
    ] {
        assert_eq!(check(rm, told, gone, &[]), expected, "{rm}: {told}");
    }
    // Whatever it is that is not known.
    let told = "drain NHC: hpcctl: ns.user: it's 0";
    for (status, line) in [
        (2, "error: unexpected argument '--x'"),
        (3, "x: not known"),
        (1, ""),
        (124, ""),
    ] {
        let program = answering(dir.path(), status, line);
        assert_eq!(check("slurm", told, &program, &[]), ours, "{status}");
    }
    let good = answering(dir.path(), 0, "ok: podman run");
    let nosuch = [("HPCCTL_AS", "nosuch")];
    assert_eq!(check("slurm", told, &good, &nosuch), ours);
    // What works is put back, what does not has its own reason.
    assert_eq!(check("slurm", told, &good, &[]), "0\n");
    let bad = answering(dir.path(), 1, "fuse.open: podman cannot run: x");
    let other = "OFFLINE hpcctl: fuse.open: podman cannot run: x\n1\n";
    assert_eq!(check("slurm", told, &bad, &[]), other);
}

/// What the check of Slurm does to a node that sinfo(1) tells of so, where doctor ends so.
fn drained(
    dir: &Path,
    doctor: (i32, &str),
    told: &str,
    variables: &[(&str, &str)],
) -> (i32, String) {
    let acts = dir.join("acts");
    let act = format!("#!/bin/sh\necho \"$SLURM_CONF $*\" >{}\n", acts.display());
    script(&dir.join("scontrol"), &act);
    script(
        &dir.join("sinfo"),
        &format!("#!/bin/sh\nprintf '%s' '{told}'\n"),
    );
    let mut check = Command::new(site("slurm-health-check"));
    check.env_clear().env("SLURMD_NODENAME", "n1");
    check.env("PATH", format!("{}:/usr/bin:/bin", dir.display()));
    check.env("HPCCTL", answering(dir, doctor.0, doctor.1));
    let run = Run::of(
        check
            .env("SLURM_CONF", "/conf")
            .envs(variables.iter().copied()),
    );
    let did = fs::read_to_string(&acts).unwrap_or_default();
    fs::remove_file(&acts).ok();
    (run.code, did)
}

#[test]
fn the_check_of_slurm_touches_what_is_its_own_and_known() {
    let dir = tempfile::tempdir().unwrap();
    let did = |doctor, told: &str| drained(dir.path(), doctor, told, &[]);
    let (bad, good) = ((1, "ns.user: podman cannot run: x"), (0, "ok: podman run"));
    let drain =
        "/conf update nodename=n1 state=drain reason=hpcctl: ns.user: podman cannot run: x\n";
    assert_eq!(did(bad, "idle|none"), (1, drain.into()));
    assert_eq!(did(bad, "idle|hpcctl: y"), (1, drain.into()));
    let resume = "/conf update nodename=n1 state=resume\n";
    assert_eq!(did(good, "drained*|hpcctl: ns.user: x"), (0, resume.into()));
    for (doctor, told) in [
        (bad, "drained|disk"),
        (bad, "down|Not responding"),
        (bad, "drained|hpcctl: ns.user: x"),
        (good, "drained|disk"),
        (good, "idle|none"),
    ] {
        assert_eq!(did(doctor, told), (doctor.0, String::new()), "{told}");
    }
    // Neither a silent sinfo, nor a silent program, nor one that is ended says anything.
    for (doctor, told) in [
        (bad, ""),
        (bad, "idle|"),
        ((1, ""), "idle|none"),
        ((0, ""), "drained|hpcctl: ns.user: x"),
        ((2, "error"), "idle|none"),
        ((3, "x: not known"), "idle|none"),
        ((124, "ns.user: x"), "idle|none"),
    ] {
        assert_eq!(did(doctor, told), (3, String::new()), "{doctor:?} {told}");
    }
    let nosuch = drained(dir.path(), bad, "idle|none", &[("HPCCTL_AS", "nosuch")]);
    assert_eq!(nosuch, (3, String::new()));
}

/// Root asks as the user that is named, in that user's environment.
#[test]
fn the_check_of_nhc_asks_as_an_ordinary_user() {
    if !real("the_check_of_nhc_asks_as_an_ordinary_user") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    Run::of(Command::new("chmod").arg("0755").arg(dir.path()));
    let program = dir.path().join("hpcctl");
    script(
        &program,
        "#!/bin/sh\necho \"$(id -un) $(id -gn) $USER\"\nexit 3\n",
    );
    let run = Run::of(nhc(program).env("HPCCTL_AS", "nobody"));
    assert_eq!(
        run.stdout,
        "LOG hpcctl: not known (3): nobody nogroup nobody\n0\n"
    );
}

/// The line of a health check is a reason exactly where the exit status is one.
#[test]
fn the_line_of_a_health_check_agrees_with_the_status() {
    for asked in [
        &["--op", "run"][..],
        &["--runtime", "builtin"],
        &["--runtime", "builtin", "--op", "gpu"],
        &["--runtime", "apptainer"],
        &["--runtime", "charliecloud", "--op", "pull", "--op", "build"],
        &["--check", "lim.nofile"],
        &["--check", "lim.nofile", "--fail-on", "warn"],
        &["--fail-on", "fail"],
        &["--fail-on", "warn"],
    ] {
        let run = hpcctl(&[&["doctor", "--fast", "-o", "nhc"], asked].concat());
        let is_fine = run.stdout.starts_with("ok: ");
        assert_eq!(
            is_fine,
            run.code == 0,
            "{asked:?} {}: {}",
            run.code,
            run.stdout
        );
        let is_open = run.stdout.contains("not known");
        assert_eq!(
            is_open,
            run.code == 3,
            "{asked:?} {}: {}",
            run.code,
            run.stdout
        );
    }
}
