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
    let is_token = token.is_some_and(|(token, channel)| {
        let is_long = token.len() >= 20 && token.bytes().all(value::is_word);
        is_long && value::is_random(token) && !is_topic(token, channel)
    });
    if is_token {
        sightings.at(DETECTOR.id, source, at, "a token of a channel of conda");
    }
}

/// Whether it is a topic of a forum, `https://HOST/t/WORDS-OF-ITS-TITLE/NUMBER`.
fn is_topic(token: &str, channel: &str) -> bool {
    let number = channel.split(['/', '?', '#']).next().unwrap_or("");
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let parts = token.split(['-', '_']);
    let is_title_word = |part: &str| {
        let is_hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        part.len() >= 3 && !is_hex && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    is_number || parts.filter(|part| is_title_word(part)).count() >= 2
}
