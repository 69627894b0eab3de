//! The image that a result is about, for whoever asks whether it is about theirs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An image that something was tried on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedImage {
    /// The reference, as it was given.
    pub reference: String,
    /// Its digest; null where it has none.
    pub digest: Option<String>,
}
