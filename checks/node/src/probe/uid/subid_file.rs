//! `uid.subid.file`: which further ids may the caller map?

use hpcctl_host::{Errno, file};
use hpcctl_model::doctor::{Ids, Step};

use super::Probe;
use crate::subid::{self, ENOUGH, GIDS, Granted, Range, Source, UIDS};
use crate::{Finding, Manual, Reading, Site};

/// The database of ranges, where one is named.
const SWITCH: &str = "/etc/nsswitch.conf: subid";

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.subid.file",
    manual: Manual {
        title: "Subordinate ids",
        what: "Whether a range of at least 65,536 uids and gids is granted to the caller, by name or by number, that nobody else has.",
        why: "Most images hold files of several users. Building or unpacking them as they are takes one id for each; with the caller's own id alone chown fails.",
        how: "Reads /etc/subuid and /etc/subgid and, where it is installed, asks getsubids, which also sees ranges in a directory (nsswitch.conf: subid).",
        user: "Build with one id, as ch-image from 0.32 on does by --force=seccomp, and podman by ignore_chown_errors = \"true\" in storage.conf.",
        admin: "Grant ranges by usermod --add-subuids and --add-subgids; users of a directory by lines in both files on every node, or by `subid: sss` in nsswitch.conf.",
        refs: &["subuid(5)", "subgid(5)", "getsubids(1)", "newuidmap(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let switch = site.host.read("/etc/nsswitch.conf").unwrap_or_default();
    let mut lines = switch.lines().map(str::trim);
    let database = lines.find_map(|line| line.strip_prefix("subid:"));
    subid::read(site).fact(SWITCH, database.map_or("", str::trim))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::skipped("root maps ids without a range that is granted").holding(true);
    }
    let granted = subid::granted(reading, &site.caller);
    if let Some(finding) = missing(reading, &granted, site) {
        return finding;
    }
    let others = overlapping(reading, &granted, site);
    if let Some((path, other)) = others {
        return Finding::warn(format!(
            "ids of {} in {path} are also granted to {} ({}:{}): each can reach the files of the other's containers",
            site.caller.name, other.owner, other.start, other.count
        ));
    }
    let Ids {
        uid: uids,
        gid: gids,
    } = granted.most();
    if u64::from(uids.min(gids)) < ENOUGH {
        let found = Finding::warn(format!(
            "{uids} subordinate uids and {gids} gids are granted, fewer than {ENOUGH}: images that use higher ids cannot be unpacked"
        ));
        return match granted.source {
            Source::Directory => found,
            Source::Files | Source::Unseen => {
                found.step(subid::grant(reading, site, &[UIDS, GIDS]))
            }
        };
    }
    let what = format!(
        "{uids} subordinate uids from {} and {gids} gids from {} are granted",
        granted.uids[0].start, granted.gids[0].start
    );
    match granted.source {
        Source::Files => Finding::pass(what),
        Source::Directory => Finding::warn(format!(
            "{what} by a directory, not by {UIDS}: a runtime built without libsubid does not see them"
        )),
        Source::Unseen => Finding::warn(format!(
            "{what} in the files, but getsubids does not find them: newuidmap may refuse them"
        )),
    }
}

/// The finding where uids or gids are not granted at all.
fn missing(reading: &Reading, granted: &Granted, site: &Site<'_>) -> Option<Finding> {
    let what = match (granted.uids.is_empty(), granted.gids.is_empty()) {
        (true, true) => "neither subordinate uids nor gids are",
        (true, false) => "subordinate gids are granted, but no uids are",
        (false, true) => "subordinate uids are granted, but no gids are",
        (false, false) => return None,
    };
    for (path, read) in &reading.files {
        let cut = read
            .as_ref()
            .is_ok_and(|text| text.len() as u64 >= file::LIMIT);
        let unread = read.as_ref().err().filter(|errno| **errno != Errno::ENOENT);
        if let Some(errno) = unread {
            return Some(Finding::unknown(format!("{path} cannot be read: {errno}")));
        }
        if cut {
            return Some(Finding::unknown(format!(
                "{path} is longer than the {} bytes that were read, and has no range of {} there",
                file::LIMIT,
                site.caller.name
            )));
        }
    }
    let caller = &site.caller;
    let finding = Finding::fail(format!(
        "{what} granted to {} (uid {})",
        caller.name, caller.uid
    ));
    Some(finding.step(grant(reading, granted, site)))
}

