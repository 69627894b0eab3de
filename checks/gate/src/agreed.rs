//! What the site has agreed with vendors, and which files of an image that is about.

use std::collections::BTreeSet;

use hpcctl_model::gate::{Level, VendorDecisionUsed};
use hpcctl_model::scan::{Package, Restricted};

use crate::case::Context;
use crate::policy::{Set, VendorDecision};

/// The terms of vendors that a package or a file is under, and what was decided of them.
#[derive(Debug, Default)]
pub(crate) struct Terms<'a> {
    decided: Vec<&'a Set<VendorDecision>>,
    undecided: BTreeSet<&'a str>,
}

impl Terms<'_> {
    /// What holds for the vendor's own licence: the strictest decision, where all of the terms are
    /// decided on; else none.
    pub(crate) fn level(&self) -> Option<Set<Level>> {
        self.strictest().map(level)
    }

    fn strictest(&self) -> Option<&Set<VendorDecision>> {
        let decided = self.decided.iter().filter(|_| self.undecided.is_empty());
        decided.copied().max_by_key(|set| set.value.level)
    }

    /// What a finding on the vendor's licence says of it, with a space in front.
    pub(crate) fn told(&self) -> String {
        if let Some(decision) = self.strictest() {
            return said(decision);
        }
        if self.undecided.is_empty() {
            return String::new();
        }
        let under = row(&self.undecided);
        let decided = self.decided.iter().map(|set| set.value.terms.as_str());
        let decided: BTreeSet<&str> = decided.collect();
        let but = if decided.is_empty() {
            String::new()
        } else {
            format!(" The decision on {} is not about that.", row(&decided))
        };
        format!(" Its files are under {under}, see content.vendor.{but}")
    }

    /// What to do about them.
    pub(crate) fn remedy(&self) -> Option<String> {
        if self.strictest().is_some() {
            return Some("Replace it, or have the site decide anew.".to_owned());
        }
        (!self.undecided.is_empty()).then(|| {
            format!(
                "Have the site decide on {} ([[vendor.decision]]): that holds for this licence, too.",
                row(&self.undecided)
            )
        })
    }
}

fn row(names: &BTreeSet<&str>) -> String {
    let names: Vec<&str> = names.iter().copied().collect();
    names.join(", ")
}

/// The decision that holds today for files under these terms.
pub(crate) fn on<'a>(context: &Context<'a>, terms: &str) -> Option<&'a Set<VendorDecision>> {
    let mut decisions = context.policy.vendor.decisions.iter();
    decisions.find(|set| {
        let decision = &set.value;
        let term = decision.decided..=decision.expires;
        decision.terms == terms && term.contains(&context.today)
    })
}

/// The terms that the files of a package are under.
pub(crate) fn on_package<'a>(context: &Context<'a>, package: &Package) -> Terms<'a> {
    terms(context, |file| {
        let is_named = file.matched_by == "package"
            && file.detail.split(", ").next() == Some(package.purl.as_str());
        let mut paths = package.locations.iter().map(|location| &location.path);
        is_named || paths.any(|path| *path == file.path)
    })
}

/// The terms of a file, or of the tree that it lies in.
pub(crate) fn on_file<'a>(context: &Context<'a>, path: &str) -> Terms<'a> {
    terms(context, |file| {
        let below = path.strip_prefix(file.path.as_str());
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    })
}

fn terms<'a>(context: &Context<'a>, is_of: impl Fn(&Restricted) -> bool) -> Terms<'a> {
    let files = context.case.scan.restricted.iter();
    let mut terms = Terms::default();
    for file in files.filter(|file| !file.deleted && is_of(file)) {
        match on(context, &file.terms) {
            Some(decision) => terms.decided.push(decision),
            None => {
                terms.undecided.insert(&file.terms);
            }
        }
    }
    terms
}

/// What a decision says, and where.
pub(crate) fn level(set: &Set<VendorDecision>) -> Set<Level> {
    Set {
        value: set.value.level,
        origin: set.origin.clone(),
    }
}

/// Who decided, with a space in front.
pub(crate) fn said(set: &Set<VendorDecision>) -> String {
    let decision = &set.value;
    format!(
        " Decided on {} by {} ({}).",
        decision.terms, decision.owner, decision.reference
    )
}

/// The decisions that are about files of the image.
pub(crate) fn used(context: &Context<'_>) -> Vec<VendorDecisionUsed> {
    let decisions = context.policy.vendor.decisions.iter();
    let about = decisions.filter_map(|set| {
        let decision = &set.value;
        let files = context.case.scan.restricted.iter();
        let files = files.filter(|file| file.terms == decision.terms).count() as u64;
        let term = decision.decided..=decision.expires;
        let lapsed = !term.contains(&context.today);
        let note = format!(
            "It holds from {} to {}.",
            decision.decided, decision.expires
        );
        (files > 0).then(|| VendorDecisionUsed {
            terms: decision.terms.clone(),
            policy: set.origin.to_string(),
            level: decision.level,
            owner: decision.owner.clone(),
            reference: decision.reference.clone(),
            expires: decision.expires.to_string(),
            files,
            notes: lapsed.then_some(note).into_iter().collect(),
        })
    });
    about.collect()
}
