//! Logins that Git keeps as addresses with passwords: `.git-credentials`, gitcredentials(7).
//!
//! Most lines are told by [`super::url_password`]; what this adds are those whose host looks like that
//! of an example elsewhere, and the tokens of `.config/hub` and of `svn`.

use super::{Detector, Sightings, Source, look_at_bytes, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.version-control-login",
    "A login to a server of version control.",
)
.named(
    &[
        "hub",
        "*.svn.simple",
        ".hgrc",
        "hgrc",
        ".gitcookies",
        ".git-credentials",
        "credentials",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    for (number, line) in source.text().lines().enumerate() {
        let line = line.trim_start_matches(['-', ' ']);
        let pair = value::pair(line, ':').or_else(|| value::pair(line, '='));
        let is_one = match (source.name(), pair) {
            (".gitcookies", _) => {
                line.split('\t').count() == 7
                    && line.split('\t').nth(6).is_some_and(value::is_random)
            }
            (".git-credentials", _) => is_stored(line),
            ("credentials", _) => source.path.ends_with("git/credentials") && is_stored(line),
            ("hub", Some(("oauth_token", token))) => value::is_random(token),
            (".hgrc" | "hgrc", _) => value::pair(line, '=').is_some_and(|(name, value)| {
                name.ends_with(".password") && value::is_password(value)
            }),
            _ => false,
        };
        if is_one {
            sightings.line(DETECTOR.id, number, format!("a login in {}", source.name()));
        }
    }
}

/// Whether a line is a login that `git credential-store` keeps and that is told by no other rule.
fn is_stored(line: &str) -> bool {
    let login = line
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'));
    let password = login.and_then(|(login, _)| login.split_once(':'));
    password.is_some_and(|(_, password)| value::is_password(password))
        && look_at_bytes(line.as_bytes()).is_empty()
}
