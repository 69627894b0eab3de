//! `layer.history`: what lower layers, the history and the configuration still hold.

use hpcctl_model::gate::Level;
use hpcctl_model::scan::{Removed, RemovedKind, UNREAD};

use super::{
    Raised, Rule, content_data, content_unowned, content_vendor, file_privileged, license_terms,
    secret_general,
};
use crate::case::Context;
use crate::policy::{Read, Set};

pub(super) static RULE: Rule = Rule {
    id: "layer.history",
    title: "what deleted files, ENV and the history hold",
    manual: "\
A file that a later layer deletes is not seen in a container, but ships in its layer all the same:
everybody who pulls the image can unpack it. The same is true of what build arguments and ENV
leave in the configuration and its history, and of annotations.

Judged by every layer on its own, and by every string of the manifest, the index and the
configuration. Of what a later layer removed count keys and the files of vendors, the licences of
packages and files (as in license.terms; where none is known, a person has to look), programs
and libraries of nobody (as in content.unowned), what gives more rights (as in file.privileged), and
large files of data (as in content.data). A package of which another version is there is
judged as it is there.

Build in stages and copy only results, or squash the image; mount secrets while building instead
of passing them as arguments.",
    fixed: false,
    look,
    clean: |_| "nothing that was deleted, and nothing in the history, refuses".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let scan = context.case.scan;
    let secrets = scan.sensitive.iter();
    let secrets = secrets.filter(|found| found.deleted || !found.path.starts_with('/'));
    let secrets = secrets.filter(|found| found.rule != UNREAD);
    let secrets = secrets.map(|found| secret_general::raised(context, found));
    let vendor = scan.restricted.iter().filter(|file| file.deleted);
    let vendor = vendor.filter_map(|file| content_vendor::raised(context, file));
    let removed = scan.removed.iter();
    let removed = removed.flat_map(|removed| of_removed(context, removed));
    let privileged = file_privileged::of_lower(context);
    let found = secrets.chain(vendor).chain(removed);
    found.chain(privileged).collect()
}

/// What comes of something that a later layer removed.
fn of_removed(context: &Context<'_>, removed: &Removed) -> Vec<Raised> {
    let what = removed.package.as_deref().unwrap_or(&removed.path);
    let raised = |level: Option<Set<Level>>, text: String| Raised {
        level,
        text: format!("{text} A later layer removes it, and it ships all the same."),
        layer: removed.layer.clone(),
        path: Some(removed.path.clone()),
        deleted: true,
        license: removed.licenses.clone(),
        remedy: "Build in stages and copy only what is needed, or squash the image.".into(),
        ..Raised::default()
    };
    let level_of = |rule: &str| context.policy.level(context.class, rule).cloned();
    match (removed.kind, removed.licenses.as_deref()) {
        (RemovedKind::Program | RemovedKind::Library, _) => {
            let text = format!("{what} belongs to no package (content.unowned).");
            vec![raised(level_of(content_unowned::RULE.id), text)]
        }
        (RemovedKind::Data, _) => {
            let told = content_data::of_removed(context, removed).into_iter();
            let raise = |text| raised(level_of(content_data::RULE.id), text);
            told.map(raise).collect()
        }
        (RemovedKind::Package | RemovedKind::Licensed, license) => {
            let offenders = context.policy.offenders(context.class, license, None);
            let raise = |read: &Read| {
                let told = license_terms::told(read, license);
                // What it was is not known well enough to refuse it.
                let most = license.map_or(Level::Review, |_| read.level.value);
                let level = Set {
                    value: read.level.value.min(most),
                    origin: read.level.origin.clone(),
                };
                Raised {
                    offending_license: read.license.clone().filter(|_| read.chosen.is_some()),
                    ..raised(Some(level), format!("{what}: {told}"))
                }
            };
            offenders.iter().map(raise).collect()
        }
    }
}
