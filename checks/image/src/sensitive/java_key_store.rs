//! Key stores of Java, by their content: `JKS` and `JCEKS`, magic, version, then entries that say
//! whether they hold a private key (1), a certificate (2) or a secret key (3).
//!
//! A store of certificates, such as `cacerts`, is no secret.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.java-key-store",
    "A private key in a key store of Java.",
)
.named(&[], file)
.beginning(&[b"\xfe\xed\xfe\xed\0\0\0", b"\xce\xce\xce\xce\0\0\0"]);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    if has_key(source.bytes).unwrap_or(false) {
        sightings.file(DETECTOR.id, "a private key in a key store of Java");
    }
}

/// Whether an entry is a key; none where the form breaks off before one came.
fn has_key(bytes: &[u8]) -> Option<bool> {
    let mut rest = bytes.get(8..)?;
    let count = number(&mut rest, 4)?;
    for _ in 0..count.min(10_000) {
        if number(&mut rest, 4)? != 2 {
            return Some(true);
        }
        for (length, after) in [(2, 8), (2, 0), (4, 0)] {
            let length = number(&mut rest, length)?;
            rest = rest.get(length..)?.get(after..)?;
        }
    }
    Some(false)
}

/// A number of so many bytes, the highest first.
fn number(rest: &mut &[u8], bytes: usize) -> Option<usize> {
    let (number, after) = rest.split_at_checked(bytes)?;
    *rest = after;
    Some(
        number
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
    )
}
