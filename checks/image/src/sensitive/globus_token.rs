//! Tokens of Globus: the databases of its command line and SDK, and `.globus.cfg`.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.globus-token",
    "A login to Globus, which moves the user's files.",
)
.named(
    &[
        "storage.db",
        "tokens.db",
        ".globus.cfg",
        "tokens.json",
        "globus.tokens",
        "client-id.txt",
        "gt5_credential",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let is_globus = source.path.contains("globus");
    if !is_globus {
        return;
    }
    let holds = |word: &[u8]| memchr::memmem::find(source.bytes, word).is_some();
    if source.bytes.starts_with(b"SQLite format 3\0") {
        if holds(b"refresh_token") || holds(b"access_token") {
            sightings.file(DETECTOR.id, "a database with tokens of Globus");
        }
        return;
    }
    for (number, line) in source.text().lines().enumerate() {
        for part in line.split(',') {
            let part = part.trim_start_matches(['{', ' ', '\t']);
            let pair = value::pair(part, '=').or_else(|| value::pair(part, ':'));
            let is_token = pair.is_some_and(|(name, value)| {
                name.ends_with("_token") && value::is_random(value.trim_end_matches(['}', ']']))
            });
            if is_token {
                sightings.line(DETECTOR.id, number, "a token of Globus");
            }
        }
    }
}
