//! `fuse.fusermount`: can the helper mount FUSE for the caller?

use super::Probe;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, privilege};

/// The helpers, the newer first.
const PROGRAMS: [&str; 2] = ["fusermount3", "fusermount"];

/// The number of CAP_SYS_ADMIN.
const CAP_SYS_ADMIN: u32 = 21;

/// The row.
pub static PROBE: Probe = Probe {
    id: "fuse.fusermount",
    manual: Manual {
        title: "fusermount",
        what: "Whether fusermount3 or fusermount is installed and gains the privileges that it needs.",
        why: "FUSE file systems outside a user namespace, such as sshfs and s3fs on a login node, are mounted through it.",
        how: "Looks for the program in PATH, at its mode, its capabilities and the flags of its mount, and at no_new_privs. It is not run.",
        user: "Mount inside a user namespace, where no helper is needed: unshare -rm",
        admin: "Install fuse3.",
        refs: &["fusermount3(1)", "fuse(8)"],
    },
    read: |site| {
        let path = PROGRAMS.iter().find_map(|program| site.host.which(program));
        match path {
            Some(path) => Reading::new().stat(site, &path),
            None => Reading::new(),
        }
    },
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match reading.stats.first() {
        None => Finding::fail("neither fusermount3 nor fusermount is in PATH")
            .step(Package::named("fuse3").install("fusermount3", site)),
        Some((path, Err(errno))) => {
            Finding::unknown(format!("{path} cannot be looked at: {errno}"))
        }
        Some((path, Ok(_))) if site.is_root() => Finding::pass(format!("{path} is installed")),
        Some((path, Ok(stat))) => match privilege::obstacle(site, path, stat, CAP_SYS_ADMIN) {
            Some(cause) => Finding::caused("fusermount cannot mount", cause),
            None => Finding::pass(format!("{path} is installed and privileged")),
        },
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, stat};

    fn find(host: &Scripted) -> Finding {
        let site = Site::new(host);
        judge(&(PROBE.read)(&site), &site)
    }

    #[test]
    fn it_must_be_there_and_privileged() {
        let path = "/usr/bin/fusermount";
        let absent = find(&Scripted::new());
        assert_eq!(absent.status, Status::Fail);
        assert!(
            absent.steps[0]
                .command
                .as_deref()
                .unwrap()
                .contains("fuse3")
        );
        let host = Scripted::new().program("fusermount", path);
        let good = host.clone().stat(path, stat(0o104755));
        assert_eq!(find(&good).status, Status::Pass);
        let plain = host.stat(path, stat(0o100755));
        assert!(find(&plain).summary.contains("neither set-user-id"));
        assert_eq!(find(&plain.by_root()).status, Status::Pass);
    }
}
