//! Private keys of WireGuard: `PrivateKey = ` and 32 bytes in base64 (wg(8)).

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.wireguard-key", "A private key of WireGuard.")
        .holding(&["PrivateKey = ", "PrivateKey=", "PresharedKey = "], place);

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let name = value::run(source.bytes, at, 20, |byte| {
        byte.is_ascii_alphabetic() || byte == b' '
    })
    .len();
    let from = at
        + name
        + source.bytes[at + name..]
            .iter()
            .take(2)
            .take_while(|byte| b"= ".contains(byte))
            .count();
    let key = value::run(source.bytes, from, 60, |byte| {
        byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
    });
    let is_line = at == 0 || source.bytes[at - 1] == b'\n';
    if is_line && key.len() == 44 && key.ends_with('=') && value::is_random(key) {
        sightings.at(DETECTOR.id, source, at, "a private key of WireGuard");
    }
}
