//! `sys.userfaultfd`: is userfaultfd(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.userfaultfd",
    manual: Manual {
        title: "userfaultfd",
        what: "Whether userfaultfd(2) can be used by the caller.",
        why: "Checkpoint and restore of containers (CRIU) and some memory managers use it.",
        how: "userfaultfd(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "sysctl -w vm.unprivileged_userfaultfd=1",
        refs: &["userfaultfd(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new().op(Op::Syscall {
        name: "userfaultfd",
        number: libc::SYS_userfaultfd,
        args: [u64::MAX, 0, 0, 0, 0, 0],
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
        Some(Some(Errno::EINVAL)) => {
            Finding::pass("the kernel has userfaultfd(2) and lets the caller use it")
        }
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => {
            Finding::warn("userfaultfd(2) is not there, or hidden by the inherited seccomp filter")
                .holding(false)
        }
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no userfaultfd(2): CONFIG_USERFAULTFD is not set")
                .holding(false)
        }
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => Finding::warn(format!(
            "userfaultfd(2) is refused ({errno}): vm.unprivileged_userfaultfd, or a seccomp profile"
        ))
        .holding(false),
        Some(Some(errno)) => Finding::unknown(format!("userfaultfd(2) ended in {errno}")),
        Some(None) => Finding::unknown("userfaultfd(2) took arguments that make no sense"),
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
                tried: vec![tried(&[("userfaultfd()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
