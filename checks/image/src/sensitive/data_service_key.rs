//! Keys of data services that scientists keep in their homes: the Climate and Atmosphere Data
//! Stores (`.cdsapirc`), ECMWF (`.ecmwfapirc`), Polytope, Kaggle, OpenAQ, NASA Earthdata.
//!
//! `.cdsapirc` has lines `url:` and `key:`; the others are JSON with a `key`.

use serde_json::Value;

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.data-service-key",
    "The key of a user for a service of scientific data.",
)
.named(
    &[
        ".cdsapirc",
        ".adsapirc",
        "cdsapirc",
        ".ecmwfapirc",
        "ecmwfapirc",
        ".polytopeapirc",
        ".polytope-client.json",
        "kaggle.json",
        ".urs",
        ".urs_token",
        ".edl_token",
        ".earthdata",
        ".marsrc",
        ".ecmwf_token",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    if let Ok(Value::Object(fields)) = serde_json::from_slice(source.bytes) {
        let is_key =
            |name: &str| matches!(name, "key" | "user_key" | "token" | "password" | "api_key");
        let has = fields
            .iter()
            .any(|(name, field)| is_key(name) && field.as_str().is_some_and(value::is_password));
        if has {
            sightings.file(DETECTOR.id, format!("a key in {}", source.name()));
        }
        return;
    }
    let is_token_file = source.name().ends_with("token") || source.name() == ".urs";
    for (number, line) in text.lines().enumerate() {
        let pair = value::pair(line, ':').or_else(|| value::pair(line, '='));
        let is_key = pair.is_some_and(|(name, value)| {
            let name = name.to_ascii_lowercase();
            matches!(
                &*name,
                "key" | "user_key" | "token" | "password" | "api_key"
            ) && value::is_password(value)
        });
        if is_key || is_token_file && pair.is_none() && value::is_random(line.trim()) {
            sightings.line(DETECTOR.id, number, format!("a key in {}", source.name()));
        }
    }
}
