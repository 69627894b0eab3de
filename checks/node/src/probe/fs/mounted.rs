//! `fs.mounted`: is everything mounted that should be?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, process};

const FSTAB: &str = "/etc/fstab";

/// Programs that serve a FUSE file system for as long as they run.
const FUSE: &[&str] = &["s3fs", "sshfs", "rclone", "goofys", "mount-s3"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.mounted",
    manual: Manual {
        title: "Mounts that are not there",
        what: "Whether what /etc/fstab mounts at boot, and the targets of the caller's own s3fs, sshfs and rclone processes, are mounted.",
        why: "s3fs can return 0 and not be mounted; a parallel file system may be missing after a boot. Programs and containers then write to the directory below, on the local disk, and the data are lost.",
        how: "/etc/fstab without noauto and swap, and the command lines of the caller's FUSE processes, against /proc/self/mountinfo.",
        user: "Look before you write: findmnt --target DIR",
        admin: "mount -a",
        refs: &["fstab(5)", "findmnt(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let mut reading = Reading::new().file(site, FSTAB);
    for pid in process::all(site) {
        let ours = process::name(site, pid).is_some_and(|name| FUSE.contains(&name.as_str()));
        if !ours || process::owner(site, pid) != Some(site.caller.uid) {
            continue;
        }
        let line = site
            .host
            .read(&format!("/proc/{pid}/cmdline"))
            .unwrap_or_default();
        // The mount point is the last argument that is an absolute path.
        if let Some(target) = line.split('\0').rfind(|word| word.starts_with('/')) {
            reading = reading.fact(&format!("mounted by process {pid}"), target);
        }
    }
    reading
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.mounts.is_empty() {
        return Finding::unknown("the mounts cannot be read");
    }
    let mounted = |target: &str| {
        let target = target.trim_end_matches('/');
        let target = if target.is_empty() { "/" } else { target };
        site.mounts
            .iter()
            .any(|mount| mount.mount_point.as_os_str() == target)
    };
    if let Some((by, target)) = reading.facts.iter().find(|(_, target)| !mounted(target)) {
        return Finding::fail(format!(
            "{target} is not mounted, though it is said to be ({by}): what is written there goes to the local disk"
        ));
    }
    let table = reading.text(FSTAB).unwrap_or_default();
    let missing: Vec<&str> = targets(table).filter(|target| !mounted(target)).collect();
    match missing.as_slice() {
        [] => Finding::pass("what should be mounted is"),
        [target, ..] => Finding::warn(format!("{target} of {FSTAB} is not mounted")).step(admin(
            Cost::AdminSysctl,
            "mount it",
            &format!("mount {target}"),
        )),
    }
}

/// The mount points that are mounted at boot.
fn targets(table: &str) -> impl Iterator<Item = &str> {
    let lines = table
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let (_, target, fstype, options) = (
            words.next()?,
            words.next()?,
            words.next()?,
            words.next().unwrap_or(""),
        );
        let at_boot = fstype != "swap"
            && !options
                .split(',')
                .any(|word| matches!(word, "noauto" | "x-systemd.automount"));
        (at_boot && target.starts_with('/')).then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(host: &Scripted) -> &'static str {
        let host = host.clone().file(
            "/proc/self/mountinfo",
            "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
        );
        let site = Site::new(&host);
        judge(&read(&site), &site).status.as_str()
    }

    #[test]
    fn a_mount_that_is_said_to_be_there_is_looked_for() {
        assert_eq!(find(&Scripted::new()), "pass");
        let host = Scripted::new().file(
            FSTAB,
            "s:/x /scratch nfs noauto 0 0\nUUID=1 none swap sw 0 0\n",
        );
        assert_eq!(find(&host), "pass");
        assert_eq!(
            find(&Scripted::new().file(FSTAB, "s:/x /scratch nfs defaults 0 0\n")),
            "warn"
        );
        let s3fs = Scripted::new()
            .file("/proc/9/comm", "s3fs\n")
            .file("/proc/9/status", "Uid:\t1000\t1000\n")
            .file(
                "/proc/9/cmdline",
                "s3fs\0bucket\0/home/alice/data\0-o\0url=http://x\0",
            );
        assert_eq!(find(&s3fs), "fail");
    }
}
