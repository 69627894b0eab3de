//! `podman.pause`: does podman still live in old namespaces?

use procfs::FromRead;
use procfs::process::{MountInfo, MountInfos};

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site};

/// The most mounts that are named.
const NAMED: usize = 3;

/// What is mounted below these decides whether a container starts.
const MATTER: &[&str] = &["/dev", "/proc", "/sys", "/etc", "/usr", "/run/user"];

const OWN: &str = "/proc/self/mountinfo";

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.pause",
    manual: Manual {
        title: "Podman's pause process",
        what: "Whether rootless podman keeps a pause process that sees other mounts than this session.",
        why: "Rootless podman keeps its user and mount namespace alive by a pause process and enters it with each command. What the admin mounts, unmounts or repairs afterwards does not reach it, so that containers fail for a cause that is gone.",
        how: "libpod/tmp/pause.pid below XDG_RUNTIME_DIR, or below /run/user/UID or /tmp/podman-run-UID; where that process lives, its mountinfo against one's own.",
        user: "Let podman start over, which ends running containers: podman system migrate",
        admin: "",
        refs: &["podman-system-migrate(1)", "mount_namespaces(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = Reading::new();
    let Some((path, pid)) = pause(site) else {
        return reading;
    };
    let reading = reading.fact(&path, pid);
    let status = site.host.read(&format!("/proc/{pid}/comm"));
    match status {
        Ok(name) if name.starts_with("podman") || name.trim() == "catatonit" => reading
            .file(site, &format!("/proc/{pid}/mountinfo"))
            .file(site, OWN),
        _ => reading,
    }
}

/// The file with the number of the pause process, and the number.
fn pause(site: &Site<'_>) -> Option<(String, u32)> {
    let uid = site.caller.uid;
    let set = site
        .host
        .env("XDG_RUNTIME_DIR")
        .filter(|dir| !dir.is_empty());
    let dirs = match set {
        Some(dir) => vec![dir],
        None => vec![format!("/run/user/{uid}"), format!("/tmp/podman-run-{uid}")],
    };
    dirs.iter().find_map(|dir| {
        let path = format!("{dir}/libpod/tmp/pause.pid");
        // Whoever may write to /tmp could plant such a file.
        site.host.stat(&path).ok().filter(|stat| stat.uid == uid)?;
        let pid = site.host.read(&path).ok()?.trim().parse().ok()?;
        Some((path, pid))
    })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::skipped("only rootless podman keeps a pause process").holding(true);
    }
    let Some((_, pid)) = reading.facts.first() else {
        return Finding::skipped("podman keeps no pause process").holding(true);
    };
    let [(_, theirs), (_, own)] = reading.files.as_slice() else {
        return Finding::skipped(format!("the pause process {pid} has ended")).holding(true);
    };
    let (Some(theirs), Some(own)) = (mounts(theirs), mounts(own)) else {
        return Finding::unknown(format!(
            "the mounts of the pause process {pid} cannot be read"
        ));
    };
    let differ = differing(&theirs, &own);
    if differ.is_empty() {
        return Finding::pass(format!(
            "the pause process {pid} sees the mounts of this session"
        ));
    }
    let more = match differ.len().checked_sub(NAMED) {
        Some(more) if more > 0 => format!(" and {more} more"),
        _ => String::new(),
    };
    let named = differ.iter().take(NAMED).map(String::as_str);
    let matters = differ
        .iter()
        .any(|point| MATTER.iter().any(|dir| point.starts_with(dir)));
    let finding = Finding::warn(format!(
        "podman lives in the older namespace of its pause process {pid}, where the mounts on {}{more} differ",
        named.collect::<Vec<_>>().join(", ")
    ));
    // What was tried in this session need not hold in the namespace that podman enters.
    let holds = if matters { None } else { Some(true) };
    Finding { holds, ..finding }.step(user(
        hpcctl_model::doctor::Cost::User,
        "let podman start over, which ends running containers",
        "podman system migrate",
    ))
}

fn mounts(read: &Result<String, hpcctl_host::Errno>) -> Option<Vec<MountInfo>> {
    let text = read.as_ref().ok()?;
    Some(MountInfos::from_read(text.as_bytes()).ok()?.0)
}

/// The mount points that hold something else in one of the two, or are in one only.
///
/// Podman's own mounts are below the directories of its storage and of its runtime.
fn differing(theirs: &[MountInfo], own: &[MountInfo]) -> Vec<String> {
    let key = |mount: &MountInfo| {
        (
            mount.mount_point.clone(),
            mount.majmin.clone(),
            mount.root.clone(),
        )
    };
    let has =
        |list: &[MountInfo], wanted: &MountInfo| list.iter().any(|mount| key(mount) == key(wanted));
    let one = theirs.iter().filter(|mount| !has(own, mount));
    let other = own.iter().filter(|mount| !has(theirs, mount));
    let mut points: Vec<String> = one
        .chain(other)
        .map(|mount| mount.mount_point.to_string_lossy().into_owned())
        .filter(|point| !is_podmans(point))
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}

fn is_podmans(point: &str) -> bool {
    [
        "/containers/storage",
        "/libpod",
        "/overlay-containers",
        "/netns",
    ]
    .iter()
    .any(|part| point.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    const MOUNTS: &str =
        "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n41 23 0:30 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n";

    fn find(comm: Option<&str>, theirs: &str) -> String {
        let mut pid = stat(0o100644);
        pid.uid = 1000;
        let mut host = Scripted::new()
            .file("/run/user/1000/libpod/tmp/pause.pid", "77")
            .stat("/run/user/1000/libpod/tmp/pause.pid", pid)
            .file("/proc/77/mountinfo", theirs)
            .file(OWN, MOUNTS);
        if let Some(comm) = comm {
            host = host.file("/proc/77/comm", comm);
        }
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn an_older_view_is_warned_of() {
        assert!(find(Some("podman pause\n"), MOUNTS).starts_with("pass"));
        let older = MOUNTS.replace("0:30", "0:28");
        let found = find(Some("catatonit\n"), &older);
        assert!(found.contains("on /sys/fs/cgroup differ"), "{found}");
    }

    #[test]
    fn podmans_own_mounts_do_not_count() {
        let own = format!(
            "{MOUNTS}99 23 8:1 /x /home/alice/.local/share/containers/storage/overlay rw - ext4 /dev/sda1 rw\n"
        );
        assert!(find(Some("podman pause\n"), &own).starts_with("pass"));
    }

    #[test]
    fn a_process_that_ended_or_is_another_is_skipped() {
        assert!(find(None, MOUNTS).starts_with("skipped: the pause process 77 has ended"));
        assert!(find(Some("bash\n"), MOUNTS).starts_with("skipped"));
        let host = Scripted::new();
        let site = Site::new(&host);
        assert_eq!(
            judge(&read(&site), &site).summary,
            "podman keeps no pause process"
        );
    }
}
