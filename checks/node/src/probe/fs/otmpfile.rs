//! `fs.otmpfile`: can files be made that have no name yet?

use hpcctl_host::{Errno, Op};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, place};

/// EISDIR is how kernels before 3.11 and some file systems read the flag.
const LACKS: &[Errno] = &[Errno::EOPNOTSUPP, Errno::EISDIR, Errno::EINVAL];

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.otmpfile",
    manual: Manual {
        title: "Files without a name",
        what: "Whether TMPDIR, the home, podman's storage and the caches are on file systems with O_TMPFILE.",
        why: "Programs that write a file whole or not at all make it without a name first. NFS, Lustre and older overlays lack it; most programs then fall back to a name, which a job that is ended leaves behind.",
        how: "open(2) with O_TMPFILE in a private directory, which is removed; once for each file system.",
        user: "Use a local directory for temporary files.",
        admin: "",
        refs: &["open(2)"],
    },
    read: |site| place::try_each(site, &[], &[Op::OpenUnnamed(".".into())]),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    place::judge(reading, LACKS, "files without a name can be made")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::tests::reading;
    use crate::scripted::Scripted;

    #[test]
    fn the_errno_decides() {
        let host = Scripted::new();
        let find = |outcome| judge(&reading("open(.)", outcome), &Site::new(&host)).holds;
        assert_eq!(find(Ok(0)), Some(true));
        assert_eq!(find(Err(Errno::EOPNOTSUPP)), Some(false));
        assert_eq!(find(Err(Errno::EDQUOT)), None);
    }
}
