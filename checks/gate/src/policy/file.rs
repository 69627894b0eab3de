//! A policy as it is written: TOML, where every key is known and every value has a place.

use std::collections::BTreeMap;

use hpcctl_model::gate::Level;
use serde::Deserialize;
use toml::Spanned;

use crate::evidence::Severity;

/// A map whose keys have a place.
pub(super) type Keyed<T> = BTreeMap<Spanned<String>, T>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) rules: Keyed<Spanned<Level>>,
    #[serde(default)]
    pub(super) licenses: Licenses,
    #[serde(default)]
    pub(super) vendor: Vendor,
    #[serde(default)]
    pub(super) secrets: Secrets,
    #[serde(default)]
    pub(super) image: Image,
    #[serde(default)]
    pub(super) base: Base,
    #[serde(default)]
    pub(super) privileged: Privileged,
    #[serde(default)]
    pub(super) data: Data,
    #[serde(default)]
    pub(super) results: Results,
    #[serde(default)]
    pub(super) waivers: WaiverTerms,
    #[serde(default)]
    pub(super) destinations: Keyed<Destination>,
    #[serde(default)]
    pub(super) clarify: Vec<Spanned<Clarify>>,
    #[serde(default)]
    pub(super) waiver: Vec<Spanned<Waiver>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Licenses {
    #[serde(default)]
    pub(super) allow: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) warn: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) review: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) deny: Vec<Spanned<String>>,
    pub(super) unlisted: Option<Spanned<Level>>,
    pub(super) unknown: Option<Spanned<Level>>,
    #[serde(default)]
    pub(super) classes: Keyed<Vec<Spanned<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Vendor {
    pub(super) conditional: Option<Spanned<Level>>,
    pub(super) needs_decision: Option<Spanned<Level>>,
    pub(super) no: Option<Spanned<Level>>,
    #[serde(default)]
    pub(super) decision: Vec<Spanned<VendorDecision>>,
}

/// What the site has agreed with a holder.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct VendorDecision {
    pub(super) terms: Spanned<String>,
    pub(super) level: Level,
    pub(super) owner: Spanned<String>,
    pub(super) reference: Spanned<String>,
    pub(super) decided: Spanned<String>,
    pub(super) expires: Spanned<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Secrets {
    pub(super) doubtful: Option<Spanned<Level>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Image {
    pub(super) max_size: Option<Spanned<String>>,
    pub(super) max_files: Option<Spanned<u64>>,
    pub(super) max_layers: Option<Spanned<u64>>,
    pub(super) max_age_days: Option<Spanned<u32>>,
    pub(super) required_labels: Option<Spanned<Vec<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Base {
    #[serde(default)]
    pub(super) approved: Vec<Spanned<Approved>>,
}

/// A base that the site approves of.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Approved {
    pub(super) name: String,
    /// The digests of its plain layers, lowest first; an image on it begins with these.
    pub(super) diff_ids: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Privileged {
    #[serde(default)]
    pub(super) allow: Vec<Spanned<AllowedFile>>,
}

/// A file that may give more rights.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct AllowedFile {
    pub(super) path: Spanned<String>,
    pub(super) sha256: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Data {
    pub(super) max_size: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Results {
    pub(super) required: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) max_age_days: Option<Spanned<u32>>,
    pub(super) severity: Option<Spanned<Severity>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WaiverTerms {
    pub(super) max_days: Option<Spanned<u32>>,
    pub(super) warn_days: Option<Spanned<u32>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Destination {
    #[serde(rename = "match", default)]
    pub(super) matches: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) rules: Keyed<Spanned<Level>>,
    #[serde(default)]
    pub(super) licenses: DestinationLicenses,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DestinationLicenses {
    #[serde(default)]
    pub(super) allow: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) warn: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) review: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) deny: Vec<Spanned<String>>,
    pub(super) unlisted: Option<Spanned<Level>>,
    pub(super) unknown: Option<Spanned<Level>>,
}

/// The licence of a package as a person read it, valid while the evidence is the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Clarify {
    pub(super) package: Spanned<String>,
    pub(super) expression: Spanned<String>,
    pub(super) reason: Spanned<String>,
    pub(super) evidence: Vec<Spanned<Evidence>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Evidence {
    pub(super) path: Option<String>,
    pub(super) sha256: Option<Spanned<String>>,
    pub(super) image: Option<Spanned<String>>,
}

/// Leave to pass in spite of a finding, for a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Waiver {
    pub(super) id: Spanned<String>,
    pub(super) rule: Spanned<String>,
    #[serde(default)]
    pub(super) scope: WaiverScope,
    pub(super) owner: Spanned<String>,
    pub(super) approved_by: Spanned<String>,
    pub(super) reason: Spanned<String>,
    pub(super) ticket: Option<String>,
    pub(super) from: Spanned<String>,
    pub(super) expires: Spanned<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WaiverScope {
    pub(super) image: Option<Spanned<String>>,
    pub(super) package: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) license: Option<Spanned<String>>,
    pub(super) sha256: Option<Spanned<String>>,
    pub(super) finding: Option<Spanned<String>>,
}
