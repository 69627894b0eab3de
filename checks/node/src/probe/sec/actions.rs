//! `sec.actions`: which answers may a seccomp filter give?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The actions, linux/seccomp.h, and the kernel that brought each.
const ACTIONS: &[(&str, u32, &str)] = &[
    ("KILL_PROCESS", libc::SECCOMP_RET_KILL_PROCESS, "4.14"),
    ("KILL_THREAD", libc::SECCOMP_RET_KILL_THREAD, "3.5"),
    ("TRAP", libc::SECCOMP_RET_TRAP, "3.5"),
    ("ERRNO", libc::SECCOMP_RET_ERRNO, "3.5"),
    ("USER_NOTIF", 0x7fc0_0000, "5.0"),
    ("TRACE", libc::SECCOMP_RET_TRACE, "3.5"),
    ("LOG", libc::SECCOMP_RET_LOG, "4.14"),
    ("ALLOW", libc::SECCOMP_RET_ALLOW, "3.5"),
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.actions",
    manual: Manual {
        title: "Actions of seccomp",
        what: "Which of the eight actions of a seccomp filter the kernel knows.",
        why: "The profiles of runtimes name actions; one that the kernel does not know makes the container fail at start.",
        how: "seccomp(SECCOMP_GET_ACTION_AVAIL) for each.",
        user: "",
        admin: "A newer kernel: USER_NOTIF came with 5.0, KILL_PROCESS and LOG with 4.14.",
        refs: &["seccomp(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = ACTIONS
        .iter()
        .fold(Trial::new().subject(), |trial, (_, action, _)| {
            trial.maybe(Op::SeccompAction(*action))
        });
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    if tried.steps.len() < ACTIONS.len() {
        return Finding::unknown("the trial reported nothing");
    }
    let missing: Vec<String> = ACTIONS
        .iter()
        .zip(&tried.steps)
        .filter(|(_, step)| step.errno.is_some())
        .map(|((name, _, since), _)| format!("{name} (since {since})"))
        .collect();
    match missing.len() {
        0 => Finding::pass(format!("all {} actions are known", ACTIONS.len())),
        count if count == ACTIONS.len() => match site.seccomp {
            Some(2) => Finding::caused("seccomp(2) is of no use", attribute::seccomp(site)),
            _ => Finding::unknown(format!(
                "the kernel does not say which actions it knows ({})",
                tried.steps[0]
            )),
        },
        _ => Finding::warn(format!("not known: {}", missing.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(lacks: &[&str]) -> String {
        let steps: Vec<_> = ACTIONS
            .iter()
            .map(|(name, ..)| match lacks.contains(name) {
                true => (*name, Err(Errno::EOPNOTSUPP)),
                false => (*name, Ok(0)),
            })
            .collect();
        let reading = Reading {
            tried: vec![tried(&steps)],
            ..Reading::new()
        };
        let found = judge(&reading, &Site::new(&Scripted::new()));
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn what_is_missing_is_listed() {
        assert_eq!(find(&[]), "pass: all 8 actions are known");
        assert_eq!(
            find(&["USER_NOTIF", "LOG"]),
            "warn: not known: USER_NOTIF (since 5.0), LOG (since 4.14)"
        );
        let all: Vec<&str> = ACTIONS.iter().map(|(name, ..)| *name).collect();
        assert!(find(&all).starts_with("unknown"));
    }
}
