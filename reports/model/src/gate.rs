//! What `hpcctl gate` reports: whether an image may be published, by which rule and which
//! line of which policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scan::Choice;

/// The result of `hpcctl gate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// What the decision is about.
    pub subject: Subject,
    /// Where it is to go.
    pub destination: Destination,
    /// The policies that were applied, the built-in one first.
    pub policies: Vec<PolicyUsed>,
    /// The time that the decision goes by (RFC 3339): the same input at the same time gives the
    /// same decision.
    pub now: String,
    /// The decision.
    pub decision: Decision,
    /// The waivers of the policies, used or not.
    pub waivers: Vec<WaiverUsed>,
    /// The clarifications of the policies, used or not.
    #[serde(default)]
    pub clarifications: Vec<ClarificationUsed>,
    /// What the site has agreed with vendors, where it is about files of this image.
    #[serde(default)]
    pub vendor_decisions: Vec<VendorDecisionUsed>,
    /// Of choices of licences the branches that the policies chose, also where all is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// The reference as given, with its transport.
    pub reference: String,
    /// The digest of the image, or null where it has none: such an image cannot be published.
    pub digest: Option<String>,
    /// The format, as `scan` has it.
    pub format: String,
    /// The platform that the image is for, where its documents say so.
    #[serde(default)]
    pub platform: Option<String>,
    /// The other platforms, or digests, of the index that the image was chosen from: nothing was
    /// decided of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_platforms: Vec<String>,
}

/// Where an image is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Destination {
    /// The name that was given, or null.
    pub name: Option<String>,
    /// The class of destinations that the policy puts it into; `public` where none matches.
    pub class: String,
}

/// A policy that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyUsed {
    /// The file, or `built-in`.
    pub name: String,
    /// The SHA-256 digest of its text in hex.
    pub sha256: String,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// The outcome: the worst of the rules.
    pub outcome: Outcome,
    /// Every rule, in the order of the table.
    pub rules: Vec<RuleResult>,
}

/// What a decision or a rule comes to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing stands against it.
    Allow,
    /// A person has to look.
    Review,
    /// Not everything could be looked at.
    Incomplete,
    /// No.
    Deny,
}

impl Outcome {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Review => "review",
            Self::Incomplete => "incomplete",
            Self::Deny => "deny",
        }
    }
}

/// How much a finding weighs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The rule does not apply.
    Allow,
    /// It is told, and nothing else.
    Warn,
    /// A person has to look.
    Review,
    /// It may not be published.
    Deny,
}

impl Level {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Review => "review",
            Self::Deny => "deny",
        }
    }

    /// What a finding of this level makes of its rule.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Allow | Self::Warn => Outcome::Allow,
            Self::Review => Outcome::Review,
            Self::Deny => Outcome::Deny,
        }
    }
}

/// What one rule comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleResult {
    /// The id, such as `license.terms`.
    pub id: String,
    /// What it looks at, in a few words.
    pub title: String,
    /// The outcome: the worst of the findings that no waiver covers.
    pub outcome: Outcome,
    /// What the rule says of the image, in a sentence.
    pub summary: String,
    /// All findings, the waived ones as well, worst first.
    pub findings: Vec<Finding>,
    /// The ids of the waivers that cover findings of the rule.
    pub waived_by: Vec<String>,
}

/// One finding of a rule, with the whole chain from the layer to the line of the policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The stable id: the same for the same rule, image and subject.
    pub id: String,
    /// How much it weighs by the policy.
    pub level: Level,
    /// What was found, in a sentence.
    pub text: String,
    /// The digest of the layer.
    pub layer: Option<String>,
    /// The instruction that made the layer.
    pub created_by: Option<String>,
    /// The path in the image.
    pub path: Option<String>,
    /// Whether a later layer deletes the file, which ships all the same.
    pub deleted: bool,
    /// The purl of the package.
    pub package: Option<String>,
    /// The licence, of a choice the branch that was chosen.
    pub license: Option<String>,
    /// The one licence in it that the finding is about, where it is about one.
    pub offending_license: Option<String>,
    /// The SHA-256 digest of the file in hex, where it is known.
    pub sha256: Option<String>,
    /// The line of the policy that decided, such as `/etc/hpcctl/policy.toml:41`.
    pub policy: String,
    /// What to do.
    pub remedy: String,
    /// The id of the waiver that covers it.
    pub waived_by: Option<String>,
}

/// What became of a waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverUsed {
    /// The id.
    pub id: String,
    /// Its line of the policy.
    pub policy: String,
    /// Who answers for it.
    pub owner: String,
    /// Who approved of it.
    pub approved_by: String,
    /// Why.
    pub reason: String,
    /// Where it was discussed.
    pub ticket: Option<String>,
    /// The last day that it holds (RFC 3339 date).
    pub expires: String,
    /// Whether it was used.
    pub state: WaiverState,
    /// What is to be said of it, such as that it lapses soon; a sentence each.
    pub notes: Vec<String>,
}

/// The licence of packages as a person read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClarificationUsed {
    /// The packages that it is about, as the policy names them: a glob of purls.
    pub package: String,
    /// Its line of the policy.
    pub policy: String,
    /// The SPDX expression that stands for the licence.
    pub expression: String,
    /// Why.
    pub reason: String,
    /// How many packages it holds for.
    pub packages: u64,
    /// What is to be said of it, such as that the evidence is another by now; a sentence each.
    pub notes: Vec<String>,
}

/// What the site has agreed with a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VendorDecisionUsed {
    /// The row of the terms.
    pub terms: String,
    /// Its line of the policy.
    pub policy: String,
    /// What files under these terms weigh.
    pub level: Level,
    /// Who answers for it.
    pub owner: String,
    /// Where it is written down.
    pub reference: String,
    /// The last day that it holds (RFC 3339 date).
    pub expires: String,
    /// How many files it is about.
    pub files: u64,
    /// What is to be said of it, such as that it has lapsed; a sentence each.
    pub notes: Vec<String>,
}

/// Whether a waiver was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaiverState {
    /// It covers a finding.
    Used,
    /// It covers nothing here.
    Unused,
    /// It would cover a finding, but does not hold yet.
    Early,
    /// It would cover a finding, but has lapsed.
    Lapsed,
}

impl WaiverState {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Early => "early",
            Self::Lapsed => "lapsed",
        }
    }
}
