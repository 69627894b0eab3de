//! `sec.notif`: can a supervisor answer system calls of a filtered process?

use hpcctl_host::{Errno, Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.notif",
    manual: Manual {
        title: "Seccomp notifications",
        what: "Whether a supervisor can receive the system calls of a filtered process and answer them.",
        why: "Tools that carry out mknod or chown on behalf of a rootless build work this way.",
        how: "A forked child installs a filter with SECCOMP_FILTER_FLAG_NEW_LISTENER and calls getppid(2); its supervisor receives the call and answers it with a number that the kernel would not; the child checks the number.",
        user: "",
        admin: "A kernel of 5.0 or later.",
        refs: &["seccomp_unotify(2)"],
    },
    read: |site| Reading::new().trial(site, &Trial::new().subject().op(Op::SeccompNotify)),
    judge,
};

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
    let what = "a supervisor cannot answer system calls";
    match step.errno {
        None => Finding::pass("a supervisor receives system calls and answers them"),
        Some(Errno::EBUSY) => Finding::fail(format!(
            "{what}: an outer supervisor, such as that of a container, has the only listener"
        )),
        Some(_) if site.seccomp == Some(2) => Finding::caused(what, attribute::seccomp(site)),
        Some(errno @ (Errno::EINVAL | Errno::ENOSYS | Errno::ENOTTY)) => Finding::fail(format!(
            "{what} ({errno}): the kernel is older than 5.0"
        ))
        .step(admin(Cost::Reboot, "boot a kernel of 5.0 or later", "")),
        Some(errno) => Finding::fail(format!("{what} ({errno})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(outcome: Result<i64, Errno>) -> String {
        let reading = Reading {
            tried: vec![tried(&[("seccomp()", outcome)])],
            ..Reading::new()
        };
        let found = judge(&reading, &Site::new(&Scripted::new()));
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn an_old_kernel_and_an_outer_listener_differ() {
        assert!(find(Ok(4_242_424_242)).starts_with("pass"));
        assert!(find(Err(Errno::EINVAL)).contains("older than 5.0"));
        assert!(find(Err(Errno::EBUSY)).contains("outer supervisor"));
        assert!(find(Err(Errno::EPERM)).starts_with("fail"));
    }
}
