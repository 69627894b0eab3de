//! Which runtimes count as runtimes of containers, and what they come to: what users of a node have,
//! and not the launcher that is part of hpcctl, unless that alone was asked for.

use hpcctl_model::doctor::Verdict;
use hpcctl_model::fleet::{Group, Looked};

/// The runtime that is part of hpcctl: no program of users.
pub const BUILTIN: &str = "builtin";

/// What is said where no runtime is there.
pub const NONE: &str = "no runtime of containers is installed";

/// What is said where none is there of those that were looked for, and others were left out.
pub const NONE_OF_SOME: &str = "none of the runtimes that were looked for is installed";

/// What is known of the runtimes that are not told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They were looked for, and are not there.
    Absent,
    /// Some were looked for, and are not there.
    Partly,
    /// They were not looked for: something else was asked for.
    Unasked,
    /// Nobody says.
    Untold,
}

impl Others {
    /// What the checks tell of which it is known whether they were made: those that were left out, and those
    /// that were not.
    pub fn of<'a>(
        mut left_out: impl Iterator<Item = &'a str>,
        mut made: impl Iterator<Item = &'a str>,
    ) -> Self {
        match (made.any(is_of_one), left_out.any(is_of_one)) {
            (true, false) => Self::Absent,
            (true, true) => Self::Partly,
            (false, true) => Self::Unasked,
            (false, false) => Self::Untold,
        }
    }

    /// What is known of the others on the nodes of a group: what one part of it looked for counts.
    fn on(group: &Group) -> Self {
        let findings = group.findings.iter().map(|one| one.id.as_str());
        let idle = group.looked.iter().flat_map(|part| &part.idle);
        let made = findings.chain(idle.map(String::as_str));
        let is_told = group.looked.iter().all(|part| part.left_out.is_some());
        let left_out = group.looked.iter().filter(|_| is_told);
        let left_out = left_out.flat_map(|part| part.left_out.iter().flatten());
        let is_whole = |part: &Looked| {
            let left_out = part.left_out.as_ref();
            left_out.is_some_and(|ids| !ids.iter().any(|id| is_of_one(id)))
        };
        match Self::of(left_out.map(String::as_str), made) {
            Self::Partly if group.looked.iter().any(is_whole) => Self::Absent,
            others => others,
        }
    }
}

/// Whether a check tells whether a runtime of containers is installed.
pub fn is_of_one(id: &str) -> bool {
    presence(id).is_some_and(|runtime| runtime != BUILTIN)
}

/// The runtime of which a check tells whether it is installed.
pub fn presence(id: &str) -> Option<&str> {
    id.strip_prefix("runtime.")?.strip_suffix(".installed")
}

/// Whether containers run, by the verdict on `run` of each runtime that is there, the worst of which
/// counts.
pub fn run<'a>(
    runtimes: impl Iterator<Item = (&'a str, Option<Verdict>)>,
    others: Others,
) -> Verdict {
    let (builtin, installed): (Vec<_>, Vec<_>) = runtimes.partition(|(name, _)| *name == BUILTIN);
    let counts = match (others, installed.is_empty(), builtin.is_empty()) {
        (_, false, _) => installed,
        (Others::Unasked, true, false) => builtin,
        (Others::Absent | Others::Partly, true, _) | (Others::Untold, true, false) => {
            return Verdict::No;
        }
        (Others::Unasked | Others::Untold, true, true) => return Verdict::Unknown,
    };
    let mut verdicts = counts.iter().map(|(_, run)| run.unwrap_or(Verdict::No));
    let worst = [Verdict::No, Verdict::Unknown, Verdict::Degraded];
    let worst = worst
        .into_iter()
        .find(|worst| verdicts.clone().any(|run| run == *worst));
    worst.or(verdicts.next()).unwrap_or(Verdict::Unknown)
}

/// Whether containers run on the nodes of a group.
pub fn on_group(group: &Group) -> Verdict {
    let runtimes = group.runtimes.iter();
    let runtimes = runtimes.map(|(name, of)| (name.as_str(), of.get("run").copied()));
    run(runtimes, Others::on(group))
}

/// The runtimes of a group that count; none where no runtime of containers is there.
pub fn counting(group: &Group) -> Vec<&str> {
    let names = || group.runtimes.keys().map(String::as_str);
    let installed: Vec<&str> = names().filter(|name| *name != BUILTIN).collect();
    match installed.is_empty() && Others::on(group) == Others::Unasked {
        true => names().collect(),
        false => installed,
    }
}

/// What is said where no runtime of containers is there, as far as the nodes of a group tell.
pub fn none_on(group: &Group) -> Option<&'static str> {
    let is_bare = counting(group).is_empty() && on_group(group) == Verdict::No;
    is_bare.then(|| none(Others::on(group) == Others::Partly))
}

/// What is said where no runtime is there; of some it may not be known, as they were left out.
pub fn none(is_partly: bool) -> &'static str {
    match is_partly {
        true => NONE_OF_SOME,
        false => NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_launcher_of_hpcctl_counts_where_it_alone_was_asked_for() {
        use Verdict::{Degraded, No, Unknown, Yes};
        let podman = |run| ("podman", Some(run));
        let builtin = |run| (BUILTIN, Some(run));
        for (runtimes, others, expected) in [
            (vec![builtin(Yes)], Others::Absent, No),
            (vec![builtin(Yes)], Others::Partly, No),
            (vec![builtin(Yes)], Others::Untold, No),
            (vec![builtin(Yes)], Others::Unasked, Yes),
            (vec![builtin(No)], Others::Unasked, No),
            (vec![builtin(No), podman(Yes)], Others::Absent, Yes),
            (vec![podman(Yes), ("sarus", None)], Others::Absent, No),
            (
                vec![podman(Degraded), ("sarus", Some(Yes))],
                Others::Untold,
                Degraded,
            ),
            (
                vec![podman(Degraded), ("sarus", Some(Unknown))],
                Others::Untold,
                Unknown,
            ),
            (Vec::new(), Others::Absent, No),
            (Vec::new(), Others::Partly, No),
            (Vec::new(), Others::Unasked, Unknown),
            (Vec::new(), Others::Untold, Unknown),
        ] {
            let told = format!("{runtimes:?}, {others:?}");
            assert_eq!(run(runtimes.into_iter(), others), expected, "{told}");
        }
    }

    #[test]
    fn what_was_looked_for_is_told_by_the_checks() {
        let of = |left_out: &[&'static str], made: &[&'static str]| {
            Others::of(left_out.iter().copied(), made.iter().copied())
        };
        let (podman, sarus) = ("runtime.podman.installed", "runtime.sarus.installed");
        assert_eq!(of(&["net.mtu", podman], &["ns.user"]), Others::Unasked);
        assert_eq!(of(&["net.mtu"], &[podman, sarus]), Others::Absent);
        assert_eq!(of(&[sarus], &[podman]), Others::Partly);
        assert_eq!(of(&["net.mtu"], &["ns.user"]), Others::Untold);
        let own = "runtime.builtin.installed";
        assert_eq!(of(&[podman], &[own]), Others::Unasked);
        assert_eq!(of(&[], &[own]), Others::Untold);
    }
}
