//! `doctor --image`: what an image needs beyond the node, tried with the real runtime.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::environments::{ENVIRONMENTS, Environment, RUNC, shared};
use crate::real::real;
use crate::reality::{agree, image, operation};
use crate::repairs::Attempt;

/// An image in which a file belongs to another than root, as a docker-archive.
pub fn image_of_two_owners() -> String {
    static ARCHIVE: OnceLock<String> = OnceLock::new();
    ARCHIVE.get_or_init(made_of_two_owners).clone()
}

fn made_of_two_owners() -> String {
    let plain = image();
    let archive = shared().join("owners.tar");
    let script = "
        cp -r $0 /tmp/tree && touch /tmp/tree/mail && chown 8:12 /tmp/tree/mail
        tar -C /tmp/tree -cf /tmp/tree.tar . && podman import -q /tmp/tree.tar owners
        podman save -q -o $1 localhost/owners:latest && chmod a+r $1";
    let root = Environment {
        user: "root",
        ..ENVIRONMENTS[0]
    };
    let made = root.run(
        "",
        &["sh", "-euc", script, &plain, archive.to_str().unwrap()],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    archive.display().to_string()
}

fn judged(environment: &Environment, archive: &str) -> Value {
    let reference = format!("docker-archive:{archive}");
    let args = ["doctor", "--image", &reference, "-o", "json"];
    environment.hpcctl(RUNC, &args).json()
}

#[test]
fn an_image_with_owners_needs_ids() {
    if !real("an_image_with_owners_needs_ids") {
        return;
    }
    let archive = image_of_two_owners();
    assert!(Path::new(&archive).exists());
    let script = "podman load -q -i $0 && podman run --rm localhost/owners:latest true";
    for (name, expected) in [("healthy", "yes"), ("no subordinate ids", "no")] {
        let environment = ENVIRONMENTS.iter().find(|row| row.name == name).unwrap();
        let report = judged(environment, &archive);
        let run = operation(&report, "podman", "run");
        assert_eq!(run["verdict"], expected, "{name}: {run}");
        let tried = environment.run(RUNC, &["sh", "-c", script, &archive]);
        assert!(agree(&run["verdict"], &tried), "{name}: {}", tried.stderr);
        if expected == "no" {
            let because = run["because"].as_array().unwrap();
            assert!(because.iter().any(|id| id == "image.ids"), "{run}");
            let mut attempt = Attempt::new(environment, RUNC, script);
            attempt.apply(&run["fix"][0]).unwrap();
            let (works, last) = attempt.succeeds(&archive);
            assert!(works, "{}: {last}", run["fix"][0]);
        }
    }
}

/// A range that is granted and too small for the image: podman and doctor hold the ids against it.
#[test]
fn an_image_with_higher_ids_needs_a_larger_range() {
    if !real("an_image_with_higher_ids_needs_a_larger_range") {
        return;
    }
    let archive = image_of_two_owners();
    let script = "podman load -q -i $0 && podman run --rm localhost/owners:latest true";
    // The image has uid 8 and gid 12.
    for (setup, expected) in [
        ("echo alice:700000:12 | tee /etc/subuid >/etc/subgid", "yes"),
        ("echo alice:700000:10 | tee /etc/subuid >/etc/subgid", "no"),
        ("echo alice:700000:10 >/etc/subgid", "no"),
        ("echo alice:700000:10 >/etc/subuid", "yes"),
    ] {
        let environment = Environment {
            setup,
            ..ENVIRONMENTS[0]
        };
        let report = judged(&environment, &archive);
        let run = operation(&report, "podman", "run");
        assert_eq!(run["verdict"], expected, "{setup}: {run}");
        let tried = environment.run(RUNC, &["sh", "-c", script, &archive]);
        assert!(agree(&run["verdict"], &tried), "{setup}: {}", tried.stderr);
        if expected == "no" {
            let because = run["because"].as_array().unwrap();
            assert!(because.iter().any(|id| id == "image.range"), "{run}");
            for fix in run["fix"].as_array().unwrap() {
                let mut attempt = Attempt::new(&environment, RUNC, script);
                attempt.apply(fix).unwrap();
                let (works, last) = attempt.succeeds(&archive);
                assert!(works, "{setup}, {fix}: {last}");
            }
        }
    }
}

/// A store that an earlier run made keeps its driver: the printed setting must fit it. Once it
/// is set, doctor itself sees that the image can be unpacked.
#[test]
fn the_setting_for_owners_fits_the_store_that_is_there() {
    if !real("the_setting_for_owners_fits_the_store_that_is_there") {
        return;
    }
    let archive = image_of_two_owners();
    let named = |name: &str| ENVIRONMENTS.iter().find(|row| row.name == name).unwrap();
    let environment = named("no subordinate ids");
    let program = shared().join("hpcctl").display().to_string();
    for before in ["podman images >/dev/null", "true"] {
        let doctor = "$1 doctor --runtime podman --image docker-archive:$0 -o json";
        let judge = |script: &str| {
            let script = format!("{before}; {script}{doctor}");
            let run = environment.run(RUNC, &["sh", "-c", &script, &archive, &program]);
            operation(&run.json(), "podman", "run").clone()
        };
        let refused = judge("");
        assert_eq!(refused["verdict"], "no", "{refused}");
        let steps = refused["fix"][0].as_array().unwrap();
        let commands: Vec<&str> = steps
            .iter()
            .map(|step| step["command"].as_str().unwrap())
            .collect();
        let fix = commands.join(" && ");
        let run = "podman load -q -i $0 && podman run --rm localhost/owners:latest true";
        let script = format!("{before}; {fix} && {run}");
        let tried = environment.run(RUNC, &["sh", "-c", &script, &archive]);
        assert_eq!(tried.code, 0, "{before}; {fix}: {}", tried.stderr);
        let works = judge(&format!("{fix}; "));
        assert_ne!(works["verdict"], "no", "{before}; {fix}: {works}");
    }
}

/// What `--emit-config` writes makes podman work, and doctor sees that it does.
#[test]
fn what_the_emitted_configuration_sets_is_seen() {
    if !real("what_the_emitted_configuration_sets_is_seen") {
        return;
    }
    let archive = image_of_two_owners();
    let program = shared().join("hpcctl").display().to_string();
    // A second time it is the same: what the first wrote does not count.
    let emit = "for time in 1 2; do
        $1 doctor --emit-config podman >$HOME/conf && sh $HOME/conf >&2 || exit
        grep -v '^#' $HOME/conf >$HOME/settings$time
    done
    cmp $HOME/settings1 $HOME/settings2 >&2 && ";
    let run = "podman load -q -i $0 && podman run --rm localhost/owners:latest true";
    let mut worked = 0;
    for environment in ENVIRONMENTS {
        let script =
            format!("{emit} $1 doctor --runtime podman --op run --image docker-archive:$0 -o json");
        let judged = environment.run("", &["sh", "-c", &script, &archive, &program]);
        let differ = judged.stderr.contains("settings1 ");
        assert!(!differ, "{}: {}", environment.name, judged.stderr);
        let Ok(report) = serde_json::from_str::<Value>(&judged.stdout) else {
            // The home or podman itself is not there to be configured.
            continue;
        };
        let verdict = operation(&report, "podman", "run").clone();
        let script = format!("{emit} {run}");
        let tried = environment.run("", &["sh", "-c", &script, &archive, &program]);
        assert!(
            agree(&verdict["verdict"], &tried),
            "{}: {verdict} {}",
            environment.name,
            tried.stderr
        );
        worked += usize::from(tried.code == 0);
    }
    assert!(worked > 3, "{worked}");
}
