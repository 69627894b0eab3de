//! Which findings the waivers of a policy cover.

use hpcctl_model::gate::{Finding, RuleResult, WaiverState, WaiverUsed};

use crate::case::Context;
use crate::policy::{LICENSES, PACKAGES, PATHS, Pattern, Set, Waiver};

/// Whether a waiver is about a finding, whatever the day.
pub(crate) fn covers(
    waiver: &Waiver,
    rule: &str,
    finding: &Finding,
    context: &Context<'_>,
) -> bool {
    let image = &context.case.scan.image;
    let fits = |pattern: &Option<Pattern>, text: Option<&str>| {
        pattern
            .as_ref()
            .is_none_or(|pattern| text.is_some_and(|text| pattern.matches(text)))
    };
    let is_image = waiver.image.as_ref().is_none_or(|pattern| {
        let names = [
            Some(&*image.reference),
            image.digest.as_deref(),
            context.case.destination,
        ];
        names
            .into_iter()
            .flatten()
            .any(|name| pattern.matches(name))
    });
    waiver.rule == rule
        && is_image
        && fits(&waiver.package, finding.package.as_deref())
        && fits(&waiver.path, finding.path.as_deref())
        && is_license(waiver, finding)
        && waiver.finding.as_ref().is_none_or(|id| finding.id == *id)
        && waiver
            .sha256
            .as_ref()
            .is_none_or(|digest| finding.sha256.as_ref() == Some(digest))
}

/// Whether a waiver is about the licence of a finding: the one that the finding is about. A glob
/// over a whole expression would cover what stands in it besides, so that has to be named in full.
fn is_license(waiver: &Waiver, finding: &Finding) -> bool {
    let Some(pattern) = &waiver.license else {
        return true;
    };
    let Finding {
        license,
        offending_license,
        ..
    } = finding;
    let is_whole = license.as_ref() == Some(&pattern.to_string());
    let about = offending_license.as_ref().or(license.as_ref());
    is_whole || about.is_some_and(|license| pattern.matches(license))
}

/// Every waiver of the policy, with what became of it.
pub(crate) fn used(context: &Context<'_>, rules: &[RuleResult]) -> Vec<WaiverUsed> {
    let waivers = context.policy.waivers.iter();
    waivers.map(|set| one(context, set, rules)).collect()
}

fn one(context: &Context<'_>, set: &Set<Waiver>, rules: &[RuleResult]) -> WaiverUsed {
    let waiver = &set.value;
    let findings = || {
        rules
            .iter()
            .filter(|rule| rule.id == waiver.rule)
            .flat_map(|rule| &rule.findings)
    };
    let is_used = findings().any(|finding| finding.waived_by.as_ref() == Some(&waiver.id));
    let would = findings().any(|finding| covers(waiver, waiver.rule, finding, context));
    let state = match (is_used, would) {
        (true, _) => WaiverState::Used,
        (false, true) if context.today < waiver.from => WaiverState::Early,
        (false, true) if context.today > waiver.expires => WaiverState::Lapsed,
        _ => WaiverState::Unused,
    };
    let mut notes = Vec::new();
    let left = context
        .today
        .until(waiver.expires)
        .map_or(i32::MAX, |span| span.get_days());
    let warn = context.policy.waiver_terms.warn_days.as_ref();
    if state == WaiverState::Used
        && warn.is_some_and(|warn| i64::from(left) <= i64::from(warn.value))
    {
        notes.push(format!("It lapses in {left} days."));
    }
    if matches!(state, WaiverState::Early | WaiverState::Lapsed) {
        notes.push(format!(
            "It holds from {} to {}; what it would cover counts.",
            waiver.from, waiver.expires
        ));
    }
    if state == WaiverState::Unused {
        notes.push(match would {
            true => "Another waiver before it covers what it would.".to_owned(),
            false => "It covers nothing in this image.".to_owned(),
        });
    }
    if is_broad(waiver) {
        let note =
            "It names no package, path, licence, digest or finding: it covers the whole rule.";
        notes.push(note.to_owned());
    }
    WaiverUsed {
        id: waiver.id.clone(),
        policy: set.origin.to_string(),
        owner: waiver.owner.clone(),
        approved_by: waiver.approved_by.clone(),
        reason: waiver.reason.clone(),
        ticket: waiver.ticket.clone(),
        expires: waiver.expires.to_string(),
        state,
        notes,
    }
}

/// Whether it covers all findings of a rule.
pub(crate) fn is_broad(waiver: &Waiver) -> bool {
    let named = [
        (&waiver.package, PACKAGES),
        (&waiver.path, PATHS),
        (&waiver.license, LICENSES),
    ];
    let exact = [&waiver.sha256, &waiver.finding];
    let mut named = named.into_iter();
    named.all(|(pattern, of)| pattern.as_ref().is_none_or(|pattern| pattern.is_all(of)))
        && exact.iter().all(|exact| exact.is_none())
}
