//! JSON Web Tokens (RFC 7519): three parts of base64url, of which the first is a JSON object with
//! `alg`. Slurm's `scontrol token` makes them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Detector, Sightings, Source, value};

/// They begin with `{"` and the first letter of a field: alg, typ, kid, cty, enc, x5t, jku, zip.
pub(super) const DETECTOR: Detector = Detector::new("secret.jwt", "A JSON Web Token.").holding(
    &[
        "eyJh", "eyJ0", "eyJr", "eyJj", "eyJl", "eyJ4", "eyJq", "eyJ6",
    ],
    place,
);

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let is_inside = at > 0 && matches!(source.bytes[at - 1], b'-' | b'.');
    if is_inside || !value::begins_word(source.bytes, at) {
        return;
    }
    let token = value::run(source.bytes, at, 8192, |byte| {
        value::is_word(byte) || byte == b'.'
    });
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, signature] = parts[..] else {
        return;
    };
    let object = |part: &str| -> Option<Value> {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice(&bytes).ok().filter(Value::is_object)
    };
    let is_signed = object(head).is_some_and(|head| {
        head.get("alg")
            .and_then(Value::as_str)
            .is_some_and(|alg| alg != "none")
    });
    let Some(claims) = object(claims).filter(|_| is_signed && signature.len() >= 20) else {
        return;
    };
    // The token that documents of JWT show.
    let is_known = claims.get("sub").and_then(Value::as_str) == Some("1234567890");
    if claims.get("sun").is_some() {
        sightings.at(DETECTOR.id, source, at, "a token of Slurm");
    } else {
        sightings.at(DETECTOR.id, source, at, "a JSON Web Token");
    }
    let now = claims.get("exp").and_then(Value::as_u64);
    // Before 2024 it has expired whenever this runs.
    if is_known || now.is_some_and(|exp| exp < 1_704_067_200) {
        sightings.only_a_clue();
    }
}
