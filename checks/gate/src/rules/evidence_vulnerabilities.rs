//! `evidence.vulnerabilities`: what a scanner of vulnerabilities found.

use super::{Raised, Rule, evidence_results};
use crate::case::Context;
use crate::evidence::{Evidence, VULNERABILITIES, Vulnerability};

pub(super) static RULE: Rule = Rule {
    id: "evidence.vulnerabilities",
    title: "vulnerabilities that a scanner found",
    manual: "\
hpcctl looks for no vulnerabilities; scanners of others do. What one of them wrote about this very
image can be handed in with --result: CycloneDX with vulnerabilities (a VEX document too) or SARIF.

Judged by what was handed in: each vulnerability at or above the severity of [results] counts, and
one that nobody rated counts, too. What an analysis calls resolved, a false positive or not
affecting, or what SARIF calls suppressed, does not; a VEX document about this image, not older than
max-age-days of [results], excuses what another result found. A result that does not name the digest of this image proves nothing and is
told. Whether such a result has to be there, and how old it may be, says [results] (rule
evidence.results).

Update the package, or state in a VEX document why the image is not affected.",
    fixed: false,
    look,
    clean: |_| "no result that was handed in names a vulnerability that counts".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let digest = context.case.scan.image.digest.as_deref();
    let results = context.case.results.iter();
    let results = results.filter(|result| result.kind == VULNERABILITIES);
    let (about, others): (Vec<_>, Vec<_>) = results.partition(|result| result.is_about(digest));
    let (old, fresh): (Vec<&Evidence>, Vec<&Evidence>) = about
        .iter()
        .partition(|result| evidence_results::too_old(context, result).is_some());
    let harmless: Vec<&Vulnerability> = fresh.iter().flat_map(|result| &result.harmless).collect();
    let least = context.policy.results.severity.as_ref();
    let counts = |one: &&Vulnerability| {
        let rated = one.severity.zip(least);
        let is_bad = rated.is_none_or(|(severity, least)| severity >= least.value);
        is_bad && !harmless.iter().any(|other| other.is_same(one))
    };
    let counted = about.iter().flat_map(|result| {
        let counting = result.vulnerabilities.iter().filter(counts);
        counting.map(|one| told(result, one, excuse(context, &old, one)))
    });
    counted.chain(others.into_iter().map(elsewhere)).collect()
}

/// That a document excuses it that is too old to, with a space in front.
fn excuse(context: &Context<'_>, old: &[&Evidence], one: &Vulnerability) -> String {
    let excuses = |result: &&&Evidence| result.harmless.iter().any(|other| other.is_same(one));
    let why = old.iter().find(excuses);
    let why = why.and_then(|result| evidence_results::too_old(context, result));
    why.map_or(String::new(), |why| {
        format!(" What excuses it does not count: {why}")
    })
}

fn told(result: &Evidence, one: &Vulnerability, excuse: String) -> Raised {
    let rated = match one.severity {
        Some(severity) => format!("is {}", severity.as_str()),
        None => "was not rated".to_owned(),
    };
    let is_package = one.place.starts_with("pkg:");
    Raised {
        text: format!("{} {rated} ({}).{excuse}", one.id, result.file),
        package: is_package.then(|| one.place.clone()),
        path: (!is_package && !one.place.is_empty()).then(|| one.place.clone()),
        remedy: "Update it, or state in a VEX document why the image is not affected.".into(),
        ..Raised::default()
    }
}

fn elsewhere(result: &Evidence) -> Raised {
    Raised {
        text: format!("{} does not say that it is about this image.", result.file),
        remedy: "Let the scanner look at the image by its digest, and hand in what it wrote then."
            .into(),
        ..Raised::default()
    }
}
