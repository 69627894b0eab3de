//! What `hpcctl publish` and `hpcctl verify` report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gate::{Gate, Outcome};

/// The result of `hpcctl publish`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Publish {
    /// The decision.
    pub gate: Gate,
    /// What became of it; null where the decision was not to publish.
    pub published: Option<Published>,
}

/// An image that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Published {
    /// `HOST/NAME`.
    pub name: String,
    /// The tag that was moved, last of all; null where none was named.
    pub tag: Option<String>,
    /// The digest of the manifest: the one that was gated.
    pub digest: String,
    /// Where the tag stood before; null where there was none.
    pub before: Option<String>,
    /// How many blobs were there, were mounted, were sent.
    pub blobs: Blobs,
    /// What was attached.
    pub attached: Vec<Attached>,
    /// The key that signed: the SHA-256 digest of its SubjectPublicKeyInfo in hex.
    pub signed_by: String,
}

/// What became of the blobs of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blobs {
    /// Those that the registry had.
    pub there: usize,
    /// Those that it took from another repository.
    pub mounted: usize,
    /// Those that were sent.
    pub sent: usize,
    /// The bytes of those that were sent.
    pub bytes: u64,
}

/// A document that is attached to an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attached {
    /// What it is called, such as `sbom.cdx.json`.
    pub title: String,
    /// Its media type.
    pub media_type: String,
    /// The digest of the document.
    pub digest: String,
    /// The digest of the manifest that refers to the image.
    pub manifest: String,
}

/// The result of `hpcctl verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verify {
    /// The reference as given.
    pub reference: String,
    /// The digest that it stands for now.
    pub digest: String,
    /// Whether a good decision about this very digest is signed by the key, and all that it names
    /// is there as it was.
    pub verified: bool,
    /// The decisions that are attached.
    pub decisions: Vec<Attested>,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
}

/// A decision that is attached to an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attested {
    /// The digest of the manifest that refers to the image.
    pub manifest: String,
    /// What was decided; null where it is not signed by the key.
    pub outcome: Option<Outcome>,
    /// Where it was to go.
    pub destination: Option<String>,
    /// The time that the decision goes by.
    pub now: Option<String>,
    /// The waivers that it took.
    pub waivers: Vec<String>,
    /// Its record in the log of decisions, as `hpcctl gate log verify --record` takes it; null where
    /// the statement names none.
    #[serde(default)]
    pub record: Option<String>,
    /// What else is to be said of it, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What is wrong with it, a sentence each.
    pub problems: Vec<String>,
}
