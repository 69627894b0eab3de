//! The envelope around every report: who wrote it, about which host, when, and what it
//! could not find out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One report, of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope<R> {
    /// The name and number of the schema, such as `hpcctl.doctor/1`.
    pub schema: String,
    /// The kind of report, such as `doctor`.
    pub kind: String,
    /// The program that wrote the report.
    pub tool: Tool,
    /// The host that the report was made on.
    pub host: HostInfo,
    /// When the work began (RFC 3339, UTC).
    pub started_at: String,
    /// When the work ended (RFC 3339, UTC).
    pub finished_at: String,
    /// What was found.
    pub result: R,
    /// What could not be found out, and why.
    pub unknowns: Vec<Unknown>,
}

impl<R> Envelope<R> {
    /// A copy around another result.
    pub fn around<S>(&self, result: S) -> Envelope<S> {
        Envelope {
            schema: self.schema.clone(),
            kind: self.kind.clone(),
            tool: self.tool.clone(),
            host: self.host.clone(),
            started_at: self.started_at.clone(),
            finished_at: self.finished_at.clone(),
            result,
            unknowns: self.unknowns.clone(),
        }
    }

    /// The same around another result.
    pub fn map<S>(self, result: S) -> Envelope<S> {
        Envelope {
            schema: self.schema,
            kind: self.kind,
            tool: self.tool,
            host: self.host,
            started_at: self.started_at,
            finished_at: self.finished_at,
            result,
            unknowns: self.unknowns,
        }
    }
}

/// The program that wrote a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Always `hpcctl`.
    pub name: String,
    /// The version of hpcctl.
    pub version: String,
}

/// The host that a report was made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostInfo {
    /// The node name of uname(2).
    pub name: String,
    /// The release of uname(2), such as `6.1.0-28-amd64`.
    pub kernel: String,
    /// The machine of uname(2), such as `x86_64`.
    pub arch: String,
}

/// Something that could not be found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// What was looked for: a check id, a path, a layer.
    pub what: String,
    /// Why it could not be read.
    pub why: String,
}

impl Unknown {
    /// Names what could not be found out, and why.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}
