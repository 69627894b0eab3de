//! `fs.renamewh`: can a file be renamed so that a whiteout stays behind?

use hpcctl_host::{Errno, Op};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, overlay, place};

/// The first kernel that lets ordinary users make whiteouts.
const FOR_USERS: (u32, u32) = (5, 8);

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.renamewh",
    manual: Manual {
        title: "Whiteouts by rename",
        what: "Whether TMPDIR, the home, podman's storage and the caches are on file systems with RENAME_WHITEOUT.",
        why: "The kernel's overlay renames a file of the upper layer and leaves a whiteout in one step. A file system without it, such as NFS or Lustre, cannot hold an upper layer.",
        how: "renameat2(2) with RENAME_WHITEOUT of a file in a private directory, which is removed; once for each file system.",
        user: "Keep podman's storage on a local disk with ext4, xfs or btrfs, or on a tmpfs.",
        admin: "",
        refs: &[
            "rename(2)",
            "https://docs.kernel.org/filesystems/overlayfs.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let rename = Op::RenameWhiteout {
        from: "file".into(),
        to: "renamed".into(),
    };
    place::try_each(site, &[place::file()], &[rename])
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let refused = |errno| {
        let mut failed = reading.tried.iter().filter_map(|tried| tried.failed());
        failed.any(|step| step.errno == Some(errno))
    };
    let old = overlay::release(site).is_some_and(|kernel| kernel < FOR_USERS);
    if old && !site.is_root() && refused(Errno::EPERM) {
        return Finding::skipped(
            "this kernel lets only root make whiteouts; Linux 5.8 lets everybody",
        );
    }
    let lacks = [Errno::EINVAL, Errno::EOPNOTSUPP];
    place::judge(reading, &lacks, "a rename can leave a whiteout")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::tests::reading;
    use crate::scripted::Scripted;

    #[test]
    fn the_file_system_and_an_old_kernel_are_told_apart() {
        let find = |release: &str, outcome| {
            let host = Scripted::new().file("/proc/sys/kernel/osrelease", release);
            let found = judge(&reading("renameat2(file)", outcome), &Site::new(&host));
            found.status.as_str()
        };
        assert_eq!(find("6.1.0", Ok(0)), "pass");
        assert_eq!(find("6.1.0", Err(Errno::EINVAL)), "warn");
        assert_eq!(find("4.18.0", Err(Errno::EPERM)), "skipped");
        assert_eq!(find("6.1.0", Err(Errno::EPERM)), "unknown");
    }
}
