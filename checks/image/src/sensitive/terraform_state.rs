//! Passwords in the state of Terraform and OpenTofu, which holds every attribute as it is, also what
//! the configuration calls sensitive ("Sensitive Data in State").

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.terraform-state",
    "A password or a key in the state of Terraform.",
)
// `terraform state` keeps what it changes as `terraform.tfstate.SECONDS.backup`.
.named(
    &["*.tfstate", "*.tfstate.backup", "terraform.tfstate.*"],
    file,
);

/// How the names of attributes end that are secret.
const ENDS: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "secret_key",
    "access_key",
    "api_key",
    "token",
    "connection_string",
    "secret_string",
];

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    // What its provider of random passwords made.
    let is_random = text.contains("\"random_password\"");
    for (number, line) in text.lines().enumerate() {
        for part in line.split(['{', ',']) {
            let Some((name, value)) = value::pair(part, ':') else {
                continue;
            };
            let is_secret = ENDS.iter().any(|end| name.ends_with(end));
            let is_one = is_secret || (is_random && name == "result");
            let is_text = part
                .split_once(':')
                .is_some_and(|(_, rest)| rest.trim().starts_with('"'));
            if is_one && is_text && value::is_password(value) {
                let name: String = name.chars().take(60).collect();
                sightings.line(DETECTOR.id, number, format!("the value of {name}"));
            }
        }
    }
}
