//! `layer.history`: what lower layers, the history and the configuration still hold.

use super::{Raised, Rule, content_vendor, secret_general};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "layer.history",
    title: "what deleted files, ENV and the history hold",
    manual: "\
A file that a later layer deletes is not seen in a container, but ships in its layer all the same:
everybody who pulls the image can unpack it. The same is true of what build arguments and ENV
leave in the configuration and its history.

Judged by every layer on its own, and by the configuration.

Build in stages and copy only results, or squash the image; mount secrets while building instead
of passing them as arguments.",
    fixed: false,
    look,
    clean: "nothing that was deleted, and nothing in the history, refuses",
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let scan = context.case.scan;
    let secrets = scan.sensitive.iter();
    let secrets = secrets.filter(|found| found.deleted || !found.path.starts_with('/'));
    let secrets = secrets.map(|found| secret_general::raised(context, found));
    let vendor = scan.restricted.iter().filter(|file| file.deleted);
    let vendor = vendor.filter_map(|file| content_vendor::raised(context, file));
    secrets.chain(vendor).collect()
}
