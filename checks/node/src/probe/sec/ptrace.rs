//! `sec.ptrace`: may a process be traced?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

const TRACER: &str = "/proc/self/status: TracerPid";

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.ptrace",
    manual: Manual {
        title: "Tracing",
        what: "Whether a child may let its parent trace it.",
        why: "Debuggers, proot and fakeroot-ng trace, and MPI's copy between processes (CMA) is allowed by the same rules.",
        how: "ptrace(PTRACE_TRACEME) in a forked child.",
        user: "",
        admin: "Lower the scope of Yama, of which the value 3 lasts until the next boot: sysctl -w kernel.yama.ptrace_scope=1",
        refs: &[
            "ptrace(2)",
            "https://docs.kernel.org/admin-guide/LSM/Yama.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let status = site.host.read("/proc/self/status").unwrap_or_default();
    let tracer = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"));
    let traceme = Op::Syscall {
        name: "ptrace(PTRACE_TRACEME)",
        number: libc::SYS_ptrace,
        args: [0; 6],
    };
    Reading::new()
        .fact(TRACER, tracer.unwrap_or("0").trim())
        .trial(site, &Trial::new().subject().op(traceme))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let Some(step) = tried.step(0) else {
        return Finding::unknown("the trial reported nothing");
    };
    let traced = reading
        .facts
        .iter()
        .any(|(name, pid)| name == TRACER && pid != "0");
    match step.errno {
        None => Finding::pass("a child can be traced"),
        Some(_) if traced => {
            Finding::unknown("hpcctl itself is being traced, so its child cannot be")
        }
        Some(_) if site.seccomp == Some(2) => {
            Finding::caused("tracing is refused", attribute::seccomp(site))
        }
        Some(errno) => match site.sysctl_number("kernel.yama.ptrace_scope") {
            Some(3) => Finding::fail("tracing is refused: kernel.yama.ptrace_scope is 3"),
            _ => Finding::fail(format!("tracing is refused ({errno})")),
        },
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(outcome: Result<i64, Errno>, tracer: &str, scope: &str) -> String {
        let mut reading = Reading::new().fact(TRACER, tracer);
        reading.tried.push(tried(&[("ptrace()", outcome)]));
        let host = Scripted::new().file("/proc/sys/kernel/yama/ptrace_scope", scope);
        let found = judge(&reading, &Site::new(&host));
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn causes_are_told_apart() {
        assert!(find(Ok(0), "0", "1").starts_with("pass"));
        assert!(find(Err(Errno::EPERM), "77", "1").starts_with("unknown"));
        assert!(find(Err(Errno::EPERM), "0", "3\n").contains("ptrace_scope is 3"));
        assert!(find(Err(Errno::EPERM), "0", "1").contains("EPERM"));
    }
}
