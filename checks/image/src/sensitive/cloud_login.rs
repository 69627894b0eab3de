//! Logins that the command lines of clouds and services keep in the home.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.cloud-login",
    "A login that a command line of a cloud or a service keeps.",
)
.named(
    &[
        "application_default_credentials.json",
        "access_tokens.db",
        "accessTokens.json",
        "msal_token_cache.json",
        "msal_token_cache.bin",
        "credentials.db",
        "credentials.tfrc.json",
        ".vault-token",
        "clouds.yaml",
        "secure.yaml",
        ".wandb_api_key",
        "token",
        "stored_tokens",
        "hosts.yml",
        "openrc",
        "*-openrc.sh",
        "openrc.sh",
        ".smbcredentials",
        ".cifs",
        ".smbcred",
    ],
    file,
);

/// Names of fields that hold what logs in.
const FIELDS: [&str; 12] = [
    "refresh_token",
    "refreshtoken",
    "access_token",
    "accesstoken",
    "client_secret",
    "password",
    "token",
    "secret",
    "oauth_token",
    "application_credential_secret",
    "hf_token",
    "os_password",
];

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    let whole = text.trim();
    match source.name() {
        "token" => {
            let is_known = source.path.contains("huggingface/") || source.path.contains(".config/");
            if is_known && value::is_random(whole) {
                sightings.file(DETECTOR.id, "a token in a file of its own");
            }
        }
        ".vault-token" | ".wandb_api_key" if value::is_random(whole) => {
            sightings.file(DETECTOR.id, "a token in a file of its own");
        }
        "access_tokens.db" | "credentials.db" => {
            if source.bytes.starts_with(b"SQLite format 3\0")
                && memchr::memmem::find(source.bytes, b"token").is_some()
            {
                sightings.file(DETECTOR.id, "a database of tokens");
            }
        }
        "hosts.yml" if !source.path.contains("/gh/") => {}
        _ => fields(source, &text, sightings),
    }
}

fn fields(source: &Source<'_>, text: &str, sightings: &mut Sightings) {
    for (number, line) in text.lines().enumerate() {
        for part in line.split(',') {
            let part = part
                .trim_start_matches(['{', '[', ' ', '\t', '-'])
                .trim_start_matches("export ");
            let pair = value::pair(part, ':').or_else(|| value::pair(part, '='));
            let pair = pair.filter(|(name, _)| !name.contains('='));
            let pair = pair.or_else(|| value::pair(part, '='));
            let Some((name, value)) = pair else {
                continue;
            };
            let name = name.to_ascii_lowercase();
            if FIELDS.contains(&&*name) && value::is_password(value.trim_end_matches(['}', ']'])) {
                sightings.line(
                    DETECTOR.id,
                    number,
                    format!("`{name}` in {}", source.name()),
                );
            }
        }
    }
}
