//! `sys.fsopen`: is fsopen(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.fsopen",
    manual: Manual {
        title: "The newer way to mount",
        what: "Whether fsopen(2), of Linux 5.2, can be used.",
        why: "Newer runtimes mount by fsopen, fsconfig and move_mount, and fall back to mount(2) without them.",
        how: "In a user and mount namespace: fsopen(2) with arguments that do nothing: what it answers tells whether it is there.",
        user: "",
        admin: "Boot Linux 5.2 or later.",
        refs: &["fsopen(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_mount_namespace(&site.caller)
        .subject()
        .op(Op::Syscall {
            name: "fsopen",
            number: libc::SYS_fsopen,
            args: [0, u64::MAX, 0, 0, 0, 0],
        });
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.step(0).map(|step| step.errno) {
        Some(Some(Errno::EINVAL | Errno::EFAULT)) => {
            Finding::pass("the kernel has fsopen(2) and lets the caller use it")
        }
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => {
            Finding::warn("fsopen(2) is not there, or hidden by the inherited seccomp filter")
                .holding(false)
        }
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no fsopen(2): it came with Linux 5.2").holding(false)
        }
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => {
            Finding::warn(format!("fsopen(2) is refused ({errno}): a seccomp profile"))
                .holding(false)
        }
        Some(Some(errno)) => Finding::unknown(format!("fsopen(2) ended in {errno}")),
        Some(None) => Finding::unknown("fsopen(2) took arguments that make no sense"),
        None => Finding::unknown("the trial reported nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn absent_and_refused_are_told_apart() {
        let find = |errno| {
            let reading = Reading {
                tried: vec![tried(&[("fsopen()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