/// Grants what is not granted yet, after everything that is.
fn grant(reading: &Reading, granted: &Granted, site: &Site<'_>) -> Step {
    let switch = reading.facts.iter().find(|(fact, _)| fact == SWITCH);
    let database = switch.map_or("", |(_, database)| database.as_str());
    if !database.is_empty() && !database.contains("files") {
        let directory = format!("the directory that nsswitch.conf names for subid ({database})");
        return subid::grant_in(&directory, site);
    }
    let lacking: Vec<&str> = [(UIDS, &granted.uids), (GIDS, &granted.gids)]
        .into_iter()
        .filter(|(_, ranges)| ranges.is_empty())
        .map(|(path, _)| path)
        .collect();
    subid::grant(reading, site, &lacking)
}

/// The first range of somebody else that holds ids of the caller.
fn overlapping(
    reading: &Reading,
    granted: &Granted,
    site: &Site<'_>,
) -> Option<(&'static str, Range)> {
    [(UIDS, &granted.uids), (GIDS, &granted.gids)]
        .into_iter()
        .find_map(|(path, own)| {
            let mut others = subid::all(reading, path).into_iter();
            let other = others.find(|other| {
                !other.is_of(&site.caller) && own.iter().any(|range| range.overlaps(other))
            });
            Some((path, other?))
        })
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::Scripted;

    fn find(host: &Scripted) -> Finding {
        let site = Site::new(host);
        judge(&read(&site), &site)
    }

    fn with(uids: &str, gids: &str) -> Finding {
        find(&Scripted::new().file(UIDS, uids).file(GIDS, gids))
    }

    #[test]
    fn a_range_in_both_files_passes() {
        let found = with("alice:100000:65536\n", "1000:100000:65536\n");
        assert_eq!(found.status, Status::Pass, "{}", found.summary);
    }

    #[test]
    fn a_free_range_is_offered_where_none_is_granted() {
        let found = with("bob:100000:65536\n", "bob:100000:65536\n");
        assert_eq!((found.status, found.holds), (Status::Fail, Some(false)));
        assert_eq!(
            found.steps[0].command.as_deref(),
            Some("echo 'alice:165536:65536' | tee -a /etc/subuid /etc/subgid")
        );
        let half = with("alice:100000:65536\n", "");
        assert!(half.summary.contains("no gids"), "{}", half.summary);
        let command = half.steps[0].command.as_deref().unwrap();
        assert!(command.ends_with("tee -a /etc/subgid"), "{command}");
        assert_eq!(find(&Scripted::new()).status, Status::Fail);
    }

    #[test]
    fn too_few_ids_and_shared_ones_are_warned_of() {
        let few = with("alice:100000:1000\n", "alice:100000:65536\n");
        assert!(
            few.summary.starts_with("1000 subordinate uids"),
            "{}",
            few.summary
        );
        let more = few.steps[0].command.as_deref();
        assert_eq!(
            more,
            Some("echo 'alice:165536:65536' | tee -a /etc/subuid /etc/subgid")
        );
        let shared = with(
            "alice:100000:65536\nbob:165535:65536\n",
            "alice:100000:65536\n",
        );
        assert!(
            shared.summary.contains("also granted to bob"),
            "{}",
            shared.summary
        );
        assert_eq!((shared.status, shared.holds), (Status::Warn, Some(true)));
    }

    #[test]
    fn root_needs_none() {
        let found = find(&Scripted::new().by_root());
        assert_eq!((found.status, found.holds), (Status::Skipped, Some(true)));
    }

    #[test]
    fn a_directory_is_pointed_at_instead_of_the_files() {
        let host = Scripted::new().file("/etc/nsswitch.conf", "passwd: files sss\nsubid: sss\n");
        let found = find(&host);
        assert!(found.steps[0].text.contains("sss"), "{:?}", found.steps);
    }
}
