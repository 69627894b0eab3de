//! `fs.flock`: can files be locked?

use hpcctl_host::{Errno, Op};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site, place};

/// ENOLCK, errno(3): no lock manager answers.
const ENOLCK: Errno = Errno(libc::ENOLCK);

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.flock",
    manual: Manual {
        title: "Locks",
        what: "Whether flock(2) works in TMPDIR, in the home, in podman's storage and in the caches.",
        why: "Package managers, caches of images and build tools lock their databases. On Lustre without -o flock that ends in ENOSYS, on NFS without a lock manager in ENOLCK, and with -o localflock or -o local_lock two nodes do not see each other's locks.",
        how: "flock(2) of a file in a private directory, which is removed; once for each file system. Whether a lock is seen by other nodes is not tried.",
        user: "Keep databases and caches on a local file system.",
        admin: "Mount Lustre with -o flock; run rpc.statd for NFS 3, or use NFS 4.",
        refs: &["flock(2)", "nfs(5)", "mount.lustre(8)"],
    },
    read: |site| place::try_each(site, &[place::file()], &[Op::Lock("file".into())]),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let lacks = [Errno::ENOSYS, Errno::EOPNOTSUPP, ENOLCK];
    let found = place::judge(reading, &lacks, "files can be locked");
    match found.holds {
        Some(false) => found
            .step(user(
                Cost::UserConfig,
                "keep caches and databases on a local file system",
                "",
            ))
            .step(admin(
                Cost::AdminSysctl,
                "mount the file system with locks: -o flock for Lustre, rpc.statd for NFS 3",
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
    fn a_file_system_without_locks_is_told_from_another_error() {
        let host = Scripted::new();
        let find = |outcome| judge(&reading("flock(file)", outcome), &Site::new(&host));
        assert_eq!(find(Ok(0)).holds, Some(true));
        assert_eq!(find(Err(Errno::ENOSYS)).steps.len(), 2);
        assert_eq!(find(Err(ENOLCK)).holds, Some(false));
        // Nobody else can hold a lock on a file that was just made.
        assert_eq!(find(Err(Errno::EAGAIN)).holds, None);
    }
}
