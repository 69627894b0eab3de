//! `image.size`: how much the image asks of a parallel file system.

use super::{Raised, Rule};
use crate::case::Context;
use crate::policy::Set;

pub(super) static RULE: Rule = Rule {
    id: "image.size",
    title: "bytes, files and layers",
    manual: "\
A thousand nodes that unpack an image to a parallel file system make a thousand times its files;
each is an inode and a call to the metadata server. One squashfs file is kinder (`hpcctl stage`).

Judged by the merged tree: bytes of its files, its names, its layers ([image] max-size, max-files,
max-layers).

Remove what is not needed at run time: build in stages, delete caches in the step that made them.",
    fixed: false,
    look,
    clean: |_| "within the limits of the policy".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let scan = context.case.scan;
    let limits = &context.policy.image;
    let layers = u64::try_from(scan.image.layers.len()).unwrap_or(u64::MAX);
    let rows: [(&str, u64, &Option<Set<u64>>); 3] = [
        ("bytes", scan.totals.bytes, &limits.max_bytes),
        ("names", scan.totals.names, &limits.max_files),
        ("layers", layers, &limits.max_layers),
    ];
    let raised = rows.into_iter().filter_map(|(what, is, most)| {
        let most = most.as_ref().filter(|most| is > most.value)?;
        Some(Raised {
            text: format!(
                "The image has {is} {what}, more than {} ({}).",
                most.value, most.origin
            ),
            remedy: "Build in stages and copy only what is needed at run time.".into(),
            ..Raised::default()
        })
    });
    raised.collect()
}
