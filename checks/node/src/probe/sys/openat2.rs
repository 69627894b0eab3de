//! `sys.openat2`: is openat2(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.openat2",
    manual: Manual {
        title: "openat2",
        what: "Whether openat2(2), of Linux 5.6, can be used.",
        why: "runc and crun open paths inside a container with it, safe from links that lead out.",
        how: "openat2(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "Boot Linux 5.6 or later.",
        refs: &["openat2(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new().op(Op::Syscall {
        name: "openat2",
        number: libc::SYS_openat2,
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
        Some(Some(Errno::EINVAL | Errno::EFAULT | Errno::EBADF | Errno::E2BIG)) => {
            Finding::pass("the kernel has openat2(2) and lets the caller use it")
        }
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => {
            Finding::warn("openat2(2) is not there, or hidden by the inherited seccomp filter")
                .holding(false)
        }
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no openat2(2): it came with Linux 5.6").holding(false)
        }
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => Finding::warn(format!(
            "openat2(2) is refused ({errno}): a seccomp profile older than the call"
        ))
        .holding(false),
        Some(Some(errno)) => Finding::unknown(format!("openat2(2) ended in {errno}")),
        Some(None) => Finding::unknown("openat2(2) took arguments that make no sense"),
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
                tried: vec![tried(&[("openat2()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
