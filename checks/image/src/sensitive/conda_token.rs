//! Tokens in the addresses of conda channels: `https://HOST/t/TOKEN/CHANNEL`, in `.condarc` and
//! wherever else.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.conda-token",
    "A token in the address of a channel of conda.",
)
.holding(&["://"], place);

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let address = value::run(source.bytes, at + 3, 300, |byte| {
        byte.is_ascii_graphic() && byte != b'"'
    });
    let token = address
        .split_once("/t/")
        .and_then(|(_, rest)| rest.split_once('/'));
    let is_token = token.is_some_and(|(token, _)| {
        token.len() >= 20 && token.bytes().all(value::is_word) && value::is_random(token)
    });
    if is_token {
        sightings.at(DETECTOR.id, source, at, "a token of a channel of conda");
    }
}
