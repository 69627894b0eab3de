//! `fuse.userns`: may a FUSE file system be mounted in a user namespace?

use hpcctl_host::{Errno, Op};

use super::Probe;
use crate::device::FUSE;
use crate::{Cause, Finding, Manual, Reading, Site, attribute, overlay};

/// The first kernel that lets a user namespace mount FUSE.
const IN_NAMESPACES: (u32, u32) = (4, 18);

/// The row.
pub static PROBE: Probe = Probe {
    id: "fuse.userns",
    manual: Manual {
        title: "FUSE in a user namespace",
        what: "Whether a FUSE file system can be mounted inside a user namespace.",
        why: "Charliecloud and Apptainer mount squashfs images so, and fuse-overlayfs its layers, without a set-user-id helper.",
        how: "In a user and mount namespace: open(2) of /dev/fuse there (a descriptor from outside would be refused with EINVAL) and mount(fuse) on a tmpfs.",
        user: "Unpack the image into a directory, with ch-convert or apptainer --unsquash.",
        admin: "Linux 4.18 or later; /dev/fuse open to everybody.",
        refs: &["fuse(4)", "user_namespaces(7)"],
    },
    read: |site| {
        let trial = overlay::in_tmpfs(site)
            .op(Op::Mkdir("fuse".into()))
            .subject()
            .op(Op::Open {
                path: FUSE.path.into(),
                write: true,
            })
            .op(Op::MountFuse("fuse".into()));
        Reading::new().trial(site, &trial)
    },
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let refused = "FUSE cannot be mounted in a user namespace";
    let opened = tried.step(0).is_some_and(|step| step.errno.is_none());
    match tried.failed().and_then(|step| step.errno) {
        None => Finding::pass("FUSE can be mounted in a user namespace"),
        Some(errno) if opened => Finding::caused(refused, cause(errno, site)),
        Some(errno) => Finding::caused(refused, FUSE.cause(errno, site)),
    }
}

/// Why the mount was refused, /dev/fuse being open.
fn cause(errno: Errno, site: &Site<'_>) -> Cause {
    let old = overlay::release(site).is_some_and(|kernel| kernel < IN_NAMESPACES);
    match errno {
        Errno::EPERM if old => overlay::too_old(
            site,
            IN_NAMESPACES,
            "does not mount FUSE in user namespaces",
        ),
        Errno::EPERM | Errno::ENOSYS if site.seccomp == Some(2) => attribute::seccomp(site),
        Errno::EACCES => attribute::security_module(site),
        other => Cause::new(format!(
            "mount(fuse) ended in {other}, for a cause that is not known"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    fn find(host: &Scripted, steps: &[(&str, Result<i64, Errno>)]) -> Finding {
        let reading = Reading {
            tried: vec![tried(steps)],
            ..Reading::new()
        };
        judge(&reading, &Site::new(host))
    }

    #[test]
    fn a_device_that_is_closed_is_told_from_a_mount_that_is_refused() {
        let host = Scripted::new()
            .stat("/dev/fuse", stat(0o020600))
            .file("/proc/sys/kernel/osrelease", "4.12.14\n");
        let closed = find(&host, &[("open(/dev/fuse)", Err(Errno::EACCES))]);
        assert!(closed.summary.contains("mode 0600"), "{}", closed.summary);
        let open = ("open(/dev/fuse)", Ok(0));
        let old = find(&host, &[open, ("mount(fuse)", Err(Errno::EPERM))]);
        assert!(old.summary.ends_with("4.18 does"), "{}", old.summary);
        let other = find(&host, &[open, ("mount(fuse)", Err(Errno::EINVAL))]);
        assert!(other.summary.ends_with("not known"), "{}", other.summary);
    }
}
