//! Whether what doctor says comes true: causes in broken environments, and verdicts against
//! the real runtimes.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::Run;
use crate::environments::{ENVIRONMENTS, Environment, RUNC, has_apptainer, shared};
use crate::real::real;
use crate::schema::validate;

/// Five times what a slow run takes.
const HANG: Duration = Duration::from_secs(10);

/// What doctor reports in an environment.
pub fn doctor(environment: &Environment, more: &str) -> Value {
    let begun = Instant::now();
    let run = environment.hpcctl(more, &["doctor", "-o", "json"]);
    assert!(
        begun.elapsed() < HANG,
        "{}: took {:?}",
        environment.name,
        begun.elapsed()
    );
    assert!(
        [0, 1, 3].contains(&run.code),
        "{}: {}",
        environment.name,
        run.stderr
    );
    run.json()
}

fn healthy() -> &'static Environment {
    &ENVIRONMENTS[0]
}

#[test]
fn doctor_names_the_cause_in_each_environment() {
    if !real("doctor_names_the_cause_in_each_environment") {
        return;
    }
    let mut wrong = String::new();
    for environment in ENVIRONMENTS {
        let report = doctor(environment, "");
        validate("hpcctl.doctor-1.json", &report);
        let checks = report["result"]["checks"].as_array().unwrap();
        for (id, status, word) in environment.finds {
            let check = checks.iter().find(|check| check["id"] == *id).unwrap();
            let told = format!("{} {}", check["summary"], check["evidence"]);
            if check["status"] != *status || !told.contains(word) {
                writeln!(
                    wrong,
                    "{}: {id} should be {status} ({word}): {check}",
                    environment.name
                )
                .unwrap();
            }
            let remedied =
                check["remedy"]["user"].is_string() || check["remedy"]["admin"].is_string();
            if *status == "fail" && !remedied {
                writeln!(wrong, "{}: {id} names no remedy: {check}", environment.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A root file system with a shell and `true`, for every runtime: a directory, with .tar, .sqfs
/// and, made by the newer distribution, .sif beside it.
pub fn image() -> String {
    static IMAGE: OnceLock<String> = OnceLock::new();
    let image = IMAGE.get_or_init(|| {
        let root = shared().join("image");
        let script = "
            mkdir -p $0/bin $0/etc $0/proc $0/sys $0/dev $0/tmp $0/home $0/root $0/mnt $0/usr/bin $0/run
            cp $(command -v busybox) $0/bin/busybox && ln -s busybox $0/bin/true && ln -s busybox $0/bin/sh
            echo root:x:0:0::/root:/bin/sh >$0/etc/passwd && touch $0/etc/hosts $0/etc/resolv.conf $0/etc/group
            tar -C $0 -cf $0.tar . && mksquashfs $0 $0.sqfs -quiet -no-progress >/dev/null && chmod -R a+rX $0 $0.tar $0.sqfs";
        let made = Run::of(
            std::process::Command::new("sh")
                .args(["-euc", script])
                .arg(&root),
        );
        assert_eq!(made.code, 0, "{}", made.stderr);
        root.display().to_string()
    });
    image.clone()
}

/// Runs a container as a user would, with the runtime's defaults; `with` are more options.
fn container(environment: &Environment, runtime: &str, more: &str, with: &str) -> Run {
    let image = image();
    let script = match runtime {
        "podman" => format!(
            "podman import -q {image}.tar bb >/dev/null && podman {with} run --rm localhost/bb true"
        ),
        "charliecloud" => format!("ch-run {with} {image} -- /bin/true"),
        _ => "unshare --user --map-root-user --mount --pid --ipc --uts --fork --mount-proc true"
            .into(),
    };
    environment.run(more, &["sh", "-c", &script])
}

/// The report of one operation.
pub fn operation<'a>(report: &'a Value, runtime: &str, op: &str) -> &'a Value {
    let runtimes = report["result"]["runtimes"].as_array().unwrap();
    let runtime = runtimes
        .iter()
        .find(|row| row["runtime"] == runtime)
        .unwrap();
    runtime["operations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["op"] == op)
        .unwrap()
}

/// Whether a verdict and what really happened agree.
pub fn agree(verdict: &Value, run: &Run) -> bool {
    match verdict.as_str().unwrap() {
        "yes" | "degraded" => run.code == 0,
        "no" => run.code != 0,
        _ => false,
    }
}

#[test]
fn verdicts_on_run_come_true() {
    if !real("verdicts_on_run_come_true") {
        return;
    }
    let mut matrix = String::new();
    let mut disagreed = 0;
    for environment in ENVIRONMENTS {
        let report = doctor(environment, "");
        for runtime in ["builtin", "podman", "charliecloud"] {
            let verdict = operation(&report, runtime, "run");
            let run = container(environment, runtime, "", "");
            let agrees = agree(&verdict["verdict"], &run);
            disagreed += usize::from(!agrees);
            let last = run.stderr.lines().last().unwrap_or("");
            writeln!(
                matrix,
                "{} {:32} {runtime:13} verdict {:9} exit {:3} {} {last}",
                if agrees { "agree   " } else { "DISAGREE" },
                environment.name,
                verdict["verdict"],
                run.code,
                verdict["because"],
            )
            .unwrap();
        }
    }
    println!("{matrix}");
    assert_eq!(disagreed, 0, "verdicts that did not come true:\n{matrix}");
}

#[test]
fn fixes_work() {
    if !real("fixes_work") {
        return;
    }
    // Environment, runtime, the command that the cheapest fix must name, how it is applied.
    let repairs = [
        (
            "healthy",
            "podman",
            "podman --runtime runc",
            "",
            "--runtime runc",
        ),
        (
            "USER not set",
            "charliecloud",
            "export USER=",
            "inside=()",
            "",
        ),
        (
            "masked /proc",
            "podman",
            "umount /proc/interrupts",
            "umount /proc/interrupts",
            "--runtime runc",
        ),
        ("no_new_privs", "podman", "", "outside=()", "--runtime runc"),
        (
            "newuidmap not setuid",
            "podman",
            "/usr/bin/newuidmap",
            "chmod u+s /usr/bin/newuidmap",
            "--runtime runc",
        ),
    ];
    for (name, runtime, command, more, with) in repairs {
        let environment = ENVIRONMENTS
            .iter()
            .find(|environment| environment.name == name)
            .unwrap();
        let report = doctor(environment, "");
        let run = operation(&report, runtime, "run");
        assert_eq!(run["verdict"], "no", "{name}");
        assert_ne!(container(environment, runtime, "", "").code, 0, "{name}");
        assert!(
            run["fix"].to_string().contains(command),
            "{name}: {}",
            run["fix"]
        );
        let repaired = container(environment, runtime, more, with);
        assert_eq!(repaired.code, 0, "{name}: {}", repaired.stderr);
    }
}

/// Runs `doctor why` on the commands of these runtimes in an environment: a line each, and how
/// many causes were not named.
fn why(environment: &Environment, more: &str, runtimes: &[&str]) -> (String, usize) {
    let image = image();
    let program = healthy().hpcctl("", &["--version"]);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let path = shared().join("hpcctl");
    let (mut told, mut wrong) = (String::new(), 0);
    let report = doctor(environment, more);
    for runtime in runtimes {
        let command = match *runtime {
            "podman" => "podman run --rm localhost/bb true".to_owned(),
            "charliecloud" => format!("ch-run {image} -- /bin/true"),
            _ => format!("apptainer exec {image} /bin/true"),
        };
        let script = format!(
            "test {runtime} != podman || podman import -q {image}.tar bb >/dev/null; \"$0\" doctor why -o json -- {command}"
        );
        let verdict = operation(&report, runtime, "run");
        let run = environment.run(more, &["bash", "-c", &script, path.to_str().unwrap()]);
        let named = run.json()["result"]["causes"][0]["check"].clone();
        let right = match verdict["verdict"].as_str().unwrap() {
            "no" => verdict["because"].as_array().unwrap().contains(&named),
            _ => run.code == 0,
        };
        wrong += usize::from(!right);
        let word = if right { "right" } else { "WRONG" };
        writeln!(
            told,
            "{word} {:32} {runtime:13} {named} of {}",
            environment.name, verdict["because"]
        )
        .unwrap();
    }
    (told, wrong)
}

#[test]
fn why_names_the_planted_cause() {
    if !real("why_names_the_planted_cause") {
        return;
    }
    let (mut told, mut wrong) = (String::new(), 0);
    // With runc, so that podman breaks on what was planted and not on the machine's cgroups.
    for environment in ENVIRONMENTS {
        for more in ["", RUNC] {
            let (lines, missed) = why(environment, more, &["podman", "charliecloud"]);
            told += &lines;
            wrong += missed;
        }
    }
    println!("{told}");
    assert_eq!(wrong, 0, "causes that were not named:\n{told}");
}

#[test]
fn why_names_the_planted_cause_of_newer_runtimes() {
    if !real("why_names_the_planted_cause_of_newer_runtimes") {
        return;
    }
    let (mut told, mut wrong) = (String::new(), 0);
    for environment in ENVIRONMENTS {
        let runtimes = ["podman", "charliecloud", "apptainer"];
        let runtimes = &runtimes[..if has_apptainer() { 3 } else { 2 }];
        let (lines, missed) = why(&environment.newer(), RUNC, runtimes);
        told += &lines;
        wrong += missed;
    }
    println!("{told}");
    assert_eq!(wrong, 0, "causes that were not named:\n{told}");
}

#[test]
fn the_configuration_that_doctor_prints_works() {
    if !real("the_configuration_that_doctor_prints_works") {
        return;
    }
    let environment = healthy();
    let program = environment.hpcctl("", &["--version"]);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let path = shared().join("hpcctl");
    let image = image();
    let run = "podman import -q $1.tar bb >/dev/null && podman run --rm localhost/bb true";
    let without = environment.run("", &["sh", "-c", run, "sh", &image]);
    assert_ne!(without.code, 0, "podman runs without any configuration");
    let script = format!("$0 doctor --emit-config podman | sh && {run}");
    let with = environment.run("", &["sh", "-c", &script, path.to_str().unwrap(), &image]);
    assert_eq!(with.code, 0, "{}", with.stderr);
}

#[test]
fn a_recorded_node_is_judged_alike_elsewhere() {
    if !real("a_recorded_node_is_judged_alike_elsewhere") {
        return;
    }
    let dir = shared().join("recording");
    std::fs::create_dir_all(&dir).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&dir, mode).unwrap();
    let dir = dir.to_str().unwrap();
    for environment in ENVIRONMENTS.iter().filter(|found| found.user == "alice") {
        let here = environment
            .hpcctl("", &["doctor", "--record", dir, "-o", "json"])
            .json();
        let there = crate::cli::hpcctl(&["doctor", "--host-root", dir, "-o", "json"]).json();
        let outcome = |report: &Value| -> Vec<(String, String)> {
            let checks = report["result"]["checks"].as_array().unwrap();
            let words = checks
                .iter()
                .map(|check| (check["id"].to_string(), check["status"].to_string()));
            words.collect()
        };
        assert_eq!(outcome(&here), outcome(&there), "{}", environment.name);
        std::fs::remove_file(format!("{dir}/node.json")).unwrap();
    }
}

#[test]
fn doctor_leaves_nothing_behind() {
    if !real("doctor_leaves_nothing_behind") {
        return;
    }
    let look = "find /opt/tmp /opt/home /opt/run /tmp | sort; cat /proc/self/mountinfo; set -- /proc/[0-9]*; echo $#";
    let script = format!(
        "before=$({look}); \"$0\" doctor >/dev/null; after=$({look}); diff <(echo \"$before\") <(echo \"$after\")"
    );
    let program = healthy().hpcctl("", &["--version"]);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let path = shared().join("hpcctl");
    let run = healthy().run("", &["bash", "-c", &script, path.to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn doctor_is_quick() {
    if !real("doctor_is_quick") {
        return;
    }
    let script = "for i in 1 2 3 4 5; do a=$(date +%s%N); \"$0\" doctor >/dev/null; b=$(date +%s%N); echo $(((b-a)/1000000)); done | sort -n | sed -n 3p";
    doctor(healthy(), "");
    let path = shared().join("hpcctl");
    let run = healthy().run("", &["bash", "-c", script, path.to_str().unwrap()]);
    let median: u64 = run.stdout.trim().parse().unwrap();
    println!("doctor as an ordinary user: median of 5 runs {median} ms");
    assert!(u128::from(median) < HANG.as_millis(), "{median} ms");
}
