//! `sec.blocked`: which system calls does the inherited filter deny?

use hpcctl_host::trial::End;
use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::harmless::{CALLS, Call};
use crate::{Finding, Manual, Reading, Site, attribute, overlay};

/// SIGSYS, by which a filter kills.
const SIGSYS: i32 = libc::SIGSYS;

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.blocked",
    manual: Manual {
        title: "Calls that the filter denies",
        what: "Which of about seventy system calls that runtimes, MPI and package managers make are denied by the seccomp filter that this process inherited.",
        why: "The profile of an outer container or of a launcher denies calls one by one, and each shows as an error of its own: keyctl ends crun, process_vm_readv slows MPI, move_pages unbinds memory. Profiles that are older than a call answer EPERM where programs expect ENOSYS.",
        how: "Only under a filter: each call once, in one forked child, with arguments that do nothing. Without a filter the kernel answers EINVAL, EFAULT or EBADF before it looks at privileges; EPERM or ENOSYS come from the filter, unless the kernel is older than the call or built without it. A filter that looks at arguments may deny more than is seen here.",
        user: "Start the outer container with --security-opt seccomp=unconfined, or with a newer profile.",
        admin: "Allow the calls in the profile; drop SystemCallFilter= from the unit that starts sessions or jobs.",
        refs: &[
            "seccomp(2)",
            "https://docs.docker.com/engine/security/seccomp/",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if site.seccomp != Some(2) {
        return Reading::new();
    }
    Reading::new().trial(site, &trial(Trial::new()))
}

/// Adds every call to a trial.
fn trial(trial: Trial) -> Trial {
    CALLS.iter().fold(trial.subject(), |trial, call| {
        trial.maybe(Op::Syscall {
            name: call.name,
            number: call.number,
            args: call.args,
        })
    })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match site.seccomp {
        Some(2) => {}
        Some(0) => return Finding::skipped("no seccomp filter is inherited").holding(true),
        Some(mode) => return Finding::unknown(format!("seccomp is in mode {mode}")),
        None => {
            return Finding::unknown(
                "/proc/self/status does not say whether a filter is inherited",
            );
        }
    }
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    let answered = tried.steps.get(tried.subject..).unwrap_or_default();
    if let (End::Signal(SIGSYS), Some(call)) = (tried.end, CALLS.get(answered.len())) {
        return steps(
            Finding::warn(format!(
                "the inherited filter kills a process that calls {}(2)",
                call.name
            ))
            .holding(false),
            site,
        );
    }
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    if answered.len() < CALLS.len() {
        return Finding::unknown("not every call was tried");
    }
    let release = overlay::release(site);
    let denied: Vec<&str> = CALLS
        .iter()
        .zip(answered)
        .filter(|(call, step)| is_denied(call, step.errno, release))
        .map(|(call, _)| call.name)
        .collect();
    let count = CALLS.len();
    match denied.as_slice() {
        [] => Finding::pass(format!("the inherited filter denies none of {count} calls")),
        denied => steps(
            Finding::warn(format!(
                "the inherited filter denies {} of {count} calls: {}",
                denied.len(),
                denied.join(", ")
            ))
            .holding(false),
            site,
        ),
    }
}

/// Whether the answer is a filter's. What a kernel may lack of itself is no denial.
fn is_denied(call: &Call, errno: Option<Errno>, release: Option<(u32, u32)>) -> bool {
    let has = !call.optional && release.is_some_and(|kernel| kernel >= call.since);
    match errno {
        Some(Errno::EPERM) => true,
        Some(Errno::ENOSYS) => has,
        _ => false,
    }
}

fn steps(mut finding: Finding, site: &Site<'_>) -> Finding {
    finding.steps = attribute::seccomp(site).steps;
    finding
}

#[cfg(test)]
mod tests {
    use hpcctl_host::{DEADLINE, Host, Live, Tried};

    use super::*;
    use crate::scripted::Scripted;

    fn find(tried: Tried, seccomp: Option<u32>) -> Finding {
        let host = Scripted::new().file("/proc/sys/kernel/osrelease", "6.1.0\n");
        let reading = Reading {
            tried: vec![tried],
            ..Reading::new()
        };
        let mut site = Site::new(&host);
        site.seccomp = seccomp;
        judge(&reading, &site)
    }

    #[test]
    fn a_filter_is_seen_and_without_one_nothing_is_denied() {
        if Site::new(&Live).seccomp != Some(0) {
            println!("skipped: this test runs under a filter itself");
            return;
        }
        let free = Live.attempt(&trial(Trial::new()), DEADLINE);
        assert_eq!(
            find(free, Some(2)).summary,
            format!("the inherited filter denies none of {} calls", CALLS.len())
        );
        let filter = Op::SeccompErrno {
            calls: vec![libc::SYS_keyctl, libc::SYS_unshare],
            errno: libc::EPERM as u16,
        };
        let filtered = Live.attempt(&trial(Trial::new().op(filter)), DEADLINE);
        let found = find(filtered, Some(2));
        assert!(
            found.summary.ends_with("calls: unshare, keyctl"),
            "{found:?}"
        );
    }

    #[test]
    fn a_kernel_may_lack_what_it_is_older_than_or_built_without() {
        let row = |name: &str| CALLS.iter().find(|call| call.name == name).unwrap();
        let denied = |name, errno| is_denied(row(name), Some(errno), Some((6, 1)));
        assert!(denied("openat2", Errno::ENOSYS));
        assert!(!denied("keyctl", Errno::ENOSYS));
        assert!(denied("keyctl", Errno::EPERM));
        assert!(!is_denied(
            row("openat2"),
            Some(Errno::ENOSYS),
            Some((5, 4))
        ));
        assert!(!is_denied(row("openat2"), Some(Errno::ENOSYS), None));
    }

    #[test]
    fn a_filter_that_kills_is_named_by_the_call() {
        let mut killed = crate::scripted::tried(&[("unshare()", Err(Errno::EINVAL))]);
        killed.end = End::Signal(SIGSYS);
        let found = find(killed.clone(), Some(2));
        assert!(found.summary.ends_with("calls setns(2)"), "{found:?}");
        assert_eq!(find(killed.clone(), Some(0)).status.as_str(), "skipped");
        killed.end = End::Finished;
        assert_eq!(find(killed, Some(2)).status.as_str(), "unknown");
    }
}
