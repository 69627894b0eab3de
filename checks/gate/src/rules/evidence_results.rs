//! `evidence.results`: other results of the same image.

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "evidence.results",
    title: "results of doctor and bench",
    manual: "\
A site may ask that an image was tried before it is published: that a runtime can run it (`hpcctl
doctor --image REF -o json`), and what it costs (`hpcctl bench`).

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
        let fitting = of_kind.find(|result| result.digest.as_deref() == digest && digest.is_some());
        let Some(result) = fitting else {
            raised.push(told(format!(
                "No result of {kind} about this digest was handed in."
            )));
            continue;
        };
        let days = context.case.now.duration_since(result.made).as_hours() / 24;
        let most = results.max_age_days.as_ref();
        if let Some(most) = most.filter(|most| days > i64::from(most.value) || days < 0) {
            let text = format!(
                "{} is {days} days old; {} are allowed ({}).",
                result.file, most.value, most.origin
            );
            raised.push(told(text));
        }
        let against = result.against.iter();
        raised.extend(against.map(|text| told(format!("{}: {text}", result.file))));
    }
    raised
}

fn told(text: String) -> Raised {
    Raised {
        text,
        remedy: "Run the command on this image and hand in its JSON with --result.".into(),
        ..Raised::default()
    }
}
