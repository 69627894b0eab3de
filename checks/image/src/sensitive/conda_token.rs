//! Tokens in the addresses of conda channels: `https://HOST/t/TOKEN/CHANNEL`, in `.condarc` and
//! wherever else.

use super::{Class, Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.conda-token",
    Class::General,
    "A token in the address of a channel of conda.",
)
.holding(&["/t/"], place);

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let token = value::run(source.bytes, at + 3, 100, value::is_word);
    let after = source.bytes.get(at + 3 + token.len());
    let line = source.bytes[..at].iter().rev().take(200);
    let before: Vec<u8> = line
        .take_while(|byte| !byte.is_ascii_whitespace())
        .copied()
        .collect();
    // Read backwards.
    let is_address = before.windows(3).any(|part| part == b"//:");
    let is_token = token.len() >= 20 && value::is_random(token);
    if after == Some(&b'/') && is_address && is_token {
        sightings.at(DETECTOR.id, source, at, "a token of a channel of conda");
    }
}
