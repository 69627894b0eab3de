//! What gives access: in files, and in the manifest and the configuration, which everybody reads who
//! can pull the image.

use hpcctl_model::scan::Sensitive;

use super::{Item, Merged};
use crate::config::About;
use crate::documents::DocumentText;
use crate::format::INDEX;
use crate::sensitive::{Sighting, look_at_text};

/// Types of packages that a distribution builds: what is in them is in everybody's hands.
const PUBLIC: [&str; 4] = ["pkg:deb/", "pkg:rpm/", "pkg:apk/", "pkg:alpm/"];

/// What the report says.
pub(super) fn report(items: Vec<Item<Sighting>>, merged: &Merged<'_>) -> Vec<Sensitive> {
    let of_files = items.into_iter().map(|item| {
        let id = merged.visible(&item);
        let purl = id.and_then(|id| merged.purl(id)).unwrap_or("");
        Sensitive {
            path: format!("/{}", item.path),
            layer: merged.layer(item.layer),
            rule: item.what.rule.to_owned(),
            line: item.what.line,
            text: item.what.text,
            doubtful: item.what.is_clue || PUBLIC.iter().any(|kind| purl.starts_with(kind)),
            deleted: id.is_none(),
        }
    });
    of_files.chain(of_documents(merged.about)).collect()
}

/// Whether an index above the image holds something that gives access.
pub(crate) fn of_index(about: &About) -> bool {
    let start = format!("{INDEX}:");
    of_documents(about).any(|found| found.path.starts_with(&start))
}

/// What the documents of an image hold.
fn of_documents(about: &About) -> impl Iterator<Item = Sensitive> {
    about.texts.iter().flat_map(|DocumentText { place, text }| {
        let seen = look_at_text(place, text).into_iter();
        seen.map(|sighting| Sensitive {
            path: place.clone(),
            layer: None,
            rule: sighting.rule.to_owned(),
            line: None,
            text: sighting.text,
            doubtful: sighting.is_clue,
            deleted: false,
        })
    })
}
