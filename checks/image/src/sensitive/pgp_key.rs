//! Secret keys of OpenPGP: `private-keys-v1.d` of GnuPG, `secring.gpg`, and those of Apptainer.
//! Keys in armour are told by [`super::private_key`].

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new("secret.pgp-key", "A secret key of OpenPGP.")
    .named(
        &[
            "*.key",
            "secring.gpg",
            "pgp-secret",
            "trustedkeys-secret.gpg",
        ],
        file,
    );

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let holds = |word: &[u8]| memchr::memmem::find(source.bytes, word).is_some();
    // A packet of a secret key (RFC 9580: type 5, old or new form).
    let is_packet = matches!(source.bytes.first(), Some(0x94..=0x97 | 0xc5));
    let is_key = match source.name() {
        "secring.gpg" | "pgp-secret" | "trustedkeys-secret.gpg" => is_packet,
        _ => {
            source.path.contains("private-keys-v1.d/")
                && (holds(b"private-key") || holds(b"Key: ("))
        }
    };
    if is_key {
        sightings.file(DETECTOR.id, "a secret key of OpenPGP");
    }
}
