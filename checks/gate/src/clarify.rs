//! Which clarifications of a policy hold for which packages.

use hpcctl_model::gate::ClarificationUsed;
use hpcctl_model::scan::Package;

use crate::case::Context;
use crate::policy::{Clarification, Proof, Set};

/// The licence of a package that is judged: what the policy says that it is, while the evidence is as it
/// was, else what the scan concluded.
pub(crate) fn license<'a>(context: &Context<'a>, package: &'a Package) -> Option<&'a str> {
    let mut fitting = context.policy.clarifications.iter().filter(|set| {
        let clarification = &set.value;
        clarification.package.matches(&package.purl) && holds(context, clarification)
    });
    let clarified = fitting.next().map(|set| set.value.expression.as_str());
    clarified.or(package.licenses.concluded.as_deref())
}

/// Every clarification, with what became of it.
pub(crate) fn used(context: &Context<'_>) -> Vec<ClarificationUsed> {
    let sets = context.policy.clarifications.iter();
    sets.map(|set| one(context, set)).collect()
}

fn one(context: &Context<'_>, set: &Set<Clarification>) -> ClarificationUsed {
    let clarification = &set.value;
    let packages = context.case.scan.packages.iter();
    let matched = packages.filter(|package| clarification.package.matches(&package.purl));
    let matched = matched.count() as u64;
    let stale = clarification.evidence.iter();
    let stale = stale.filter_map(|proof| differs(context, proof));
    let mut notes: Vec<String> = stale.collect();
    let holds = notes.is_empty();
    if matched == 0 {
        notes.push("No package of this image has that purl, qualifiers included.".to_owned());
    }
    ClarificationUsed {
        package: clarification.package.to_string(),
        policy: set.origin.to_string(),
        expression: clarification.expression.clone(),
        reason: clarification.reason.clone(),
        packages: if holds { matched } else { 0 },
        notes,
    }
}

fn holds(context: &Context<'_>, clarification: &Clarification) -> bool {
    let mut evidence = clarification.evidence.iter();
    evidence.all(|proof| differs(context, proof).is_none())
}

/// Why a piece of evidence is not as it was.
fn differs(context: &Context<'_>, proof: &Proof) -> Option<String> {
    match proof {
        Proof::Image(digest) => {
            let found = context.case.scan.image.digest.as_deref();
            (found != Some(digest)).then(|| format!("It is about another image, {digest}."))
        }
        Proof::File { path, sha256 } => {
            let file = context
                .case
                .scan
                .files
                .iter()
                .find(|file| file.path == *path);
            match file.map(|file| file.sha256.as_deref()) {
                Some(Some(found)) if found == sha256 => None,
                Some(Some(found)) => Some(format!("{path} has the digest {found} now.")),
                Some(None) | None => Some(format!(
                    "{path} is no licence file of this image; evidence may be the image itself: image = \"sha256:…\"."
                )),
            }
        }
    }
}
