//! `sec.filter`: does a seccomp filter do what it says?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// An error that getppid(2), which never fails, cannot have of itself.
const ANSWER: Errno = Errno::EXDEV;

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.filter",
    manual: Manual {
        title: "Seccomp filters",
        what: "Whether a process may install a seccomp filter and the filter works.",
        why: "Runtimes confine containers by a filter, and builds without many ids fake the change of owners by one.",
        how: "In a forked child: no_new_privs, seccomp(SECCOMP_SET_MODE_FILTER) with a filter that answers getppid(2) by EXDEV, then getppid(2).",
        user: "",
        admin: "A kernel with CONFIG_SECCOMP_FILTER.",
        refs: &["seccomp(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let call = libc::SYS_getppid;
    let filter = Op::SeccompErrno {
        calls: vec![call],
        errno: ANSWER.0.unsigned_abs() as u16,
    };
    let getppid = Op::Syscall {
        name: "getppid",
        number: call,
        args: [0; 6],
    };
    Reading::new().trial(site, &Trial::new().subject().op(filter).maybe(getppid))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let outcome = |n| tried.step(n).map(|step| step.errno);
    match (outcome(0), outcome(1)) {
        (Some(None), Some(Some(errno))) if errno == ANSWER => {
            Finding::pass("a seccomp filter can be installed and answers")
        }
        (Some(None), Some(_)) => Finding::fail("a seccomp filter is accepted but does nothing"),
        (Some(Some(errno)), _) => refused(errno, site),
        _ => Finding::unknown("the trial reported nothing"),
    }
}

/// Why no filter can be installed.
fn refused(errno: Errno, site: &Site<'_>) -> Finding {
    let what = format!("no seccomp filter can be installed ({errno})");
    match errno {
        _ if site.seccomp == Some(2) => Finding::caused(&what, attribute::seccomp(site)),
        Errno::EINVAL | Errno::ENOSYS => {
            Finding::caused(&what, attribute::not_built("SECCOMP_FILTER"))
        }
        _ => Finding::fail(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(filter: Result<i64, Errno>, call: Result<i64, Errno>) -> String {
        let steps = [("seccomp()", filter), ("getppid()", call)];
        let reached = if filter.is_ok() { 2 } else { 1 };
        let reading = Reading {
            tried: vec![tried(&steps[..reached])],
            ..Reading::new()
        };
        let found = judge(&reading, &Site::new(&Scripted::new()));
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn only_the_planted_answer_passes() {
        assert!(find(Ok(0), Err(ANSWER)).starts_with("pass"));
        assert!(find(Ok(0), Ok(1)).starts_with("fail"));
        assert!(find(Ok(0), Err(Errno::EPERM)).starts_with("fail"));
    }

    #[test]
    fn a_kernel_without_filters_is_named() {
        let found = find(Err(Errno::EINVAL), Ok(0));
        assert!(found.contains("CONFIG_SECCOMP_FILTER"), "{found}");
    }
}
