//! Is a system call there? It is called with arguments that do nothing: the errno tells.

use hpcctl_host::{Errno, Op, Trial};

use crate::{Finding, Reading, Site, attribute};

/// A call, and how its answers are read.
pub(crate) struct Syscall {
    pub(crate) name: &'static str,
    pub(crate) number: i64,
    /// Arguments that make no sense, so that nothing is done.
    pub(crate) args: [u64; 6],
    /// What a kernel answers that has the call and lets the caller use it.
    pub(crate) there: &'static [Errno],
    /// Whether success says so too.
    pub(crate) answers: bool,
    /// Whether it needs the privileges of a user and mount namespace.
    pub(crate) mounts: bool,
    /// Why a kernel lacks it.
    pub(crate) absent: &'static str,
    /// What refuses it.
    pub(crate) refused: &'static str,
}

impl Syscall {
    /// Tries the call in a forked child.
    pub(crate) fn read(&self, site: &Site<'_>) -> Reading {
        let trial = if self.mounts {
            Trial::in_mount_namespace(&site.caller).subject()
        } else {
            Trial::new()
        };
        let trial = trial.op(Op::Syscall {
            name: self.name,
            number: self.number,
            args: self.args,
        });
        Reading::new().trial(site, &trial)
    }

    /// Tells absent, hidden and refused apart.
    pub(crate) fn judge(&self, reading: &Reading, site: &Site<'_>) -> Finding {
        let Some(tried) = reading.tried.first() else {
            return Finding::unknown("nothing was tried");
        };
        if let Some(finding) = attribute::unprepared(tried) {
            return finding;
        }
        let call = format!("{}(2)", self.name);
        let Some(step) = tried.step(0) else {
            return Finding::unknown("the trial reported nothing");
        };
        let there = || Finding::pass(format!("the kernel has {call} and lets the caller use it"));
        match step.errno {
            None if self.answers => there(),
            None => Finding::unknown(format!("{call} took arguments that make no sense")),
            Some(errno) if self.there.contains(&errno) => there(),
            Some(Errno::ENOSYS) if site.seccomp == Some(2) => Finding::warn(format!(
                "{call} is not there, or hidden by the inherited seccomp filter"
            ))
            .holding(false),
            Some(Errno::ENOSYS) => {
                Finding::warn(format!("the kernel has no {call}: {}", self.absent)).holding(false)
            }
            Some(errno @ (Errno::EPERM | Errno::EACCES)) => {
                Finding::warn(format!("{call} is refused ({errno}): {}", self.refused))
                    .holding(false)
            }
            Some(errno) => Finding::unknown(format!("{call} ended in {errno}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    static CALL: Syscall = Syscall {
        name: "openat2",
        number: libc::SYS_openat2,
        args: [u64::MAX, 0, 0, 0, 0, 0],
        there: &[Errno::EINVAL],
        answers: false,
        mounts: false,
        absent: "it came with Linux 5.6",
        refused: "a seccomp profile older than the call",
    };

    fn find(answer: Result<i64, Errno>) -> Finding {
        let reading = Reading {
            tried: vec![tried(&[("openat2()", answer)])],
            ..Reading::new()
        };
        CALL.judge(&reading, &Site::new(&Scripted::new()))
    }

    #[test]
    fn absent_and_refused_are_told_apart() {
        assert!(find(Err(Errno::ENOSYS)).summary.contains("has no"));
        assert!(find(Err(Errno::EPERM)).summary.contains("refused"));
    }

    #[test]
    fn only_the_errno_of_a_call_that_is_there_passes() {
        assert_eq!(find(Err(Errno::EINVAL)).holds, Some(true));
        assert_eq!(find(Err(Errno::EIO)).holds, None);
        assert_eq!(find(Ok(0)).holds, None);
    }
}
