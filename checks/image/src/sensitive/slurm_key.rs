//! Keys of Slurm: `jwt_hs256.key` signs tokens for any user (auth/jwt), `slurm.key` is what
//! auth/slurm trusts, and `slurm.jwks` holds several of them.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.slurm-key",
    "A key with which Slurm trusts its daemons and users.",
)
.named(
    &[
        "jwt_hs256.key",
        "jwt_hs256*.key",
        "jwt.key",
        "slurm.key",
        "slurm.jwks",
        "slurm_jwt.key",
        "auth_slurm.key",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let is_pem = source.bytes.starts_with(b"-----BEGIN PUBLIC");
    let is_set = source.name().ends_with(".jwks");
    let has_secret = memchr::memmem::find(source.bytes, b"\"k\"").is_some();
    if source.size >= 16 && !is_pem && (!is_set || has_secret) {
        sightings.file(DETECTOR.id, format!("the key {} of Slurm", source.name()));
    }
}
