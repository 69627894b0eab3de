//! What a name stands for: asked once by all who begin together.
//!
//! The answer is kept under the name. Who began before it was written down takes it: to that
//! process it is as new as one of its own. Times are those of the file system, so that the clocks
//! of the nodes do not matter.

use std::fs;
use std::time::{Duration, SystemTime};

use hpcctl_image::{Limits, Reference, Source};
use hpcctl_registry::{Client, Digest, Name, RateLimit, Settings};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::lock::{Holder, Waited, take};
use crate::place::{Place, put, read};

/// What a reference stands for.
#[derive(Debug, Clone)]
pub(crate) struct Meant {
    /// The name in full, where it is in a registry.
    pub(crate) name: Option<Name>,
    pub(crate) digest: Digest,
    pub(crate) rate: Option<RateLimit>,
    pub(crate) notes: Vec<String>,
    /// Whether this process asked a registry.
    pub(crate) asked: bool,
}

/// An answer that is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    name: String,
    digest: Digest,
    /// The limit that the registry told with it.
    #[serde(default)]
    rate: Option<RateLimit>,
}

/// Asks what a name in a registry stands for, without any other process.
pub(crate) fn alone(name: &Name, insecure: bool) -> Result<Meant, Error> {
    let mut settings = Settings::of_this_node().map_err(hpcctl_image::Error::from)?;
    settings.tls_verify = !insecure;
    let resolved = Client::new(settings).resolve(name, Limits::default().document_bytes);
    let resolved = resolved.map_err(hpcctl_image::Error::from)?;
    Ok(Meant {
        rate: resolved.repository.rate_limit(),
        name: Some(resolved.name),
        digest: resolved.digest,
        notes: resolved.notes,
        asked: true,
    })
}

/// Asks what a name in a registry stands for, unless another process does so meanwhile.
pub(crate) fn together(
    name: &Name,
    insecure: bool,
    place: &Place,
    patience: Duration,
    told: &dyn Fn(&Holder),
) -> Result<Meant, Error> {
    let text = name.to_string();
    let (record, lock) = (place.about(&text, "json"), place.about(&text, "lock"));
    let begun = place.now()?;
    let known = || {
        let written = fs::metadata(&record).ok()?.modified().ok()?;
        is_new(written, begun)
            .then(|| read::<Answer>(&record))
            .flatten()
    };
    let waited = take(&lock, patience, &known, told)?;
    let _lock = match waited {
        Waited::Done(answer) => {
            return Ok(Meant {
                name: answer.name.parse().ok(),
                digest: answer.digest,
                rate: answer.rate,
                notes: Vec::new(),
                asked: false,
            });
        }
        Waited::Ours(lock) => lock,
    };
    let meant = alone(name, insecure)?;
    let answer = Answer {
        name: meant.name.as_ref().map_or(text, ToString::to_string),
        digest: meant.digest.clone(),
        rate: meant.rate.clone(),
    };
    put(&record, serde_json::json!(answer).to_string().as_bytes())?;
    Ok(meant)
}

/// Whether an answer was written down after somebody began.
fn is_new(written: SystemTime, begun: SystemTime) -> bool {
    written > begun
}

/// The name of a reference to a registry.
pub(crate) fn name(reference: &Reference) -> Option<&Name> {
    match reference.source() {
        Source::Registry(name) => Some(name),
        _ => None,
    }
}
