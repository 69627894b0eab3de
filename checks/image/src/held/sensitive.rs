//! What gives access: in files, and in the configuration, whose variables, labels and history
//! everybody reads who can pull the image.

use hpcctl_model::scan::Sensitive;

use super::{Item, Merged};
use crate::config::About;
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
    let texts = texts(merged.about);
    let of_texts = texts.iter().flat_map(|(place, text)| {
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
    });
    of_files.chain(of_texts).collect()
}

/// The texts of the configuration, each with its place.
fn texts(about: &About) -> Vec<(String, String)> {
    let name = |variable: &str| -> String {
        let name = variable.split('=').next().unwrap_or("");
        name.chars()
            .filter(|one| !one.is_control())
            .take(100)
            .collect()
    };
    let env = about.env.iter();
    let env = env.map(|variable| (format!("config:env/{}", name(variable)), variable.clone()));
    let labels = about.labels.iter();
    let labels = labels.map(|(key, value)| {
        let place = format!("config:label/{}", name(key));
        (place, format!("{key}={value}"))
    });
    let command = about.command.iter();
    let command = command.map(|word| ("config:command".to_owned(), word.clone()));
    let history = about.history.iter().enumerate();
    let history = history.map(|(step, made_by)| (format!("history:{}", step + 1), made_by.clone()));
    env.chain(labels).chain(command).chain(history).collect()
}
