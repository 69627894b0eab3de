//! The key of MUNGE: whoever has it is any user, on every node (munged(8)). It is 1024 random
//! bytes by default, 128 as `mungekey` makes it, and 32 at least.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.munge-key",
    "The key with which every node of a cluster trusts the others.",
)
.named(
    &[
        "munge.key",
        "munge.key.bak",
        "munge.key.old",
        "*.munge.key",
        "munge.key~",
    ],
    file,
);

/// The sizes that the tools make.
const SIZES: [u64; 2] = [1024, 128];

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    if source.size >= 32 {
        sightings.file(DETECTOR.id, "a key of MUNGE");
    }
}

/// Whether a file may be a key under another name.
pub(super) fn may_be(size: u64, head: &[u8]) -> bool {
    SIZES.contains(&size) && is_random(head)
}

/// Looks whether a file that nobody else may read is a key under another name.
pub(super) fn by_content(source: &Source<'_>, sightings: &mut Sightings) {
    let is_named = source.name().contains("munge");
    let is_key = may_be(source.size, source.bytes) && source.is_whole();
    let is_seed = source.name().contains("seed");
    if is_key && source.is_private() && !is_seed && sightings.seen.is_empty() {
        let text = format!(
            "{} random bytes for its owner only, as a key of MUNGE is",
            source.size
        );
        sightings.file(DETECTOR.id, text);
        if !is_named {
            sightings.only_a_clue();
        }
    }
}

/// Whether the bytes are as random as a key: no text, no magic of a compressed file, and hardly
/// a byte more often than chance has it.
fn is_random(bytes: &[u8]) -> bool {
    const MAGICS: [&[u8]; 9] = [
        b"\x1f\x8b",
        b"PK",
        b"\x89PNG",
        b"\xfd7zXZ",
        b"BZh",
        b"\x28\xb5\x2f\xfd",
        b"\x7fELF",
        b"GIF8",
        b"\x30\x82",
    ];
    // 128 bytes of chance have 6.6 bits a byte, 1024 have 7.8.
    let least = if bytes.len() >= 1024 { 7.7 } else { 6.3 };
    !MAGICS.iter().any(|magic| bytes.starts_with(magic)) && value::entropy(bytes) > least
}
