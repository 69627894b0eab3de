//! `lsm.landlock`: which version of Landlock does the kernel offer?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// LANDLOCK_CREATE_RULESET_VERSION, linux/landlock.h.
const VERSION: u64 = 1;

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.landlock",
    manual: Manual {
        title: "Landlock",
        what: "The version of Landlock, by which an ordinary process confines itself.",
        why: "Build tools that sandbox their steps without a container use it; none of the runtimes needs it.",
        how: "landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION).",
        user: "",
        admin: "Boot with landlock in the list of lsm=.",
        refs: &["landlock(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let version = Op::Syscall {
        name: "landlock_create_ruleset",
        number: libc::SYS_landlock_create_ruleset,
        args: [0, 0, VERSION, 0, 0, 0],
    };
    Reading::new().trial(site, &Trial::new().subject().op(version))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let absent = |why: &str| Finding::skipped(format!("no Landlock: {why}")).holding(false);
    match tried.step(0).map(|step| (step.errno, step.value)) {
        None => Finding::unknown("the trial reported nothing"),
        Some((None, version)) => Finding::pass(format!("Landlock has version {version}")),
        Some((Some(_), _)) if site.seccomp == Some(2) => {
            absent("the inherited seccomp filter hides it")
        }
        Some((Some(Errno::ENOSYS), _)) => absent("the kernel is built without it"),
        Some((Some(Errno::EOPNOTSUPP), _)) => absent("it is not in the list of lsm= at boot"),
        Some((Some(errno), _)) => absent(&errno.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(outcome: Result<i64, Errno>) -> String {
        let reading = Reading {
            tried: vec![tried(&[("landlock_create_ruleset()", outcome)])],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new())).summary
    }

    #[test]
    fn the_version_or_the_reason_is_named() {
        assert_eq!(find(Ok(7)), "Landlock has version 7");
        assert!(find(Err(Errno::EOPNOTSUPP)).contains("at boot"));
        assert!(find(Err(Errno::ENOSYS)).contains("built without"));
    }
}
