//! `sys.io_uring`: is io_uring_setup(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.io_uring",
    manual: Manual {
        title: "io_uring",
        what: "Whether io_uring(7) can be used.",
        why: "Some storage engines and MPI-IO libraries use it; container profiles and hardened nodes forbid it.",
        how: "io_uring_setup(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "sysctl -w kernel.io_uring_disabled=0",
        refs: &["io_uring_setup(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new().op(Op::Syscall {
        name: "io_uring_setup",
        number: libc::SYS_io_uring_setup,
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
        Some(Some(Errno::EINVAL | Errno::EFAULT)) => {
            Finding::pass("the kernel has io_uring_setup(2) and lets the caller use it")
        }
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => Finding::warn(
            "io_uring_setup(2) is not there, or hidden by the inherited seccomp filter",
        )
        .holding(false),
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no io_uring_setup(2): it came with Linux 5.1")
                .holding(false)
        }
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => Finding::warn(format!(
            "io_uring_setup(2) is refused ({errno}): kernel.io_uring_disabled, or a seccomp profile"
        ))
        .holding(false),
        Some(Some(errno)) => Finding::unknown(format!("io_uring_setup(2) ended in {errno}")),
        Some(None) => Finding::unknown("io_uring_setup(2) took arguments that make no sense"),
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
                tried: vec![tried(&[("io_uring_setup()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
