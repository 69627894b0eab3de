//! `destination.class`: where the image is to go, and whether it can be told from others there.

use std::borrow::Cow;

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "destination.class",
    title: "the destination and the digest",
    manual: "\
What may stay in a lab may not leave the site: a policy has classes of destinations, by globs of
HOST/NAME. In a glob * is any text without a slash, ? one character but a slash, [ab] one of some and
[!ab] one of all others, {a,b} one of some texts, and ** between slashes any number of names. The glob
that says most of the name counts (most characters before its first *, ?, [ or {, then most in all),
and what matches none is public. What is published is bound to what was gated by its digest; a
directory has none.

Judged by --to, the digest of the image, and whether hpcctl publish can take its form: what it would
have to write anew is not what was gated.

Gate an image (oci:, oci-archive:, docker://) rather than a directory, a docker-archive or a SIF
image; what goes to no registry is gated without --to.",
    fixed: true,
    look,
    clean,
};

fn clean(context: &Context<'_>) -> Cow<'static, str> {
    match (&context.case.scan.image.digest, context.case.destination) {
        (None, _) => "no destination is named; without a digest it could go to none".into(),
        (Some(_), None) => "no destination is named".into(),
        (Some(_), Some(_)) => "what was gated can be told from all else".into(),
    }
}

fn look(context: &Context<'_>) -> Vec<Raised> {
    let image = &context.case.scan.image;
    let is_published = PUBLISHED.contains(&image.format.as_str());
    if context.case.destination.is_none() || (image.digest.is_some() && is_published) {
        return Vec::new();
    }
    let reference = &image.reference;
    let (text, remedy) = match (&image.digest, image.format.as_str()) {
        (None, _) => (
            format!("{reference} has no digest, so that what is published could not be bound to what was gated."),
            "Make an image of it and gate that: oci:, oci-archive: or docker://.".to_owned(),
        ),
        (Some(_), format) => (
            format!("{reference} is of the form {format}, which hpcctl publish would have to write anew: other bytes than these would be published."),
            match format {
                "docker-archive" | "containers-storage" => {
                    format!("skopeo copy {reference} oci-archive:FILE, and gate that file.")
                }
                _ => "Gate the image that it was made of: oci:, oci-archive: or docker://; or leave out --to.".to_owned(),
            },
        ),
    };
    vec![Raised {
        text,
        remedy,
        ..Raised::default()
    }]
}

/// The forms that are published byte for byte.
const PUBLISHED: [&str; 3] = ["oci", "oci-archive", "registry"];
