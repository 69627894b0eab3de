//! Passwords and signing keys of HTCondor: whoever has that of the pool is any of its daemons
//! (HTCondor manual, "Security": `SEC_PASSWORD_FILE`, `SEC_PASSWORD_DIRECTORY`). The files are
//! scrambled by a fixed word, not encrypted. Its tokens are JSON Web Tokens.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.condor-password",
    "The password or a signing key of a pool of HTCondor.",
)
.named(&["POOL", "LOCAL", "pool_password"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let is_key = source.path.contains("/passwords.d/") || source.path.starts_with("passwords.d/");
    if source.size <= 4096 && (source.name() == "pool_password" || is_key) {
        sightings.file(DETECTOR.id, "a password or signing key of HTCondor");
    }
}
