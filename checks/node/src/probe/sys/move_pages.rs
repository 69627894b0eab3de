//! `sys.move_pages`: is move_pages(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.move_pages",
    manual: Manual {
        title: "Moving pages",
        what: "Whether move_pages(2) can be used.",
        why: "hwloc and MPI libraries ask by it on which NUMA node memory lies; the default profile of podman and Docker forbids it.",
        how: "move_pages(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "podman run --security-opt seccomp=PROFILE with it allowed.",
        refs: &["move_pages(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new().op(Op::Syscall {
        name: "move_pages",
        number: libc::SYS_move_pages,
        args: [0, 0, 0, 0, 0, u64::MAX],
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
        Some(Some(Errno::EINVAL | Errno::ENODEV | Errno::EFAULT)) => {
            Finding::pass("the kernel has move_pages(2) and lets the caller use it")
        }
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => {
            Finding::warn("move_pages(2) is not there, or hidden by the inherited seccomp filter")
                .holding(false)
        }
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no move_pages(2): CONFIG_MIGRATION is not set")
                .holding(false)
        }
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => Finding::warn(format!(
            "move_pages(2) is refused ({errno}): a seccomp profile"
        ))
        .holding(false),
        Some(Some(errno)) => Finding::unknown(format!("move_pages(2) ended in {errno}")),
        Some(None) => Finding::unknown("move_pages(2) took arguments that make no sense"),
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
                tried: vec![tried(&[("move_pages()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
