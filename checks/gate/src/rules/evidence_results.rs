//! `evidence.results`: other results of the same image.

use super::{Raised, Rule};
use crate::case::Context;
use crate::evidence::Evidence;

pub(super) static RULE: Rule = Rule {
    id: "evidence.results",
    title: "results of doctor and bench",
    manual: "\
A site may ask that an image was tried before it is published: that a runtime can run it (`hpcctl
doctor --image REF -o json`), what it costs (`hpcctl bench`), and that a scanner looked for
vulnerabilities (CycloneDX or SARIF).

Judged by the results that --result hands in: each kind that [results] requires has to be there,
about the same digest, not older than max-age-days, and without anything that failed.

Run the command on the image and hand in its JSON.",
    fixed: false,
    look,
    clean: "the results that the policy asks for are there",
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let results = &context.policy.results;
    let digest = context.case.scan.image.digest.as_deref();
    let mut raised = Vec::new();
    for kind in results.required.iter().flat_map(|set| &set.value) {
        let mut of_kind = context
            .case
            .results
            .iter()
            .filter(|result| result.kind == *kind);
        let fitting = of_kind.find(|result| result.is_about(digest));
        let Some(result) = fitting else {
            raised.push(told(format!(
                "No result of {kind} about this digest was handed in."
            )));
            continue;
        };
        raised.extend(too_old(context, result).map(told));
        let against = result.against.iter();
        raised.extend(against.map(|text| told(format!("{}: {text}", result.file))));
    }
    raised
}

/// Why the age of a result is against it.
fn too_old(context: &Context<'_>, result: &Evidence) -> Option<String> {
    let most = context.policy.results.max_age_days.as_ref()?;
    let Some(made) = result.made else {
        let text = format!(
            "{} does not say when it was made; {} days are allowed ({}).",
            result.file, most.value, most.origin
        );
        return Some(text);
    };
    let days = context.case.now.duration_since(made).as_hours() / 24;
    let is_fresh = (0..=i64::from(most.value)).contains(&days);
    (!is_fresh).then(|| {
        format!(
            "{} is {days} days old; {} are allowed ({}).",
            result.file, most.value, most.origin
        )
    })
}

fn told(text: String) -> Raised {
    Raised {
        text,
        remedy: "Run the command on this image and hand in its JSON with --result.".into(),
        ..Raised::default()
    }
}
