//! `destination.class`: where the image is to go, and whether it can be told from others there.

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "destination.class",
    title: "the destination and the digest",
    manual: "\
What may stay in a lab may not leave the site: a policy has classes of destinations, by globs of
HOST/NAME, and what matches none is public. What is published is bound to what was gated by its
digest; a directory has none.

Judged by --to and the digest of the image.

Gate an image (oci:, oci-archive:, docker://) rather than a directory.",
    fixed: true,
    look,
    clean: "what was gated can be told from all else",
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let image = &context.case.scan.image;
    let is_bound = image.digest.is_some() || context.case.destination.is_none();
    if is_bound {
        return Vec::new();
    }
    let text = format!(
        "{} has no digest, so that what is published could not be bound to what was gated.",
        image.reference
    );
    vec![Raised {
        text,
        remedy: "Make an image of it and gate that: oci:, oci-archive: or docker://.".into(),
        ..Raised::default()
    }]
}
