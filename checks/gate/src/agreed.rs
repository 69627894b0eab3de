//! What the site has agreed with vendors, and which files of an image that is about.

use hpcctl_model::gate::VendorDecisionUsed;

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
