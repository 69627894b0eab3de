//! `ns.user.nest`: can user namespaces be made inside one another?

use hpcctl_host::trial::Map;
use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// How many levels are tried below the first: a runtime in a build in a container needs three.
const LEVELS: usize = 3;

/// The steps of one level.
const STEPS: usize = 3;

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.user.nest",
    manual: Manual {
        title: "Nested user namespaces",
        what: "Whether user namespaces can be made inside of one another, three deep below the first.",
        why: "A build inside a container, or a runtime inside a job that is a container itself, nests them. The kernel allows 32 levels; a limit on namespaces counts in each of them, and a filter of the outer runtime forbids them.",
        how: "unshare(CLONE_NEWUSER) and the map of root to root, one inside the other, in a forked child.",
        user: "",
        admin: "",
        refs: &["user_namespaces(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_user_namespace(&site.caller).subject();
    let trial = (0..LEVELS).fold(trial, |trial, _| {
        trial
            .op(Op::Unshare(libc::CLONE_NEWUSER))
            .op(Op::Map(Map::Uid, 0))
            .op(Op::Map(Map::Gid, 0))
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
    let done = tried.steps.len().saturating_sub(tried.subject);
    let Some((step, errno)) = tried.failed().and_then(|step| Some((step, step.errno?))) else {
        return match done == LEVELS * STEPS {
            true => Finding::pass(format!("user namespaces can be nested {LEVELS} deep")),
            false => Finding::unknown("the trial ended before its last level"),
        };
    };
    let level = done.saturating_sub(1) / STEPS + 1;
    let what = format!("a user namespace at level {level} below the first is refused");
    match errno {
        Errno::ENOSPC | Errno::EUSERS | Errno::EPERM | Errno::EACCES
            if step.call.starts_with("unshare") =>
        {
            let cause = attribute::user_namespace(errno, site);
            let mut found = Finding::caused(&what, cause);
            found.status = hpcctl_model::doctor::Status::Warn;
            found
        }
        _ => Finding::unknown(format!("{what}: {step}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(steps: &[(&str, Result<i64, Errno>)]) -> Finding {
        let reading = Reading {
            tried: vec![tried(steps)],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new()))
    }

    #[test]
    fn the_level_that_is_refused_is_named() {
        let level = [("unshare", Ok(0)), ("uid_map", Ok(0)), ("gid_map", Ok(0))];
        let all = [level, level, level].concat();
        assert_eq!(find(&all).status.as_str(), "pass");
        assert_eq!(find(&level).status.as_str(), "unknown");
        let second = [
            &level[..],
            &[("unshare(CLONE_NEWUSER)", Err(Errno::ENOSPC))],
        ]
        .concat();
        let second = find(&second);
        assert!(second.summary.contains("level 2"), "{second:?}");
        assert_eq!(
            (second.status.as_str(), second.holds),
            ("warn", Some(false))
        );
        assert_eq!(find(&[("uid_map", Err(Errno::EINVAL))]).holds, None);
    }
}
