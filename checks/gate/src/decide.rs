//! From a case and the policies to a decision.
//!
//! Each policy is tried on its own and the worse counts, so that a project's policy can only
//! tighten. A finding weighs what the policy says of the very thing, at most what it says of the
//! rule; what a waiver covers stays in the report and does not count.

use std::collections::BTreeMap;

use hpcctl_model::gate::{
    Decision, Destination, Finding, Gate, Level, Outcome, RuleResult, Subject,
};
use hpcctl_model::hex;
use sha2::{Digest, Sha256};

use crate::case::{Case, Context};
use crate::policy::{Origin, Policies, Set};
use crate::rules::{RULES, Raised, Rule};
use crate::{agreed, choices, clarify, waive};

/// How many bytes of the digest make the id of a finding.
pub(crate) const ID_BYTES: usize = 6;

/// Decides.
pub fn decide(case: Case<'_>, policies: &Policies) -> Gate {
    let decisions: Vec<Vec<RuleResult>> = policies
        .tried()
        .iter()
        .map(|policy| {
            let context = Context::new(case, policy);
            RULES.iter().map(|rule| result(&context, rule)).collect()
        })
        .collect();
    let rules = decisions.into_iter().reduce(worse_of).unwrap_or_default();
    let outcome = rules.iter().map(|rule| rule.outcome).max();
    let image = &case.scan.image;
    // The last policy says the most. The class is that of the first: where the site has a policy, a
    // project cannot move a destination to a milder class.
    let last = policies.tried().last();
    let last = last.map(|policy| Context::new(case, policy));
    let class = policies
        .tried()
        .first()
        .map_or("", |policy| policy.class(case.destination));
    Gate {
        subject: Subject {
            reference: image.reference.clone(),
            digest: image.digest.clone(),
            format: image.format.clone(),
            platform: image.platform.clone(),
            other_platforms: image.other_platforms.clone(),
        },
        destination: Destination {
            name: case.destination.map(str::to_owned),
            class: class.to_owned(),
        },
        policies: policies.used().to_vec(),
        now: case.now.to_string(),
        waivers: last
            .as_ref()
            .map_or_else(Vec::new, |context| waive::used(context, &rules)),
        clarifications: last.as_ref().map_or_else(Vec::new, clarify::used),
        vendor_decisions: last.as_ref().map_or_else(Vec::new, agreed::used),
        choices: last.as_ref().map_or_else(Vec::new, choices::made),
        decision: Decision {
            // Without a rule nothing was looked at.
            outcome: outcome.unwrap_or(Outcome::Incomplete),
            rules,
        },
    }
}

fn result(context: &Context<'_>, rule: &Rule) -> RuleResult {
    let cap = context.policy.level(context.class, rule.id);
    let applies = rule.fixed || cap.is_some_and(|cap| cap.value > Level::Allow);
    let raised = if applies {
        (rule.look)(context)
    } else {
        Vec::new()
    };
    let findings = raised
        .into_iter()
        .map(|raised| finding(context, rule, cap, raised));
    let mut findings: Vec<Finding> = findings
        .filter(|finding| finding.level > Level::Allow)
        .collect();
    sort(&mut findings);
    let summary = match (applies, findings.len()) {
        (false, _) => format!(
            "{} does not apply: {}",
            rule.id,
            cap.map_or(String::new(), |cap| cap.origin.to_string())
        ),
        (true, 0) => (rule.clean)(context).into_owned(),
        (true, _) => summary(&findings),
    };
    let mut waived_by: Vec<String> = findings
        .iter()
        .filter_map(|finding| finding.waived_by.clone())
        .collect();
    waived_by.sort_unstable();
    waived_by.dedup();
    RuleResult {
        id: rule.id.to_owned(),
        title: rule.title.to_owned(),
        outcome: outcome(rule.id, &findings),
        summary,
        findings,
        waived_by,
    }
}

