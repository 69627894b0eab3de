//! What the site has agreed with vendors, and which files of an image that is about.

use hpcctl_model::gate::{Level, VendorDecisionUsed};
use hpcctl_model::scan::{Package, Restricted};

use crate::case::Context;
use crate::policy::{Set, VendorDecision};

/// The decision that holds today for files under these terms.
pub(crate) fn on<'a>(context: &Context<'a>, terms: &str) -> Option<&'a Set<VendorDecision>> {
    let mut decisions = context.policy.vendor.decisions.iter();
    decisions.find(|set| {
        let decision = &set.value;
        let term = decision.decided..=decision.expires;
        decision.terms == terms && term.contains(&context.today)
    })
}

/// What was decided of the files of a package, where all of them whose terms are in the table are
/// decided on; else none.
pub(crate) fn on_package(context: &Context<'_>, package: &Package) -> Option<Set<Level>> {
    worst(context, |file| {
        let is_named = file.matched_by == "package"
            && file.detail.split(", ").next() == Some(package.purl.as_str());
        let mut paths = package.locations.iter().map(|location| &location.path);
        is_named || paths.any(|path| *path == file.path)
    })
}

/// What was decided of a file, or of the tree that it lies in.
pub(crate) fn on_file(context: &Context<'_>, path: &str) -> Option<Set<Level>> {
    worst(context, |file| {
        let below = path.strip_prefix(file.path.as_str());
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    })
}

fn worst(context: &Context<'_>, is_of: impl Fn(&Restricted) -> bool) -> Option<Set<Level>> {
    let files = context.case.scan.restricted.iter();
    let files = files.filter(|file| !file.deleted && is_of(file));
    let levels: Option<Vec<Set<Level>>> = files
        .map(|file| on(context, &file.terms).map(level))
        .collect();
    levels?.into_iter().max_by_key(|level| level.value)
}

/// What a decision says, and where.
pub(crate) fn level(set: &Set<VendorDecision>) -> Set<Level> {
    Set {
        value: set.value.level,
        origin: set.origin.clone(),
    }
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
