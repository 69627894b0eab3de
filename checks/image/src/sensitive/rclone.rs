//! Remotes of rclone: `rclone.conf` has passwords that are only obscured, keys and tokens.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.hpc.rclone", "A login to a remote of rclone.")
        .named(&["rclone.conf", ".rclone.conf"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    if text.contains("RCLONE_ENCRYPT_V0") {
        return;
    }
    let mut remote = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            remote = name
                .chars()
                .filter(|one| !one.is_control())
                .take(60)
                .collect();
        }
        let Some((name, value)) = line
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()))
        else {
            continue;
        };
        let is_field = matches!(
            name,
            "pass"
                | "password"
                | "secret_access_key"
                | "client_secret"
                | "key"
                | "token"
                | "bearer_token"
                | "access_token"
                | "service_account_credentials"
                | "sas_url"
        );
        let is_value =
            value.starts_with('{') && value.contains("token") || value::is_password(value);
        if is_field && is_value {
            sightings.line(
                DETECTOR.id,
                number,
                format!("`{name}` of the remote {remote}"),
            );
        }
    }
}
