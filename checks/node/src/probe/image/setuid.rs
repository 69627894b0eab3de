//! `image.setuid`: has the image programs that want more ids?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "image.setuid",
    manual: Manual {
        title: "Set-user-id programs in the image",
        what: "Which programs of the image are set-user-id or set-group-id.",
        why: "With one id they gain nothing: su, ping and sudo of the image fail in Charliecloud and in Apptainer, which mount it nosuid.",
        how: "The modes in the layers of the image that --image names.",
        user: "",
        admin: "",
        refs: &["execve(2)"],
    },
    read,
    judge,
};

/// How many programs are evidence.
const SHOWN: usize = 5;

fn read(site: &Site<'_>) -> Reading {
    let programs = site.image.iter().flat_map(|image| &image.privileged);
    programs.take(SHOWN).fold(Reading::new(), |reading, path| {
        reading.fact(&format!("/{path}"), "set-user-id or set-group-id")
    })
}

fn judge(_: &Reading, site: &Site<'_>) -> Finding {
    let Some(image) = &site.image else {
        return Finding::skipped("no image was given");
    };
    match (image.privileged.len(), image.complete) {
        (0, true) => Finding::pass(format!("{} has no set-user-id program", image.name)),
        (0, false) => Finding::unknown(format!("{} could not be read whole", image.name)),
        (count, _) => Finding::warn(format!(
            "{count} programs of {} are set-user-id or set-group-id: with one id they gain nothing",
            image.name
        )),
    }
}
