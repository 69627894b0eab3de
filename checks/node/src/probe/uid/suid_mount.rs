//! `uid.suid.mount`: do set-user-id programs gain their privileges here?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, privilege};

/// Where the program would be that is looked at.
const USUAL: &str = "/usr/bin";

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.suid.mount",
    manual: Manual {
        title: "Set-user-id programs",
        what: "Whether something takes their privileges from set-user-id programs: no_new_privs on this process, or a nosuid mount.",
        why: "newuidmap, fusermount3 and set-user-id runtimes then fail with an errno that does not tell why. Job launchers set no_new_privs, and stateless nodes mount /usr nosuid.",
        how: "Reads NoNewPrivs in /proc/self/status and the mount flags of the file system that holds newuidmap (/usr/bin where it is not installed), statvfs(3).",
        user: "",
        admin: "Mount the file system without nosuid; drop no_new_privs from the launcher.",
        refs: &["execve(2)", "mount(8)", "prctl(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let path = site.host.which("newuidmap");
    Reading::new()
        .stat(site, path.as_deref().unwrap_or(USUAL))
        .fact("/proc/self/status: NoNewPrivs", u8::from(site.no_new_privs))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::skipped("root has the privileges that such programs give").holding(true);
    }
    if site.no_new_privs {
        return Finding::caused(
            "set-user-id programs gain nothing",
            privilege::no_new_privs(),
        );
    }
    match reading.stats.first() {
        Some((path, Ok(stat))) if stat.nosuid => Finding::caused(
            "set-user-id programs gain nothing",
            privilege::nosuid(site, path, stat),
        ),
        Some((path, Ok(_))) => Finding::pass(format!(
            "{path} is on a mount that honours set-user-id, and no_new_privs is not set"
        )),
        Some((path, Err(errno))) => {
            Finding::unknown(format!("{path} cannot be looked at: {errno}"))
        }
        None => Finding::unknown("nothing was looked at"),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, stat};

    fn find(host: &Scripted, no_new_privs: bool) -> Finding {
        let mut site = Site::new(host);
        site.no_new_privs = no_new_privs;
        judge(&read(&site), &site)
    }

    #[test]
    fn both_obstacles_are_seen() {
        let host = Scripted::new().stat(USUAL, stat(0o040755));
        assert_eq!(find(&host, false).status, Status::Pass);
        assert_eq!(find(&host, true).status, Status::Fail);
        let mut nosuid = stat(0o040755);
        nosuid.nosuid = true;
        nosuid.dev = libc::makedev(8, 1);
        let mounts = "21 1 8:1 / /usr rw,nosuid - ext4 /dev/sda1 rw\n";
        let host = host
            .stat(USUAL, nosuid)
            .file("/proc/self/mountinfo", mounts);
        let found = find(&host, false);
        assert_eq!(
            found.steps[0].command.as_deref(),
            Some("mount -o remount,suid /usr")
        );
    }

    #[test]
    fn what_cannot_be_looked_at_is_unknown_and_root_is_passed_over() {
        assert_eq!(find(&Scripted::new(), false).status, Status::Unknown);
        assert_eq!(find(&Scripted::new().by_root(), true).holds, Some(true));
    }
}