/// How many findings there are, of which kind: what only warns and what is waived does not count.
fn summary(findings: &[Finding]) -> String {
    let is_waived = |finding: &&Finding| finding.waived_by.is_some();
    let (waived, others): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(is_waived);
    let warnings = others.iter().filter(|it| it.level == Level::Warn).count();
    let counts = [
        (others.len() - warnings, "finding", "findings"),
        (warnings, "warning", "warnings"),
        (waived.len(), "waived", "waived"),
    ];
    let counts = counts.iter().filter(|(count, ..)| *count > 0);
    let told = counts.map(|(count, one, many)| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The worst of the findings that no waiver covers.
fn outcome(rule: &str, findings: &[Finding]) -> Outcome {
    let counting = findings
        .iter()
        .filter(|finding| finding.waived_by.is_none());
    let worst = counting.map(|finding| finding.level.outcome()).max();
    match worst.unwrap_or(Outcome::Allow) {
        Outcome::Deny if rule == "scan.complete" => Outcome::Incomplete,
        outcome => outcome,
    }
}

fn finding(
    context: &Context<'_>,
    rule: &Rule,
    cap: Option<&Set<Level>>,
    raised: Raised,
) -> Finding {
    let (level, origin) = match (raised.level, cap) {
        (Some(own), Some(cap)) if cap.value < own.value => (cap.value, Some(&cap.origin).cloned()),
        (Some(own), _) => (own.value, Some(own.origin)),
        (None, Some(cap)) => (cap.value, Some(cap.origin.clone())),
        (None, None) => (Level::Deny, None),
    };
    let image = &context.case.scan.image;
    let identity = [
        rule.id,
        image.digest.as_deref().unwrap_or(&image.reference),
        raised.layer.as_deref().unwrap_or(""),
        raised.path.as_deref().unwrap_or(""),
        raised.package.as_deref().unwrap_or(""),
        // Two findings of one file differ in what they say.
        &raised.text,
    ];
    let mut finding = Finding {
        id: id(&identity),
        level,
        created_by: context
            .created_by(raised.layer.as_deref())
            .map(str::to_owned),
        text: raised.text,
        layer: raised.layer,
        path: raised.path,
        deleted: raised.deleted,
        package: raised.package,
        license: raised.license,
        offending_license: raised.offending_license,
        sha256: raised.sha256,
        policy: origin.map_or_else(|| "fixed".to_owned(), |origin: Origin| origin.to_string()),
        remedy: raised.remedy,
        waived_by: None,
    };
    if !rule.fixed {
        let waivers = context.policy.waivers.iter().map(|set| &set.value);
        let mut fitting = waivers.filter(|waiver| {
            (waiver.from..=waiver.expires).contains(&context.today)
                && waive::covers(waiver, rule.id, &finding, context)
        });
        finding.waived_by = fitting.next().map(|waiver| waiver.id.clone());
    }
    finding
}

fn id(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    hex(&digest.finalize()[..ID_BYTES])
}

/// Worst first, what is waived last.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| {
            (
                finding.waived_by.is_some(),
                std::cmp::Reverse(finding.level),
            )
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| (&a.path, &a.package, &a.text).cmp(&(&b.path, &b.package, &b.text)))
    });
}

/// Of two decisions on the same case rule by rule the findings of both, each as the stricter has it.
fn worse_of(a: Vec<RuleResult>, b: Vec<RuleResult>) -> Vec<RuleResult> {
    let both = a.into_iter().zip(b);
    both.map(|(a, b)| {
        let mut findings: BTreeMap<String, Finding> = BTreeMap::new();
        for finding in a.findings.into_iter().chain(b.findings) {
            let weight = |finding: &Finding| (finding.waived_by.is_none(), finding.level);
            match findings.get_mut(&finding.id) {
                Some(known) if weight(known) >= weight(&finding) => {}
                Some(known) => *known = finding,
                None => {
                    findings.insert(finding.id.clone(), finding);
                }
            }
        }
        let mut findings: Vec<Finding> = findings.into_values().collect();
        sort(&mut findings);
        let summary = match (findings.is_empty(), a.outcome > b.outcome) {
            (false, _) => summary(&findings),
            (true, true) => a.summary,
            (true, false) => b.summary,
        };
        let mut waived_by = [a.waived_by, b.waived_by].concat();
        waived_by.sort_unstable();
        waived_by.dedup();
        RuleResult {
            outcome: outcome(&a.id, &findings),
            id: a.id,
            title: a.title,
            summary,
            findings,
            waived_by,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests;
