//! What `hpcctl fleet match` reports: on which nodes an image runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::doctor::{Ids, Verdict};
use crate::fleet::Nodes;

/// The result of `hpcctl fleet match`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// The reference of the image as given.
    pub image: String,
    /// What the image asks for, by the machine of the nodes.
    pub machines: Vec<Machine>,
    /// When the last node reported what this rests on (RFC 3339, UTC), or null.
    pub reported_at: Option<String>,
    /// Nodes on which it runs.
    pub runs: Nodes,
    /// Nodes on which it does not.
    pub fails: Nodes,
    /// Nodes of which that is not known, those that did not report among them.
    pub unknown: Nodes,
    /// The nodes by what becomes of the image there: first where it runs, last where it does not.
    pub groups: Vec<Matched>,
}

/// What the image asks of nodes of one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// The machine of uname(2), such as `x86_64`; empty where the nodes do not say.
    pub arch: String,
    /// The digest of the image for it, or null.
    pub digest: Option<String>,
    /// Why there is no image for it, or null.
    pub lacks: Option<String>,
    /// What the image asks for.
    pub needs: Vec<Need>,
}

/// Something that an image asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// The id of the check.
    pub id: String,
    /// Whether the image meets it and asks for nothing; null where that is not known.
    pub met: Option<bool>,
    /// What was found.
    pub text: String,
    /// The highest ids that own a file of the image, where the check is one of ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest: Option<Ids>,
}

/// Nodes on which the same becomes of the image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Matched {
    /// The nodes.
    pub nodes: Nodes,
    /// Whether it runs: the best of the runtimes.
    pub run: Verdict,
    /// What keeps it from running, or from being judged, whatever the runtime; or null.
    pub why: Option<String>,
    /// What would make it run, where no runtime is there, or null.
    #[serde(default)]
    pub fix: Option<String>,
    /// What each runtime makes of it: those that are installed, `builtin` where that alone was asked for.
    pub runtimes: Vec<Runner>,
}

/// What a runtime makes of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Runner {
    /// The runtime.
    pub runtime: String,
    /// Whether it runs it.
    pub run: Verdict,
    /// The ids of the checks that decided; empty where it just runs.
    pub because: Vec<String>,
    /// What would make it run, in the words of most of the nodes, or null.
    pub fix: Option<String>,
}
