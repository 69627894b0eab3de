//! The verdict: what the licences say, and what is in an image that nobody may hand out.

use hpcctl_license_db::policy::{Subject, judge};
use hpcctl_model::scan::{Outcome, Reason, Redistribution, Restricted, Sensitive, Verdict};

/// Judges licences, keys and the files of vendors; the worst of them counts.
pub(crate) fn verdict(
    subjects: &[Subject<'_>],
    whole: bool,
    sensitive: &[Sensitive],
    restricted: &[Restricted],
) -> Verdict {
    let keys = sensitive.iter().filter(|one| !one.doubtful).map(|one| {
        let text = "gives access to whoever pulls the image.";
        reason(Outcome::Refused, &one.path, text)
    });
    let files = restricted.iter().filter_map(|one| {
        let (outcome, text) = match one.state {
            Redistribution::Yes => return None,
            Redistribution::Conditional => (
                Outcome::Conditional,
                "may be passed on under the conditions of its holder.",
            ),
            Redistribution::NeedsDecision => (
                Outcome::Undetermined,
                "may be passed on if the site's agreement with its holder says so.",
            ),
            Redistribution::No => (
                Outcome::Refused,
                "may not be passed on, by the terms of its holder.",
            ),
        };
        Some(reason(outcome, &one.path, text))
    });
    judge(subjects, whole, keys.chain(files).collect())
}

fn reason(outcome: Outcome, path: &str, text: &str) -> Reason {
    Reason {
        outcome,
        subject: path.to_owned(),
        license: None,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_files_of_vendors_count() {
        let subjects = [Subject {
            name: "a",
            license: Some("MIT"),
        }];
        let key = |doubtful| Sensitive {
            path: "/root/.ssh/id".into(),
            layer: None,
            rule: "secret.private-key".into(),
            line: None,
            text: "a private key".into(),
            doubtful,
            deleted: false,
        };
        let file = |state| Restricted {
            path: "/lib/libcuda.so.1".into(),
            layer: None,
            terms: "nvidia.driver".into(),
            state,
            matched_by: "soname".into(),
            detail: "libcuda.so.1".into(),
            text: String::new(),
            source: String::new(),
            deleted: false,
            package: None,
        };
        let outcome = |sensitive: &[Sensitive], restricted: &[Restricted]| {
            verdict(&subjects, true, sensitive, restricted).outcome
        };
        assert_eq!(outcome(&[], &[]), Outcome::Publishable);
        assert_eq!(outcome(&[key(true)], &[]), Outcome::Publishable);
        assert_eq!(outcome(&[key(false)], &[]), Outcome::Refused);
        for (state, expected) in [
            (Redistribution::Yes, Outcome::Publishable),
            (Redistribution::Conditional, Outcome::Conditional),
            (Redistribution::NeedsDecision, Outcome::Undetermined),
            (Redistribution::No, Outcome::Refused),
        ] {
            assert_eq!(outcome(&[], &[file(state)]), expected);
        }
    }
}
