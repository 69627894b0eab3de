//! The verdict: what the licences say, and what is in an image, or on a host, that nobody may hand
//! out.

use hpcctl_license_db::policy::{Subject, judge, reason_of};
use hpcctl_model::scan::{Outcome, Reason, Redistribution, Removed, RemovedKind, UNREAD, Verdict};

use crate::held;

/// Judges licences, keys and the files of vendors, also those that a later layer removes; the worst
/// of them counts.
pub(crate) fn verdict(subjects: &[Subject<'_>], whole: bool, held: &held::Report) -> Verdict {
    let keys = held
        .sensitive
        .iter()
        .filter(|one| !one.doubtful)
        .map(|one| match one.rule == UNREAD {
            true => {
                let text = "was not looked into as a whole.";
                reason(Outcome::Undetermined, &one.path, text)
            }
            false => {
                let text = "gives access to whoever gets it.";
                reason(Outcome::Refused, &one.path, text)
            }
        });
    let removed = held.removed.iter().filter_map(of_removed);
    let files = held.restricted.iter().filter_map(|one| {
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
    judge(subjects, whole, keys.chain(files).chain(removed).collect())
}

/// What the licence of something that a later layer removed says.
fn of_removed(removed: &Removed) -> Option<Reason> {
    if !matches!(removed.kind, RemovedKind::Package | RemovedKind::Licensed) {
        return None;
    }
    let reason = reason_of(&Subject {
        name: removed.package.as_deref().unwrap_or(&removed.path),
        license: removed.licenses.as_deref(),
    })?;
    Some(Reason {
        text: format!(
            "{} A later layer removes it, and it ships all the same.",
            reason.text
        ),
        ..reason
    })
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
    use hpcctl_model::scan::{Restricted, Sensitive};

    use super::*;

    #[test]
    fn keys_and_files_of_vendors_count() {
        let subjects = [Subject {
            name: "a",
            license: Some("MIT"),
        }];
        let key = |doubtful| Sensitive {
            path: "/root/.ssh/id".into(),
            also: Vec::new(),
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
            let held = held::Report {
                sensitive: sensitive.to_vec(),
                restricted: restricted.to_vec(),
                ..held::Report::default()
            };
            verdict(&subjects, true, &held).outcome
        };
        assert_eq!(outcome(&[], &[]), Outcome::Publishable);
        assert_eq!(outcome(&[key(true)], &[]), Outcome::Publishable);
        assert_eq!(outcome(&[key(false)], &[]), Outcome::Refused);
        let unread = Sensitive {
            rule: UNREAD.into(),
            ..key(false)
        };
        assert_eq!(outcome(&[unread], &[]), Outcome::Undetermined);
        for (state, expected) in [
            (Redistribution::Yes, Outcome::Publishable),
            (Redistribution::Conditional, Outcome::Conditional),
            (Redistribution::NeedsDecision, Outcome::Undetermined),
            (Redistribution::No, Outcome::Refused),
        ] {
            assert_eq!(outcome(&[], &[file(state)]), expected);
        }
    }

    #[test]
    fn what_a_later_layer_removes_counts() {
        let subjects = [Subject {
            name: "a",
            license: Some("MIT"),
        }];
        let verdict = |kind, licenses: Option<&str>| {
            let removed = Removed {
                path: "/var/lib/dpkg/status".into(),
                layer: None,
                kind,
                package: Some("b 1 (deb)".into()),
                licenses: licenses.map(str::to_owned),
                bytes: None,
            };
            let held = held::Report {
                removed: vec![removed],
                ..held::Report::default()
            };
            verdict(&subjects, true, &held)
        };
        for (kind, licenses, expected) in [
            (RemovedKind::Package, Some("ISC"), Outcome::Publishable),
            (
                RemovedKind::Package,
                Some("GPL-2.0-only"),
                Outcome::Conditional,
            ),
            (RemovedKind::Package, None, Outcome::Undetermined),
            (
                RemovedKind::Licensed,
                Some("CC-BY-NC-4.0"),
                Outcome::Refused,
            ),
            (RemovedKind::Program, None, Outcome::Publishable),
        ] {
            let verdict = verdict(kind, licenses);
            assert_eq!(verdict.outcome, expected, "{licenses:?}");
            for reason in verdict.reasons {
                assert_eq!(reason.subject, "b 1 (deb)");
                assert!(
                    reason.text.ends_with("it ships all the same."),
                    "{}",
                    reason.text
                );
            }
        }
    }
}
