//! `sys.close_range`: is close_range(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.close_range",
    manual: Manual {
        title: "close_range",
        what: "Whether close_range(2), of Linux 5.9, can be used.",
        why: "Runtimes close what they inherited with one call; without it they walk through a million numbers where the limit of open files is high.",
        how: "close_range(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "Boot Linux 5.9 or later.",
        refs: &["close_range(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new().op(Op::Syscall {
        name: "close_range",
        number: libc::SYS_close_range,
        args: [2, 1, 0, 0, 0, 0],
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
            Finding::pass("the kernel has close_range(2) and lets the caller use it")
        }
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => {
            Finding::warn("close_range(2) is not there, or hidden by the inherited seccomp filter")
                .holding(false)
        }
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no close_range(2): it came with Linux 5.9").holding(false)
        }
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => Finding::warn(format!(
            "close_range(2) is refused ({errno}): a seccomp profile older than the call"
        ))
        .holding(false),
        Some(Some(errno)) => Finding::unknown(format!("close_range(2) ended in {errno}")),
        Some(None) => Finding::unknown("close_range(2) took arguments that make no sense"),
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
                tried: vec![tried(&[("close_range()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
