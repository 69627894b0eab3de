//! `sec.inherited`: is this process restricted already?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, privilege};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.inherited",
    manual: Manual {
        title: "Inherited restrictions",
        what: "Whether this process already runs under a seccomp filter or with no_new_privs.",
        why: "Both are inherited for good. An outer container or a launcher that sets them makes runtimes fail with errors that point elsewhere: newuidmap gains nothing under no_new_privs, and a filter refuses mount(2) or unshare(2).",
        how: "Seccomp and NoNewPrivs in /proc/self/status; mount(2) with null arguments, which ends in EFAULT where no filter refuses it first.",
        user: "Start from a plain login, or start the outer container with --security-opt seccomp=unconfined.",
        admin: "Drop NoNewPrivileges= and SystemCallFilter= from the unit that starts sessions or jobs.",
        refs: &["seccomp(2)", "PR_SET_NO_NEW_PRIVS(2const)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let mount = Op::Syscall {
        name: "mount",
        number: libc::SYS_mount,
        args: [0; 6],
    };
    let mode = site
        .seccomp
        .map_or("not read".into(), |mode| mode.to_string());
    Reading::new()
        .fact("/proc/self/status: Seccomp", mode)
        .fact(
            "/proc/self/status: NoNewPrivs",
            u32::from(site.no_new_privs),
        )
        .trial(site, &Trial::new().subject().maybe(mount))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let mount = reading.tried.first().and_then(|tried| tried.step(0)?.errno);
    let refuses = matches!(mount, Some(Errno::EPERM | Errno::ENOSYS | Errno::EACCES));
    match (site.seccomp, site.no_new_privs) {
        (None, _) => Finding::unknown("/proc/self/status does not say whether a filter is there"),
        (Some(0), false) => Finding::pass("neither a seccomp filter nor no_new_privs is inherited"),
        (Some(0), true) => {
            let mut found = Finding::caused("set-user-id programs", privilege::no_new_privs());
            found.status = hpcctl_model::doctor::Status::Warn;
            found.summary = "no_new_privs is inherited: newuidmap, fusermount3 and other set-user-id programs gain nothing".into();
            found
        }
        (Some(_), nnp) => {
            let mut summary = String::from("a seccomp filter is inherited");
            if refuses {
                summary.push_str(", which refuses mount(2): no runtime can mount here");
            }
            if nnp {
                summary.push_str("; no_new_privs is set, too");
            }
            let mut found = Finding::warn(summary).holding(false);
            found.steps = attribute::seccomp(site).steps;
            found
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(seccomp: Option<u32>, no_new_privs: bool, mount: Errno) -> String {
        let reading = Reading {
            tried: vec![tried(&[("mount()", Err(mount))])],
            ..Reading::new()
        };
        let host = Scripted::new();
        let mut site = Site::new(&host);
        (site.seccomp, site.no_new_privs) = (seccomp, no_new_privs);
        let found = judge(&reading, &site);
        format!(
            "{} {:?}: {}",
            found.status.as_str(),
            found.holds,
            found.summary
        )
    }

    #[test]
    fn each_restriction_is_named() {
        assert!(find(Some(0), false, Errno::EFAULT).starts_with("pass"));
        let nnp = find(Some(0), true, Errno::EFAULT);
        assert!(nnp.starts_with("warn Some(false): no_new_privs"), "{nnp}");
        let filter = find(Some(2), false, Errno::EPERM);
        assert!(filter.contains("refuses mount(2)"), "{filter}");
        let mild = find(Some(2), true, Errno::EFAULT);
        assert_eq!(
            mild,
            "warn Some(false): a seccomp filter is inherited; no_new_privs is set, too"
        );
        assert!(find(None, false, Errno::EFAULT).starts_with("unknown"));
    }
}
