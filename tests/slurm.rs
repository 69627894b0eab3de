//! Slurm's own containers, and jobs that doctor writes, in a real Slurm of one node.

use serde_json::Value;

use crate::cli::Run;
use crate::environments::{ENVIRONMENTS, Environment};
use crate::real::real;
use crate::reality::{image, operation};

const SLURM: &str = include_str!("environments/slurm");

/// The configuration for runc that Slurm 22.05 takes, by its documentation.
const RUNC: &str = r#"RunTimeQuery="runc --rootless=true --root=/tmp/ state %n.%u.%j.%s.%t"
RunTimeKill="runc --rootless=true --root=/tmp/ kill -a %n.%u.%j.%s.%t"
RunTimeDelete="runc --rootless=true --root=/tmp/ delete --force %n.%u.%j.%s.%t"
RunTimeRun="runc --rootless=true --root=/tmp/ run %n.%u.%j.%s.%t -b %b""#;

/// Keys that came later: 22.05 fails every step with them.
const LATER: &str = r#"EnvExclude="^SLURM_CONF="
RunTimeEnvExclude="^SLURM_CONF=""#;

/// An OCI bundle of the image, made by the user, and a step in it that says where it is.
const STEP: &str = r#"mkdir $HOME/b && cd $HOME/b && cp -r $0 rootfs && touch rootfs/inside && runc spec --rootless
sed -i 's/"terminal": true/"terminal": false/; /rlimits/,/\],/d' config.json
srun --container=$HOME/b /bin/sh -c 'test -e /inside && echo inside || echo outside'"#;

fn healthy() -> &'static Environment {
    &ENVIRONMENTS[0]
}

/// The set-up with this oci.conf, and what the admin does then.
fn setup(oci: &str, then: &str) -> String {
    format!("oci='{oci}'\n{SLURM}\n{then}")
}

/// What doctor says of Slurm's containers, and what becomes of a step.
fn judged_and_tried(oci: &str, then: &str) -> (Value, Run) {
    let setup = setup(oci, then);
    let report = healthy().hpcctl(&setup, &["doctor", "-o", "json"]).json();
    let verdict = operation(&report, "slurm-container", "run").clone();
    let step = healthy().run(&setup, &["sh", "-c", STEP, &image()]);
    (verdict, step)
}

#[test]
fn containers_of_slurm_run_where_doctor_says_so() {
    if !real("containers_of_slurm_run_where_doctor_says_so") {
        return;
    }
    let (verdict, step) = judged_and_tried(RUNC, "");
    assert_eq!(verdict["verdict"], "yes", "{verdict}");
    assert_eq!(
        (step.code, step.stdout.as_str()),
        (0, "inside\n"),
        "{}",
        step.stderr
    );
}

#[test]
fn a_container_of_slurm_that_silently_runs_on_the_host_is_told() {
    if !real("a_container_of_slurm_that_silently_runs_on_the_host_is_told") {
        return;
    }
    let (verdict, step) = judged_and_tried("", "");
    assert_eq!(
        (step.code, step.stdout.as_str()),
        (0, "outside\n"),
        "{}",
        step.stderr
    );
    assert_eq!(verdict["verdict"], "no", "{verdict}");
    assert!(
        verdict["because"]
            .to_string()
            .contains("sch.slurm.container"),
        "{verdict}"
    );
}

#[test]
fn keys_that_this_slurm_does_not_know_are_told_and_removed() {
    if !real("keys_that_this_slurm_does_not_know_are_told_and_removed") {
        return;
    }
    let oci = format!("{LATER}\n{RUNC}");
    let (verdict, step) = judged_and_tried(&oci, "");
    assert_eq!(verdict["verdict"], "no", "{verdict}");
    assert_eq!(verdict["because"], serde_json::json!(["sch.slurm.ociconf"]));
    assert_ne!(step.code, 0, "{}", step.stdout);
    let repair = verdict["fix"][0][0]["command"].as_str().unwrap();
    let (verdict, step) = judged_and_tried(&oci, repair);
    assert_eq!(verdict["verdict"], "yes", "{verdict}");
    assert_eq!(step.stdout, "inside\n", "{repair}: {}", step.stderr);
}

#[test]
fn a_job_that_doctor_writes_runs() {
    if !real("a_job_that_doctor_writes_runs") {
        return;
    }
    let program = healthy().hpcctl("", &["--version"]);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let path = crate::environments::shared().join("hpcctl");
    let script =
        "cd $HOME && $1 doctor --emit-job slurm --image $0 | sed 's/-- COMMAND/-- true/' >job
        sbatch --wait -o out job >/dev/null; status=$?; cat out >&2; exit $status";
    let argv = ["sh", "-c", script, &image(), path.to_str().unwrap()];
    let run = healthy().run(&setup("", ""), &argv);
    assert_eq!(run.code, 0, "{}", run.stderr);
}
