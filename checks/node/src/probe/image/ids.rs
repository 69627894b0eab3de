//! `image.ids`: does one id suffice to unpack the image?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "image.ids",
    manual: Manual {
        title: "Owners in the image",
        what: "Whether every file of the image belongs to root, in every layer.",
        why: "An ordinary user without a range of subordinate ids can give files to no other owner: unpacking ends in \"potentially insufficient UIDs or GIDs available\". Charliecloud and Apptainer give all files to the user instead.",
        how: "The owners in the layers of the image that --image names.",
        user: "Give all files of images to one owner, by a line under [storage.options] in ~/.config/containers/storage.conf: ignore_chown_errors = \"true\"",
        admin: "A range of subordinate ids for the user.",
        refs: &["containers-storage.conf(5)", "subuid(5)"],
    },
    read,
    judge,
};

/// How many owners are evidence.
const SHOWN: usize = 5;

fn read(site: &Site<'_>) -> Reading {
    let others = site.image.iter().flat_map(|image| &image.owners);
    let others = others.filter(|(owner, _)| *owner != (0, 0));
    others
        .take(SHOWN)
        .fold(Reading::new(), |reading, ((uid, gid), path)| {
            reading.fact(&format!("/{path}"), format!("uid {uid} gid {gid}"))
        })
}

fn judge(_: &Reading, site: &Site<'_>) -> Finding {
    let Some(image) = &site.image else {
        return Finding::skipped("no image was given").holding(true);
    };
    let mut others = image.owners.iter().filter(|(owner, _)| *owner != (0, 0));
    match (others.next(), image.complete) {
        (Some(((uid, gid), path)), _) => Finding::warn(format!(
            "/{path} belongs to {uid}:{gid}, and {} other owners have files: one id cannot unpack {}",
            others.count(),
            image.name
        ))
        .holding(false),
        (None, true) => Finding::pass(format!("every file of {} belongs to root", image.name)),
        (None, false) => Finding::unknown(format!("{} could not be read whole", image.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;
    use crate::image::tests::owned;
    use crate::scripted::Scripted;

    #[test]
    fn another_owner_is_told() {
        let host = Scripted::new();
        let find = |owners: &[(u32, u32)], complete| {
            let mut site = Site::new(&host);
            site.image = Some(Image {
                complete,
                ..owned(owners)
            });
            judge(&read(&site), &site).holds
        };
        assert_eq!(find(&[(0, 0)], true), Some(true));
        assert_eq!(find(&[(0, 0)], false), None);
        assert_eq!(find(&[(0, 0), (0, 42)], true), Some(false));
    }
}
