//! `image.range`: are the owners in the image within the caller's range of ids?

use hpcctl_model::doctor::Ids;

use super::Probe;
use crate::subid::{self, GIDS, Granted, Source, UIDS};
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "image.range",
    manual: Manual {
        title: "Owners beyond the range",
        what: "Whether the highest uid and gid that own a file of the image, in any layer, are within the caller's range of subordinate ids.",
        why: "An id of the image is one of the range: with 1,000 subordinate ids no file can belong to 65534, which is nobody. Unpacking ends in \"potentially insufficient UIDs or GIDs available\".",
        how: "The owners in the layers of the image that --image names, held against the ranges that uid.subid.file reads: with so many ids granted, so high an id can be mapped.",
        user: "Give all files of images to one owner, by a line under [storage.options] in ~/.config/containers/storage.conf: ignore_chown_errors = \"true\"",
        admin: "A range of 65,536 subordinate ids for the user, who then runs podman system migrate.",
        refs: &["subuid(5)", "newuidmap(1)", "containers-storage.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.image.is_some() && !site.is_root() {
        true => subid::read(site),
        false => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(image) = &site.image else {
        return Finding::skipped("no image was given").holding(true);
    };
    if site.is_root() {
        return Finding::skipped("root maps ids without a range that is granted").holding(true);
    }
    let granted = subid::granted(reading, &site.caller);
    let (highest, most) = (image.highest(), granted.most());
    if most.uid == 0 || most.gid == 0 {
        return Finding::skipped(
            "the caller has no subordinate ids that could be mapped; uid.subid.file says what to do",
        );
    }
    let Ids { uid, gid } = highest;
    if !highest.is_within(most) {
        let found = Finding::warn(format!(
            "files of {} belong to uids up to {uid} and gids up to {gid}, and {} subordinate uids and {} gids are granted",
            image.name, most.uid, most.gid
        ));
        return found.holding(false).step(grant(reading, &granted, site));
    }
    match image.complete {
        true => Finding::pass(format!(
            "the owners in {}, up to {uid}:{gid}, are within the range that is granted",
            image.name
        )),
        false => Finding::unknown(format!("{} could not be read whole", image.name)),
    }
}

/// Grants more where ids come from.
fn grant(reading: &Reading, granted: &Granted, site: &Site<'_>) -> hpcctl_model::doctor::Step {
    match granted.source {
        Source::Directory => {
            subid::grant_in("the directory that nsswitch.conf names for subid", site)
        }
        Source::Files | Source::Unseen => subid::grant(reading, site, &[UIDS, GIDS]),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::image::Image;
    use crate::image::tests::owned;
    use crate::scripted::Scripted;

    fn find(host: &Scripted, owners: &[(u32, u32)], complete: bool) -> Finding {
        let mut site = Site::new(host);
        site.image = Some(Image {
            complete,
            ..owned(owners)
        });
        judge(&read(&site), &site)
    }

    fn with(uids: u32, gids: u32) -> Scripted {
        Scripted::new()
            .file(UIDS, &format!("alice:100000:{uids}\n"))
            .file(GIDS, &format!("alice:100000:{gids}\n"))
    }

    #[test]
    fn each_kind_of_id_is_held_against_its_own_range() {
        for (uids, gids, owner, holds) in [
            (10, 10, (10, 10), true),
            (10, 10, (0, 0), true),
            (10, 10, (11, 0), false),
            (10, 10, (0, 42), false),
            (65_536, 10, (65_534, 10), true),
            (65_536, 10, (65_534, 65_534), false),
        ] {
            let found = find(&with(uids, gids), &[(0, 0), owner], true);
            assert_eq!(found.holds, Some(holds), "{uids}, {gids}, {owner:?}");
            assert_eq!(found.steps.is_empty(), holds);
        }
    }

    #[test]
    fn a_range_behind_all_others_is_offered() {
        let found = find(&with(10, 10), &[(0, 42)], true);
        assert_eq!(found.status, Status::Warn);
        assert_eq!(
            found.steps[0].command.as_deref(),
            Some("echo 'alice:100010:65536' | tee -a /etc/subuid /etc/subgid")
        );
    }

    #[test]
    fn two_ranges_add_up_and_none_is_another_matter() {
        let two = Scripted::new()
            .file(UIDS, "alice:100000:10\nalice:200000:50\n")
            .file(GIDS, "alice:100000:60\n");
        assert_eq!(find(&two, &[(42, 42)], true).holds, Some(true));
        let none = find(&Scripted::new(), &[(0, 42)], true);
        assert_eq!((none.status, none.holds), (Status::Skipped, None));
        assert_eq!(find(&with(10, 10), &[(0, 1)], false).holds, None);
        let beyond = find(&with(10, 10), &[(0, 42)], false);
        assert_eq!(beyond.holds, Some(false));
        let root = find(&Scripted::new().by_root(), &[(0, 42)], true);
        assert_eq!(root.holds, Some(true));
    }
}
