//! `sys.perf`: is perf_event_open(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.perf",
    manual: Manual {
        title: "Performance counters",
        what: "Whether perf_event_open(2) can be used by the caller.",
        why: "Profilers read the counters of the processor by it; the sysctl kernel.perf_event_paranoid above 2, and container profiles, forbid it.",
        how: "perf_event_open(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "sysctl -w kernel.perf_event_paranoid=2",
        refs: &["perf_event_open(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new().op(Op::Syscall {
        name: "perf_event_open",
        number: libc::SYS_perf_event_open,
        args: [0, 0, 0, 0, 0, 0],
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
        Some(Some(Errno::EFAULT | Errno::EINVAL | Errno::E2BIG)) => Finding::pass("the kernel has perf_event_open(2) and lets the caller use it"),
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => {
            Finding::warn("perf_event_open(2) is not there, or hidden by the inherited seccomp filter").holding(false)
        }
        Some(Some(Errno::ENOSYS)) => Finding::warn("the kernel has no perf_event_open(2): CONFIG_PERF_EVENTS is not set").holding(false),
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => {
            Finding::warn(format!("perf_event_open(2) is refused ({errno}): kernel.perf_event_paranoid, or a seccomp profile")).holding(false)
        }
        Some(Some(errno)) => Finding::unknown(format!("perf_event_open(2) ended in {errno}")),
        Some(None) => Finding::unknown("perf_event_open(2) took arguments that make no sense"),
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
                tried: vec![tried(&[("perf_event_open()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
