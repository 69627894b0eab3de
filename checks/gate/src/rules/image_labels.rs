//! `image.labels`: what the image says of itself.

use jiff::Timestamp;

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "image.labels",
    title: "labels and age",
    manual: "\
Whoever finds an image in a registry in two years wants to know whose it is and where its source
lies: org.opencontainers.image.source, vendor, revision, licenses, base.name (image-spec,
annotations).

Judged by the labels of the configuration against [image] required-labels, and by its `created`
against max-age-days.

Set them while building: LABEL in a Containerfile, --label of podman build.",
    fixed: false,
    look,
    clean: |_| "the labels that the policy asks for are there".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let image = &context.case.scan.image;
    let limits = &context.policy.image;
    let mut raised = Vec::new();
    for label in limits.required_labels.iter().flat_map(|set| &set.value) {
        if image
            .labels
            .get(label)
            .is_none_or(|value| value.trim().is_empty())
        {
            raised.push(Raised {
                text: format!("The image has no label {label}."),
                remedy: format!("Build it with --label {label}=…"),
                ..Raised::default()
            });
        }
    }
    let Some(most) = &limits.max_age_days else {
        return raised;
    };
    let made: Option<Timestamp> = image.created.as_deref().and_then(|text| text.parse().ok());
    let text = match made {
        None => Some("The image does not say when it was made.".to_owned()),
        Some(made) => {
            let days = context.case.now.duration_since(made).as_hours() / 24;
            (days > i64::from(most.value)).then(|| {
                format!(
                    "The image is {days} days old, more than {} ({}).",
                    most.value, most.origin
                )
            })
        }
    };
    raised.extend(text.map(|text| Raised {
        text,
        remedy: "Build it anew on a base that is up to date.".into(),
        ..Raised::default()
    }));
    raised
}
