//! Logins to registries as docker and podman keep them: `auths` in `config.json`, `auth.json` or
//! `.dockercfg` (containers-auth.json(5)).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.registry-login", "A login to a registry of images.").named(
        &[
            "config.json",
            "auth.json",
            ".dockercfg",
            ".dockerconfigjson",
            "docker-config.json",
            "pull-secret.json",
            ".credentials",
        ],
        file,
    );

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    if source.name() == ".credentials" {
        enroot(source, sightings);
        return;
    }
    let Ok(Value::Object(document)) = serde_json::from_slice(source.bytes) else {
        return;
    };
    let of_registries = match document.get("auths") {
        Some(Value::Object(auths)) => auths,
        _ if source.name() == ".dockercfg" => &document,
        _ => return,
    };
    for (registry, login) in of_registries {
        let Value::Object(login) = login else {
            continue;
        };
        if is_login(login) {
            let registry: String = registry
                .chars()
                .filter(|one| !one.is_control())
                .take(100)
                .collect();
            sightings.file(DETECTOR.id, format!("a login to {registry}"));
        }
    }
}

fn is_login(login: &Map<String, Value>) -> bool {
    let text = |field: &str| login.get(field).and_then(Value::as_str).unwrap_or("");
    let is_pair = STANDARD.decode(text("auth")).is_ok_and(|pair| {
        let password = pair.splitn(2, |byte| *byte == b':').nth(1);
        password.is_some_and(|password| !password.is_empty())
    });
    is_pair
        || ["identitytoken", "registrytoken", "password"]
            .iter()
            .any(|field| text(field).len() > 3)
}

/// Enroot keeps its logins as netrc(5) does.
fn enroot(source: &Source<'_>, sightings: &mut Sightings) {
    if source.path.contains("enroot/") {
        super::netrc::logins(DETECTOR.id, source, sightings);
    }
}
