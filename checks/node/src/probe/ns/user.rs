//! `ns.user`: may the caller make a user namespace?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, apparmor, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.user",
    manual: Manual {
        title: "User namespaces",
        what: "Whether the caller may create a user namespace.",
        why: "Every rootless runtime starts with one: without it nobody but root runs a container.",
        how: "unshare(CLONE_NEWUSER) in a forked child. The errno is attributed to its cause: a seccomp filter, a sysctl, a limit of this or an outer namespace, a chroot, a security module, or the kernel's configuration.",
        user: "",
        admin: "Allow unprivileged user namespaces; a set-user-id runtime is the other way.",
        refs: &["user_namespaces(7)", "unshare(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().trial(
        site,
        &Trial::new().subject().op(Op::Unshare(libc::CLONE_NEWUSER)),
    )
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let tried = &reading.tried[0];
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.step(0) {
        Some(step) => match step.errno {
            Some(errno) => {
                let cause = attribute::user_namespace(errno, site);
                let found = Finding::caused("user namespaces are refused", cause);
                match errno {
                    Errno::EACCES => apparmor::of_this_program(found, site),
                    _ => found,
                }
            }
            None if step.value > 0 => Finding::warn(format!(
                "a user namespace was made at the {}th attempt: user.max_user_namespaces is nearly used up",
                step.value + 1
            )),
            None => Finding::pass("a user namespace can be made"),
        },
        None => Finding::unknown("the trial reported nothing"),
    }
}
