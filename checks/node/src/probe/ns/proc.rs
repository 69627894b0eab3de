//! `ns.proc`: may a fresh /proc be mounted in a new pid namespace?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.proc",
    manual: Manual {
        title: "A fresh /proc",
        what: "Whether proc can be mounted inside a user and pid namespace.",
        why: "Podman and `apptainer build` need it. The kernel refuses it (EPERM) where part of the visible /proc is covered by another mount, as inside containers and where /proc is masked.",
        how: "In a user, mount and pid namespace, as its init, mount(proc) on a directory of a tmpfs. On EPERM the mounts below /proc are listed.",
        user: "Charliecloud and Apptainer bind the host's /proc and need none; where podman builds: podman build --isolation=chroot …",
        admin: "Remove the mounts below /proc; use the mount option hidepid= instead of covering.",
        refs: &["proc(5)", "mount_namespaces(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let target = format!("{}/proc", site.mount_point);
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::tmpfs(site.mount_point))
        .op(Op::Mkdir(target.clone()))
        .op(Op::Unshare(libc::CLONE_NEWPID))
        .op(Op::Fork)
        .subject()
        .op(Op::mount("proc", &target, "proc", 0, ""));
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let Some(step) = tried.failed() else {
        return Finding::pass("proc can be mounted in a pid namespace");
    };
    if step.errno != Some(Errno::EPERM) {
        return Finding::fail(format!("{step}, for a cause that is not known"));
    }
    Finding::caused("proc is refused (EPERM)", attribute::proc(site))
}
