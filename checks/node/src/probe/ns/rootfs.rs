//! `ns.rootfs`: is / the kernel's first file system?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// The name of the fact.
const ROOT: &str = "/proc/self/mountinfo: /";

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.rootfs",
    manual: Manual {
        title: "The root file system",
        what: "Whether / is the rootfs that the kernel unpacked its initramfs into.",
        why: "Diskless nodes often run from it. pivot_root(2) cannot leave it before Linux 7.2, so that enroot, podman and bubblewrap end in EINVAL; ns.pivot tries that.",
        how: "The type of the file system on / in /proc/self/mountinfo.",
        user: "Start it with ch-run or Apptainer, which work around it, or let podman do so by no_pivot_root = true under [engine] in containers.conf.",
        admin: "Let the initramfs switch_root to a tmpfs or an overlay (Warewulf: wwctl profile set --root tmpfs).",
        refs: &[
            "pivot_root(2)",
            "https://docs.kernel.org/filesystems/ramfs-rootfs-initramfs.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let mut on_root = site
        .mounts
        .iter()
        .filter(|mount| mount.mount_point.as_os_str() == "/");
    match on_root.next_back() {
        Some(mount) => Reading::new().fact(ROOT, &mount.fs_type),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match reading.facts.first().map(|(_, kind)| kind.as_str()) {
        Some("rootfs") => Finding::warn(
            "/ is the rootfs of the initramfs: kernels before 7.2 cannot pivot_root away from it",
        )
        .holding(false),
        Some(kind) => Finding::pass(format!("/ is on {kind}")),
        None if site.mounts.is_empty() => Finding::unknown("/proc/self/mountinfo cannot be read"),
        None => Finding::skipped("nothing is mounted on /, as in a chroot"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_type_on_root_decides() {
        let find = |text: &str| {
            let host = Scripted::new().file("/proc/self/mountinfo", text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("1 1 0:2 / / rw - rootfs rootfs rw\n"), "warn");
        assert_eq!(find("27 1 8:1 / / rw - ext4 /dev/sda1 rw\n"), "pass");
        let switched = "1 1 0:2 / / rw - rootfs rootfs rw\n27 1 0:9 / / rw - tmpfs tmpfs rw\n";
        assert_eq!(find(switched), "pass");
        assert_eq!(find("30 1 0:5 / /proc rw - proc proc rw\n"), "skipped");
        assert_eq!(find(""), "unknown");
    }
}
