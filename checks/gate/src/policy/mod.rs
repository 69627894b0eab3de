//! The policy: built in, then the site's, then the project's.
//!
//! A later policy says what it changes and inherits the rest. Where the site has a policy, a
//! project can only tighten: its decision is made twice, by the site's policy and by the
//! project's over it, and the worse counts (see [`Policies`]).

use std::collections::BTreeMap;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use hpcctl_model::gate::{Level, PolicyUsed};
use jiff::civil::Date;

use crate::evidence::Severity;

mod compile;
mod destination;
mod file;
mod licenses;
mod notice;
mod parse;
mod text;

pub use text::{Origin, PolicyError, Remark};

pub(crate) use destination::Destination;
pub(crate) use licenses::{Licenses, Named, Read, is_of_vendors};
pub(crate) use text::{Set, Text};

/// The policy that holds where none is given; it is what `policy init` prints.
pub const BUILT_IN: &str = include_str!("../../data/policy.toml");

/// The class of destinations that nothing matches.
pub const PUBLIC: &str = "public";

/// The policies that a decision is made by.
#[derive(Debug, Clone)]
pub struct Policies {
    /// Each is tried, and the worst outcome counts.
    tried: Vec<Policy>,
    used: Vec<PolicyUsed>,
    /// The last that was read.
    last: Text,
}

/// One policy, everything inherited.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub(crate) rules: BTreeMap<&'static str, Set<Level>>,
    pub(crate) licenses: Licenses,
    pub(crate) vendor: Vendor,
    /// What a secret that may be an example weighs.
    pub(crate) doubtful: Option<Set<Level>>,
    pub(crate) image: ImageLimits,
    pub(crate) approved: Vec<Set<Base>>,
    pub(crate) privileged: Vec<Set<AllowedFile>>,
    pub(crate) data_max_bytes: Option<Set<u64>>,
    pub(crate) results: Results,
    pub(crate) waiver_terms: WaiverTerms,
    pub(crate) destinations: BTreeMap<String, Destination>,
    pub(crate) clarifications: Vec<Set<Clarification>>,
    pub(crate) waivers: Vec<Set<Waiver>>,
}

/// What a file of a vendor weighs, by whether it may be passed on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vendor {
    pub(crate) conditional: Option<Set<Level>>,
    pub(crate) needs_decision: Option<Set<Level>>,
    pub(crate) no: Option<Set<Level>>,
    pub(crate) decisions: Vec<Set<VendorDecision>>,
}

/// What the site has agreed with a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VendorDecision {
    /// The row of the terms.
    pub(crate) terms: String,
    pub(crate) level: Level,
    pub(crate) owner: String,
    pub(crate) reference: String,
    pub(crate) decided: Date,
    /// The last day that it holds.
    pub(crate) expires: Date,
}

/// How large an image may be, and what it must say of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImageLimits {
    pub(crate) max_bytes: Option<Set<u64>>,
    pub(crate) max_files: Option<Set<u64>>,
    pub(crate) max_layers: Option<Set<u64>>,
    pub(crate) max_age_days: Option<Set<u32>>,
    pub(crate) required_labels: Option<Set<Vec<String>>>,
}

/// A base that the site approves of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) name: String,
    pub(crate) diff_ids: Vec<String>,
}

/// A file that may give more rights.
#[derive(Debug, Clone)]
pub(crate) struct AllowedFile {
    pub(crate) path: Pattern,
    pub(crate) sha256: Option<String>,
}

/// Which other results are asked for, and how old they may be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Results {
    pub(crate) required: Option<Set<Vec<String>>>,
    pub(crate) max_age_days: Option<Set<u32>>,
    /// From which severity on a vulnerability counts.
    pub(crate) severity: Option<Set<Severity>>,
}

/// How long waivers may hold, and when a lapse is announced.
#[derive(Debug, Clone, Default)]
pub(crate) struct WaiverTerms {
    pub(crate) max_days: Option<Set<u32>>,
    pub(crate) warn_days: Option<Set<u32>>,
}

/// The licence of a package as a person read it.
#[derive(Debug, Clone)]
pub(crate) struct Clarification {
    pub(crate) package: Pattern,
    pub(crate) expression: String,
    pub(crate) reason: String,
    pub(crate) evidence: Vec<Proof>,
}

/// What a clarification was read from: it holds while that is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A licence file of the image, with its SHA-256 digest in hex.
    File {
        /// The absolute path.
        path: String,
        /// The digest.
        sha256: String,
    },
    /// The image as a whole, by its digest.
    Image(String),
}

