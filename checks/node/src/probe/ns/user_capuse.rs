//! `ns.user.capuse`: do capabilities work inside the user namespace?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, apparmor, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.user.capuse",
    manual: Manual {
        title: "Usable capabilities",
        what: "Whether root inside the user namespace may use its capabilities.",
        why: "Ubuntu since 24.04 lets anybody make a user namespace and then takes the capabilities away: every runtime starts and fails at its first mount.",
        how: "In a new user and mount namespace, mount(MS_REC|MS_PRIVATE) on / — the first thing that each runtime does.",
        user: "",
        admin: "Give the runtime's binary an AppArmor profile that allows `userns`.",
        refs: &["capabilities(7)", "user_namespaces(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_user_namespace(&site.caller)
        .op(Op::Unshare(libc::CLONE_NEWNS))
        .subject()
        .op(Op::mount_private("/"));
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed().map(|step| (step.to_string(), step.errno)) {
        None => Finding::pass("mount(2) works inside a user namespace"),
        Some((call, _)) if site.seccomp == Some(2) => Finding::caused(
            &format!("capabilities are of no use ({call})"),
            attribute::seccomp(site),
        ),
        Some((call, Some(hpcctl_host::Errno::EINVAL))) => Finding::fail(format!(
            "{call}: / is no mount point, as in a chroot to a plain directory"
        )),
        Some((call, _)) => {
            let what = format!("capabilities are of no use ({call})");
            let found = Finding::caused(&what, attribute::security_module(site));
            apparmor::of_this_program(found, site)
        }
    }
}
