//! `uid.newuidmap`: does mapping a range of ids work?

use hpcctl_host::command::End;
use hpcctl_host::{Errno, Op, Ran, Trial, Tried};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::package::Package;
use crate::{Cause, Finding, Manual, Reading, Site, attribute, privilege, subid};

/// The package of newuidmap and newgidmap.
const PACKAGE: Package = Package {
    debian: "uidmap",
    fedora: "shadow-utils",
    suse: "shadow",
};

/// The two programs, the capability that each needs, and its number.
const PROGRAMS: [(&str, &str, u32); 2] = [
    ("newuidmap", "CAP_SETUID", 7),
    ("newgidmap", "CAP_SETGID", 6),
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.newuidmap",
    manual: Manual {
        title: "Mapping a range of ids",
        what: "Whether newuidmap and newgidmap map the caller's subordinate ids into a user namespace, so that a process there can become another user.",
        why: "Podman uses them for every command once a range is granted, and does not fall back when they fail; building images with several users depends on them.",
        how: "A child makes a user namespace and waits; newuidmap and newgidmap map 0 to the caller and 1 onwards to the range; the child becomes uid and gid 1. Root writes the maps itself. A failure is attributed: not installed, not set-user-id, a nosuid mount, no_new_privs, a range that is not granted.",
        user: "Build with one id, as ch-image from 0.32 on does by --force=seccomp.",
        admin: "Install newuidmap set-user-id root (or with file capabilities) on a file system that is not mounted nosuid.",
        refs: &["newuidmap(1)", "newgidmap(1)", "user_namespaces(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if site.is_root() {
        let maps =
            "echo '0 0 65536' > /proc/{pid}/uid_map && echo '0 0 65536' > /proc/{pid}/gid_map";
        let command = ["sh", "-c", maps].map(String::from).to_vec();
        return Reading::new().trial(site, &trial(vec![command]));
    }
    let reading = subid::read(site);
    let granted = subid::granted(&reading, &site.caller);
    let Some(commands) = subid::commands(&site.caller, &granted) else {
        return reading;
    };
    reading.trial(site, &trial(commands))
}

fn trial(commands: Vec<Vec<String>>) -> Trial {
    Trial::new()
        .op(Op::Unshare(libc::CLONE_NEWUSER))
        .subject()
        .meet(commands)
        .op(Op::SetId { uid: 1, gid: 1 })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::skipped(
            "the caller has no subordinate ids that could be mapped; uid.subid.file says what to do",
        );
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    if let Some(ran) = tried.meeting.iter().find(|ran| !ran.ok()) {
        return if site.is_root() {
            refused_to_root(ran, site)
        } else {
            Finding::caused("ids cannot be mapped", cause(ran, tried, site))
        };
    }
    match tried.failed() {
        Some(step) => Finding::fail(format!("ids were mapped but cannot be used: {step}")),
        None if site.is_root() => Finding::pass("root can map ids"),
        None => {
            Finding::pass("newuidmap and newgidmap map the subordinate ids, and they can be used")
        }
    }
}

/// Root writes the maps itself; what it may map is what its own namespace has.
fn refused_to_root(ran: &Ran, site: &Site<'_>) -> Finding {
    let map = site.host.read("/proc/self/uid_map").unwrap_or_default();
    let map: Vec<&str> = map.split_whitespace().collect();
    if site.is_nested() {
        let why =
            Cause::new("this is a user namespace itself, which does not have the ids 0 to 65535")
                .shown_by("/proc/self/uid_map", map.join(" "));
        return Finding::caused("root may not map ids here", why);
    }
    Finding::fail(format!("root may not map ids here: {}", ran.first_line()))
}

/// Why the program failed.
fn cause(ran: &Ran, tried: &Tried, site: &Site<'_>) -> Cause {
    let gids = tried.meeting.len() > 1;
    let (program, capability, number) = PROGRAMS[usize::from(gids)];
    // A directory of PATH that may not be searched makes a refusal of what is not there.
    let is_missing = matches!(ran.end, End::NotStarted(Errno::ENOENT | Errno::EACCES))
        && site.host.which(program).is_none()
        && site.host.stat(&format!("/usr/bin/{program}")).is_err();
    if is_missing {
        return Cause::new(format!("{program} is not installed"))
            .step(PACKAGE.install(program, site));
    }
    let said = match ran.first_line() {
        "" => ran.end.to_string(),
        line => line.to_owned(),
    };
    // Before it maps anything the program compares the ranges with what is granted.
    if said.contains("not allowed") {
        return Cause::new(format!("{program} does not find the range granted ({said})")).step(admin(
            Cost::AdminSysctl,
            "grant the range where newuidmap looks: in the database that nsswitch.conf names for subid, else in /etc/subuid and /etc/subgid",
            "",
        ));
    }
    let path = site.host.which(program);
    let stat = path.as_ref().and_then(|path| site.host.stat(path).ok());
    if let (Some(path), Some(stat)) = (path, stat)
        && let Some(obstacle) = privilege::obstacle(site, &path, &stat, number)
    {
        return obstacle;
    }
    match bounded(site, number) {
        true => Cause::new(format!(
            "{capability} is not in the bounding set of this process; is this a container? ({said})"
        ))
        .step(crate::finding::user(
            Cost::User,
            "start the outer container with the capability",
            &format!("podman run --cap-add {capability} …"),
        )),
        false if site.is_nested() => Cause::new(format!(
            "this is a user namespace itself, in which the range is probably not mapped ({said})"
        )),
        false => Cause::new(said),
    }
}

/// Whether the bounding set lacks a capability.
fn bounded(site: &Site<'_>, number: u32) -> bool {
    let status = site.host.read("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    set.is_some_and(|set| set & (1 << number) == 0)
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, ran, stat, tried};

    const PATH: &str = "/usr/bin/newuidmap";

    fn failed(host: &Scripted, end: End, said: &str) -> Finding {
        let mut tried = tried(&[("wait for the parent's commands", Err(Errno::ECHILD))]);
        tried.meeting = vec![ran(&["newuidmap"], end, said)];
        let reading = Reading {
            tried: vec![tried],
            ..Reading::new()
        };
        judge(&reading, &Site::new(host))
    }

    fn with(mode: u32) -> Scripted {
        Scripted::new()
            .program("newuidmap", PATH)
            .stat(PATH, stat(mode))
    }

    const REFUSED: &str = "newuidmap: write to uid_map failed: Operation not permitted";

    #[test]
    fn a_program_that_is_not_there_is_installed() {
        let host = Scripted::new().file("/etc/os-release", "ID=debian\n");
        for errno in [Errno::ENOENT, Errno::EACCES] {
            let found = failed(&host, End::NotStarted(errno), "");
            assert_eq!(
                found.summary,
                "ids cannot be mapped: newuidmap is not installed"
            );
            assert_eq!(
                found.steps[0].command.as_deref(),
                Some("apt-get install -y uidmap")
            );
        }
    }

    #[test]
    fn one_symptom_has_its_several_causes() {
        let plain = failed(&with(0o100755), End::Exit(1), REFUSED);
        assert!(
            plain.summary.contains("neither set-user-id"),
            "{}",
            plain.summary
        );
        let bounded = with(0o104755).file("/proc/self/status", "CapBnd:\t0000000000000000\n");
        let bounded = failed(&bounded, End::Exit(1), REFUSED);
        assert!(
            bounded.summary.contains("CAP_SETUID"),
            "{}",
            bounded.summary
        );
        let nested = with(0o104755).file("/proc/self/uid_map", "0 1000 1\n");
        let nested = failed(&nested, End::Exit(1), REFUSED);
        assert!(
            nested.summary.contains("user namespace itself"),
            "{}",
            nested.summary
        );
        let other = failed(&with(0o104755), End::Exit(1), REFUSED);
        assert!(
            other.summary.ends_with("Operation not permitted"),
            "{}",
            other.summary
        );
    }

    #[test]
    fn a_range_that_is_not_granted_is_named() {
        let said = "newuidmap: uid range [1-65537) -> [100000-165536) not allowed";
        let found = failed(&with(0o104755), End::Exit(1), said);
        assert!(
            found.summary.contains("does not find the range"),
            "{}",
            found.summary
        );
    }

    #[test]
    fn without_a_range_there_is_nothing_to_try() {
        let host = Scripted::new();
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        assert_eq!((found.status, found.holds), (Status::Skipped, None));
    }

    #[test]
    fn root_of_a_small_namespace_has_no_more_ids_to_give() {
        let host = Scripted::new().by_root();
        let first = failed(&host, End::Exit(1), "sh: echo: I/O error");
        assert!(first.summary.ends_with("I/O error"), "{}", first.summary);
        let host = host.file("/proc/self/uid_map", "0 1000 1\n");
        let nested = failed(&host, End::Exit(1), "sh: echo: I/O error");
        assert!(
            nested.summary.contains("user namespace itself"),
            "{}",
            nested.summary
        );
    }

    #[test]
    fn ids_that_can_be_used_pass() {
        let reading = Reading {
            tried: vec![tried(&[("wait", Ok(0)), ("setresuid(1)", Ok(0))])],
            ..Reading::new()
        };
        let host = Scripted::new();
        assert_eq!(judge(&reading, &Site::new(&host)).status, Status::Pass);
    }
}
