//! `doctor --image`: what an image needs beyond the node, tried with the real runtime.

use std::path::Path;

use serde_json::Value;

use crate::environments::{ENVIRONMENTS, Environment, RUNC, shared};
use crate::real::real;
use crate::reality::{agree, image, operation};
use crate::repairs::Attempt;

/// An image in which a file belongs to another than root, as a docker-archive.
fn image_of_two_owners() -> String {
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
