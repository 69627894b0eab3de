//! `ns.user.clone3`: is clone3(2) there, and may it make a user namespace?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.user.clone3",
    manual: Manual {
        title: "User namespaces by clone3",
        what: "Whether clone3(2) may create a user namespace.",
        why: "Runtimes and the C library use clone3; an old seccomp profile answers it with ENOSYS, and with EPERM it breaks programs that know no other way.",
        how: "clone3(CLONE_NEWUSER) of a child that exits at once.",
        user: "",
        admin: "Update libseccomp and the profile of the outer container.",
        refs: &["clone3(2)", "seccomp(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let flags = u64::from(libc::CLONE_NEWUSER.cast_unsigned());
    Reading::new().trial(site, &Trial::new().subject().op(Op::Clone3(flags)))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.step(0).map(|step| step.errno) {
        None => Finding::unknown("the trial reported nothing"),
        Some(None) => Finding::pass("clone3 makes a user namespace"),
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => {
            Finding::caused("clone3 is hidden (ENOSYS)", attribute::seccomp(site))
        }
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no clone3 (before 5.3); programs fall back to clone")
                .holding(false)
        }
        Some(Some(errno)) => Finding::caused(
            "clone3 may not make a user namespace",
            attribute::user_namespace(errno, site),
        ),
    }
}
