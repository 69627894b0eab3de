//! `image.base`: whether the image is built on a base that the site approves of.

use hpcctl_model::gate::Level;
use hpcctl_model::scan::Image;

use super::{Raised, Rule};
use crate::case::Context;
use crate::policy::Base;

pub(super) static RULE: Rule = Rule {
    id: "image.base",
    title: "the base of the image",
    manual: "\
A base that the site approves of was looked at once, and is kept up to date by somebody. An image
on it begins with its plain layers, digest by digest; labels can say anything.

Judged by the digests of the plain layers against [[base.approved]]. A policy that approves of no
base has nothing to compare with: where it only warns, nothing is told, and where it asks for more,
no image can be on an approved base.

Build on one of the bases that are named.",
    fixed: false,
    look,
    clean: |_| "no approved base that it should be built on and is not".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let approved = &context.policy.approved;
    let image = &context.case.scan.image;
    let level = context.policy.level(context.class, RULE.id);
    let only_warns = level.is_none_or(|level| level.value <= Level::Warn);
    if base(context).is_some() || (approved.is_empty() && only_warns) {
        return Vec::new();
    }
    if approved.is_empty() {
        return vec![Raised {
            text: "The policy approves of no base, and asks for one.".into(),
            remedy: "Name the bases that images may be built on: [[base.approved]].".into(),
            ..Raised::default()
        }];
    }
    let names: Vec<&str> = approved.iter().map(|set| &*set.value.name).collect();
    let says = image.labels.get("org.opencontainers.image.base.name");
    let says = says.map_or(String::new(), |name| format!(" Its label says {name}."));
    vec![Raised {
        text: format!("The image is built on none of the approved bases.{says}"),
        remedy: format!("Build on {}.", names.join(", ")),
        ..Raised::default()
    }]
}

/// The approved base with most layers that the image begins with.
fn base<'a>(context: &Context<'a>) -> Option<&'a Base> {
    let approved = context.policy.approved.iter().map(|set| &set.value);
    let fitting = approved.filter(|base| begins_with(&context.case.scan.image, base));
    fitting.max_by_key(|base| base.diff_ids.len())
}

fn begins_with(image: &Image, base: &Base) -> bool {
    let layers = image.layers.iter().map(|layer| layer.diff_id.as_deref());
    let mut both = layers.zip(&base.diff_ids);
    base.diff_ids.len() <= image.layers.len()
        && both.all(|(layer, diff_id)| layer == Some(diff_id.as_str()))
}

/// Whether an approved base brought a layer.
pub(super) fn brought(context: &Context<'_>, layer: Option<&str>) -> bool {
    let Some(base) = base(context) else {
        return false;
    };
    let mut layers = context
        .case
        .scan
        .image
        .layers
        .iter()
        .take(base.diff_ids.len());
    layer.is_some() && layers.any(|known| known.digest.as_deref() == layer)
}
