//! `sys.mempolicy`: is get_mempolicy(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.mempolicy",
    manual: Manual {
        title: "Memory policies",
        what: "Whether NUMA memory policies can be asked for.",
        why: "MPI and OpenMP runtimes place memory beside the cores that use it; without the calls placement is silently lost.",
        how: "get_mempolicy(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "Allow get_mempolicy, set_mempolicy and mbind in the seccomp profile.",
        refs: &["set_mempolicy(2)", "numa(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new().op(Op::Syscall {
        name: "get_mempolicy",
        number: libc::SYS_get_mempolicy,
        args: [0, 0, 0, 0, u64::MAX, 0],
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
            Finding::pass("the kernel has get_mempolicy(2) and lets the caller use it")
        }
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => Finding::warn(
            "get_mempolicy(2) is not there, or hidden by the inherited seccomp filter",
        )
        .holding(false),
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no get_mempolicy(2): CONFIG_NUMA is not set")
                .holding(false)
        }
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => Finding::warn(format!(
            "get_mempolicy(2) is refused ({errno}): a seccomp profile"
        ))
        .holding(false),
        Some(Some(errno)) => Finding::unknown(format!("get_mempolicy(2) ended in {errno}")),
        Some(None) => Finding::unknown("get_mempolicy(2) took arguments that make no sense"),
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
                tried: vec![tried(&[("get_mempolicy()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
