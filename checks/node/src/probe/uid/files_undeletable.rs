//! `uid.files.undeletable`: are there files in podman's storage that the user cannot remove?

use std::collections::VecDeque;

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::subid::{self, Range};
use crate::{Finding, Manual, Reading, Site, storage_conf};

/// The most directories that are listed, and files that are looked at.
const DIRECTORIES: usize = 64;
const FILES: usize = 512;

const ROOT: &str = "podman's storage";
const OWNERS: &str = "owners beside the caller";
const LOOKED: &str = "files looked at";

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.files.undeletable",
    manual: Manual {
        title: "Files of subordinate ids",
        what: "Whether podman's storage holds files of other ids, and whether they are among the caller's subordinate ids.",
        why: "Images with several owners leave files that `rm -rf` cannot remove; inside of podman's user namespace they can be. Once the range is granted no more, or has moved, only root can: such leftovers fill quotas that nobody can empty.",
        how: "lstat(2) of up to 512 files in the first 64 directories below graphroot, against the ranges of the caller. A storage that is larger is seen in part.",
        user: "Remove all images and containers with podman system reset, or one directory: podman unshare rm -rf DIR",
        admin: "Remove what belongs to ids that nobody has.",
        refs: &["podman-unshare(1)", "podman-system-reset(1)", "subuid(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let storage = storage_conf::read(site).filter(|_| !site.is_root());
    let Some(root) = storage.map(|storage| storage.graphroot) else {
        return Reading::new();
    };
    if site.host.list(&root).is_err() {
        return Reading::new();
    }
    let (mut owners, mut looked) = (Vec::new(), 0);
    // Layers come before what is in them, so that a few of each are seen.
    let mut queue = VecDeque::from([root.clone()]);
    let mut listed = 0;
    while let Some(dir) = queue.pop_front().filter(|_| listed < DIRECTORIES) {
        let names = site.host.list(&dir).unwrap_or_default();
        listed += 1;
        for name in names.into_iter().take(FILES - looked) {
            let path = format!("{dir}/{name}");
            looked += 1;
            // A directory of another's is not gone into: its owner has told enough.
            match site.host.entry(&path) {
                Ok(entry) if entry.uid != site.caller.uid => owners.push(entry.uid),
                Ok(entry) if entry.directory => queue.push_back(path),
                _ => {}
            }
        }
        if looked >= FILES {
            break;
        }
    }
    owners.sort_unstable();
    owners.dedup();
    let owners: Vec<String> = owners.iter().map(ToString::to_string).collect();
    let mut reading = subid::read(site);
    reading.facts = Vec::new();
    reading
        .fact(ROOT, root)
        .fact(OWNERS, owners.join(" "))
        .fact(LOOKED, looked)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let fact = |name: &str| {
        let found = reading.facts.iter().find(|(fact, _)| fact == name);
        found.map(|(_, value)| value.as_str())
    };
    let (Some(root), Some(owners)) = (fact(ROOT), fact(OWNERS)) else {
        return Finding::skipped("the caller has no storage of podman's");
    };
    let looked = fact(LOOKED).unwrap_or("0");
    let granted = subid::granted(reading, &site.caller);
    let is_granted = |uid: u32| {
        let one = Range {
            owner: String::new(),
            start: uid,
            count: 1,
        };
        granted.uids.iter().any(|range| range.overlaps(&one))
    };
    let owners: Vec<u32> = owners
        .split_whitespace()
        .filter_map(|uid| uid.parse().ok())
        .collect();
    let foreign: Vec<u32> = owners
        .iter()
        .copied()
        .filter(|uid| !is_granted(*uid))
        .collect();
    match (foreign.first(), owners.len()) {
        (Some(uid), _) => Finding::warn(format!(
            "{root} holds files of uid {uid}, which is none of the caller's ids and not mapped by podman: root may have to remove them"
        ))
        .step(admin(
            Cost::AdminSysctl,
            "remove what belongs to that id, or give it to the user",
            &format!("chown -R --from={uid} {} {root}", site.caller.uid),
        )),
        (None, 0) => Finding::pass(format!(
            "all of {looked} files looked at in {root} are the caller's own"
        )),
        (None, count) => Finding::pass(format!(
            "{root} holds files of {count} subordinate ids, which `podman unshare rm -rf` removes and rm alone does not"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    const STORAGE: &str = "/home/alice/.local/share/containers/storage";

    fn find(owner: u32) -> Finding {
        let owned = |uid: u32| {
            let mut there = stat(0o040755);
            there.uid = uid;
            there
        };
        let layer = format!("{STORAGE}/overlay/abc");
        let mut host = Scripted::new()
            .file(subid::UIDS, "alice:100000:65536\n")
            .file(subid::GIDS, "alice:100000:65536\n")
            .stat(&format!("{STORAGE}/overlay"), owned(1000))
            .stat(&layer, owned(1000))
            .stat(&format!("{layer}/diff"), owned(1000))
            .stat(&format!("{layer}/diff/partial"), owned(owner));
        host.env.insert("HOME".into(), "/home/alice".into());
        let site = Site::new(&host);
        judge(&read(&site), &site)
    }

    #[test]
    fn an_id_that_is_granted_no_more_is_named() {
        assert!(find(1000).summary.starts_with("all of 4 files"));
        assert!(find(100_042).summary.contains("podman unshare"));
        let lost = find(300_000);
        assert!(lost.summary.contains("uid 300000"), "{lost:?}");
        assert_eq!(lost.status.as_str(), "warn");
    }

    #[test]
    fn without_a_storage_there_is_nothing_to_say() {
        let host = Scripted::new();
        let site = Site::new(&host);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "skipped");
    }
}