/// Leave to pass in spite of a finding, for a time.
#[derive(Debug, Clone)]
pub(crate) struct Waiver {
    pub(crate) id: String,
    pub(crate) rule: &'static str,
    pub(crate) image: Option<Pattern>,
    pub(crate) package: Option<Pattern>,
    pub(crate) path: Option<Pattern>,
    pub(crate) license: Option<Pattern>,
    pub(crate) sha256: Option<String>,
    /// The id of one finding.
    pub(crate) finding: Option<String>,
    pub(crate) owner: String,
    pub(crate) approved_by: String,
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
    pub(crate) from: Date,
    /// The last day that it holds.
    pub(crate) expires: Date,
}

/// What may be any text where a glob has it.
pub(crate) const WILD: [char; 4] = ['*', '?', '[', '{'];

/// Paths that have nothing in common: a glob of paths that matches each of them says nothing.
pub(crate) const PATHS: &[&str] = &["/0/1", "/a b/.c/d~"];

/// Packages that have nothing in common, by their purls.
pub(crate) const PACKAGES: &[&str] = &["pkg:0/1", "pkg:deb/debian/a@2%2B3?arch=all", "pkg:z/y/x/w"];

/// Licences that have nothing in common.
pub(crate) const LICENSES: &[&str] = &[
    "0BSD",
    "GPL-2.0-only WITH GCC-exception-2.0",
    "LicenseRef-a",
];

/// A glob: `*` stays inside a name, `**` does not.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(GlobMatcher);

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.glob().glob())
    }
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob.map_err(|error| format!("{text:?} is no glob: {}", error.kind()))?;
        Ok(Self(glob.compile_matcher()))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(Path::new(text))
    }

    /// How much it says: how many characters stand before the first that may be any, and in all.
    fn says(&self) -> (usize, usize) {
        let glob = self.0.glob().glob();
        let plain = glob.find(WILD).unwrap_or(glob.len());
        let said = glob.chars().filter(|c| !WILD.contains(c));
        (plain, said.count())
    }

    /// Whether it matches all of these, which have nothing in common: then it matches whatever
    /// there is.
    pub(crate) fn is_all(&self, of: &[&str]) -> bool {
        of.iter().all(|text| self.matches(text))
    }
}

impl Policies {
    /// The built-in policy, then the site's, then the project's; each as its name and its text.
    ///
    /// # Errors
    ///
    /// When one of them is not valid, or the project's would loosen what the site's says.
    pub fn read(
        site: Option<(&str, &str)>,
        project: Option<(&str, &str)>,
    ) -> Result<Self, PolicyError> {
        let built_in = Text::new("built-in", BUILT_IN);
        let mut used = vec![built_in.used()];
        let mut policy = Policy::default().over(&built_in, true)?;
        let mut tried = Vec::new();
        let mut last = built_in;
        if let Some((name, text)) = site {
            last = Text::new(name, text);
            used.push(last.used());
            policy = policy.over(&last, true)?;
            tried.push(policy.clone());
        }
        if let Some((name, text)) = project {
            last = Text::new(name, text);
            used.push(last.used());
            // Where the site has none, the project's stands alone.
            tried.push(policy.over(&last, site.is_none())?);
        } else if tried.is_empty() {
            tried.push(policy);
        }
        Ok(Self { tried, used, last })
    }

    /// What is valid in the last policy and of no use on a day.
    pub fn notices(&self, today: Date) -> Vec<Remark> {
        notice::notices(self, today)
    }

    /// The policies that were read, the built-in one first.
    pub fn used(&self) -> &[PolicyUsed] {
        &self.used
    }

    /// Each policy that the image has to pass.
    pub(crate) fn tried(&self) -> &[Policy] {
        &self.tried
    }
}

impl Policy {
    /// The class of a destination: that of the glob that says most of its name, of equal ones the
    /// first in the order of the names of their classes; `public` where none matches.
    pub(crate) fn class(&self, destination: Option<&str>) -> &str {
        let Some(name) = destination else {
            return PUBLIC;
        };
        let classes = self.destinations.iter().rev();
        let fitting = classes.filter_map(|(name_of_class, class)| {
            let globs = class.matches.iter().map(|set| &set.value);
            let fitting = globs.filter(|glob| glob.matches(name));
            Some((fitting.map(Pattern::says).max()?, name_of_class))
        });
        fitting
            .max_by_key(|(says, _)| *says)
            .map_or(PUBLIC, |(_, class)| class)
    }

    /// What findings of a rule weigh at most at a class of destinations.
    pub(crate) fn level(&self, class: &str, rule: &str) -> Option<&Set<Level>> {
        let at = self.destinations.get(class).and_then(|d| d.rules.get(rule));
        at.or_else(|| self.rules.get(rule))
    }
}

#[cfg(test)]
mod tests;
