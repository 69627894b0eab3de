//! Logins to clusters of Kubernetes: `client-key-data`, `token` and `password` of a kubeconfig.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.kubeconfig", "A login to a cluster of Kubernetes.")
        .holding(&["client-key-data:", "kind: Config"], place);

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    if source.bytes[at..].starts_with(b"client-key-data:") {
        let key = value::run(source.bytes, at + 17, 4096, |byte| {
            !byte.is_ascii_whitespace()
        });
        // `-----BEGIN` in base64.
        if key.trim_matches('"').starts_with("LS0tLS1CRUdJTi") {
            sightings.at(DETECTOR.id, source, at, "a client's key of Kubernetes");
        }
        return;
    }
    if memchr::memmem::find(source.bytes, b"kind: Config") != Some(at) {
        return;
    }
    let text = source.text();
    if !text.contains("apiVersion: v1") {
        return;
    }
    for (number, line) in text.lines().enumerate() {
        let pair = value::pair(line.trim_start_matches([' ', '-']), ':');
        let is_login = pair.is_some_and(|(name, value)| {
            matches!(name, "token" | "password") && value.len() >= 8 && value::is_password(value)
        });
        if is_login {
            sightings.line(DETECTOR.id, number, "a login to Kubernetes");
        }
    }
}
