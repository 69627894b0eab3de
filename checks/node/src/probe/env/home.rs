//! `env.home`: is there a home to write to?

use hpcctl_host::{Errno, Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site, attribute};

const HOME: &str = "HOME";

/// The row.
pub static PROBE: Probe = Probe {
    id: "env.home",
    manual: Manual {
        title: "The home directory",
        what: "Whether HOME is set, exists and can be written to.",
        why: "Runtimes keep their configuration, and by default images and containers, below it. On compute nodes it may be missing, read-only, or lost by a job launcher that cleans the environment.",
        how: "HOME in the environment; access(2) of it for writing.",
        user: "For good set the storage of the runtime itself; for this session: export HOME=$(mktemp -d)",
        admin: "Mount the homes on compute nodes, or make them at login (pam_mkhomedir).",
        refs: &["environ(7)", "access(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let home = site.host.env(HOME).unwrap_or_default();
    let reading = Reading::new().fact(HOME, &home);
    if !home.starts_with('/') {
        return reading;
    }
    reading.trial(site, &Trial::new().subject().op(Op::Writable(home)))
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let home = reading.facts.first().map_or("", |(_, home)| home.as_str());
    let other = || {
        user(
            Cost::User,
            "use another directory in this session",
            "export HOME=$(mktemp -d)",
        )
    };
    let Some(tried) = reading.tried.first() else {
        return Finding::fail(match home {
            "" => "HOME is not set".into(),
            home => format!("HOME is {home:?}, which is no absolute path"),
        })
        .step(other());
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let why = match tried.failed().and_then(|step| step.errno) {
        None if tried.steps.is_empty() => return Finding::unknown("the trial reported nothing"),
        None => return Finding::pass(format!("{home} can be written to")),
        Some(Errno::ENOENT) => "does not exist".to_owned(),
        Some(Errno::ENOTDIR) => "is no directory".to_owned(),
        Some(Errno::EACCES) => "may not be written to by this user".to_owned(),
        Some(Errno::EROFS) => "is on a file system that is mounted read-only".to_owned(),
        Some(errno) => format!("cannot be written to ({errno})"),
    };
    Finding::fail(format!("HOME is {home}, which {why}"))
        .step(other())
        .step(admin(
            Cost::AdminSysctl,
            "mount or make the homes on this node",
            "",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(home: &str, outcome: Option<Result<i64, Errno>>) -> String {
        let mut reading = Reading::new().fact(HOME, home);
        reading
            .tried
            .extend(outcome.map(|outcome| tried(&[("access()", outcome)])));
        let found = judge(&reading, &Site::new(&Scripted::new()));
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn each_lack_is_named() {
        assert_eq!(find("", None), "fail: HOME is not set");
        assert!(find("alice", None).contains("no absolute path"));
        assert_eq!(find("/h", Some(Ok(0))), "pass: /h can be written to");
        assert!(find("/h", Some(Err(Errno::EROFS))).contains("read-only"));
        assert!(find("/h", Some(Err(Errno::ENOENT))).contains("does not exist"));
    }
}
