//! `fs.xattr`: do the file systems of the storage hold user.* attributes?

use hpcctl_host::{Errno, Op};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, place};

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.xattr",
    manual: Manual {
        title: "Attributes of files",
        what: "Whether files in TMPDIR, in the home, in podman's storage and in the caches can have user.* extended attributes.",
        why: "Rootless overlays and fuse-overlayfs keep their marks in them. NFS before 4.2, Lustre without -o user_xattr and some FUSE file systems refuse them: layers then cannot be stored, or deleted files come back.",
        how: "setxattr(2) of user.hpcctl on a file in a private directory, which is removed; once for each file system.",
        user: "Keep the storage on a local disk: graphroot in ~/.config/containers/storage.conf, APPTAINER_CACHEDIR, CH_IMAGE_STORAGE.",
        admin: "Mount Lustre with -o user_xattr, NFS with vers=4.2 from a server with attributes (Linux 5.9).",
        refs: &["xattr(7)", "containers-storage.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let set = Op::SetXattr {
        path: "file".into(),
        name: "user.hpcctl".into(),
        value: "x".into(),
    };
    place::try_each(site, &[place::file()], &[set])
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let found = place::judge(
        reading,
        &[Errno::EOPNOTSUPP],
        "files take user.* attributes",
    );
    match found.holds {
        Some(false) => found.step(user(
            Cost::UserConfig,
            "keep images and containers on a local file system",
            "",
        )),
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::tests::reading;
    use crate::scripted::Scripted;

    #[test]
    fn a_file_system_without_attributes_is_named() {
        let host = Scripted::new();
        let find = |outcome| judge(&reading("setxattr(file)", outcome), &Site::new(&host));
        let without = find(Err(Errno::EOPNOTSUPP));
        assert!(without.summary.contains("/home/alice (nfs)"), "{without:?}");
        assert_eq!((without.holds, without.steps.len()), (Some(false), 1));
        assert_eq!(find(Ok(0)).holds, Some(true));
        assert_eq!(find(Err(Errno::ENOSPC)).holds, None);
    }
}
