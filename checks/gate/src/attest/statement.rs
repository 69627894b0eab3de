//! What is signed: an in-toto statement (in-toto Attestation Framework, Statement v1) with the
//! decision as its predicate.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The type of a statement.
const TYPE: &str = "https://in-toto.io/Statement/v1";

/// The type of the predicate: the decision of hpcctl, and the digests of what goes with it.
pub const PREDICATE_TYPE: &str = "https://hpcctl.dev/decision/v1";

/// A statement about images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// The type of the statement.
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// The type of the predicate.
    pub predicate_type: String,
    /// What is said.
    pub predicate: Value,
}

/// An image that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `HOST/NAME`.
    pub name: String,
    /// The digest of its manifest.
    pub digest: SubjectDigest,
}

/// A digest by its algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectDigest {
    /// In hex.
    pub sha256: String,
}

impl Statement {
    /// A statement that a decision was made about the image with this digest (`sha256:…`).
    pub fn decision(name: &str, digest: &str, predicate: Value) -> Self {
        Self {
            kind: TYPE.into(),
            subject: vec![Subject {
                name: name.into(),
                digest: SubjectDigest {
                    sha256: digest.trim_start_matches("sha256:").into(),
                },
            }],
            predicate_type: PREDICATE_TYPE.into(),
            predicate,
        }
    }

    /// Whether it is a decision about the image with this digest (`sha256:…`).
    pub fn is_about(&self, digest: &str) -> bool {
        self.kind == TYPE
            && self.predicate_type == PREDICATE_TYPE
            && self
                .subject
                .iter()
                .any(|subject| digest.strip_prefix("sha256:") == Some(&subject.digest.sha256))
    }
}
