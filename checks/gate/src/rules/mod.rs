//! The rules, one file each; [`RULES`] is the list that everything else is made from.

use std::borrow::Cow;
use std::fmt;

use hpcctl_model::gate::Level;

use crate::case::Context;
use crate::policy::Set;

mod content_archive;
mod content_data;
mod content_unowned;
mod content_vendor;
mod destination_class;
mod evidence_results;
mod evidence_vulnerabilities;
mod file_privileged;
mod host_coupling;
mod image_base;
mod image_labels;
mod image_size;
mod layer_history;
mod license_notice;
mod license_source;
mod license_terms;
mod scan_complete;
mod secret_general;
mod secret_hpc;

/// A rule: a row of [`RULES`].
#[derive(Clone, Copy)]
pub struct Rule {
    /// The stable id.
    pub id: &'static str,
    /// What it looks at, in a few words.
    pub title: &'static str,
    /// Its manual: what, why, how it is judged, what to do.
    pub manual: &'static str,
    /// Whether its findings cannot be lowered or waived.
    pub fixed: bool,
    /// Looks at the image.
    pub(crate) look: fn(&Context<'_>) -> Vec<Raised>,
    /// What is said where it finds nothing.
    pub(crate) clean: fn(&Context<'_>) -> Cow<'static, str>,
}

/// Every rule, in the order of the reports.
pub static RULES: &[&Rule] = &[
    &scan_complete::RULE,
    &destination_class::RULE,
    &license_terms::RULE,
    &content_vendor::RULE,
    &secret_general::RULE,
    &secret_hpc::RULE,
    &layer_history::RULE,
    &content_archive::RULE,
    &content_unowned::RULE,
    &content_data::RULE,
    &file_privileged::RULE,
    &image_base::RULE,
    &image_labels::RULE,
    &image_size::RULE,
    &license_source::RULE,
    &license_notice::RULE,
    &evidence_results::RULE,
    &evidence_vulnerabilities::RULE,
    &host_coupling::RULE,
];

/// Something that a rule found, before the policy's level and the waivers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raised {
    /// What the policy says of this very thing; none is what it says of the rule.
    pub(crate) level: Option<Set<Level>>,
    /// What was found, in a sentence.
    pub(crate) text: String,
    pub(crate) layer: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) deleted: bool,
    pub(crate) package: Option<String>,
    pub(crate) license: Option<String>,
    /// The licence in it that it is about.
    pub(crate) offending_license: Option<String>,
    pub(crate) sha256: Option<String>,
    /// What to do.
    pub(crate) remedy: String,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_what_it_is() {
        let mut ids = Vec::new();
        for rule in RULES {
            assert!(rule.id.split('.').count() == 2, "{}", rule.id);
            for text in [rule.title, rule.manual] {
                assert!(!text.is_empty(), "{}", rule.id);
            }
            assert!(!ids.contains(&rule.id), "{} is there twice", rule.id);
            ids.push(rule.id);
        }
    }

    #[test]
    fn every_file_is_a_row() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
        for entry in std::fs::read_dir(dir).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let id = name.trim_end_matches(".rs").replacen('_', ".", 1);
            let known = RULES.iter().any(|rule| rule.id.replace('-', "_") == id);
            assert!(known || name == "mod.rs", "{name} is no row of RULES");
        }
    }
}
