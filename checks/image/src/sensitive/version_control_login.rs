//! Logins that Git keeps as addresses with passwords: `.git-credentials`, gitcredentials(7).
//!
//! Every line is told by [`super::url_password`]; what this adds are the tokens of `.config/hub`
//! and of `svn`.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.version-control-login",
    "A login to a server of version control.",
)
.named(
    &["hub", "*.svn.simple", ".hgrc", "hgrc", ".gitcookies"],
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
