//! `cg.freeze`: can the processes of a container be stopped together?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, cgroup, overlay};

/// The first kernel whose cgroup v2 freezes.
const FIRST: (u32, u32) = (5, 2);

const GROUP: &str = "the caller's own cgroup";

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.freeze",
    manual: Manual {
        title: "Freezing",
        what: "Whether a cgroup that the caller makes can be frozen.",
        why: "`podman pause`, checkpoints and a scheduler's suspend stop all processes of a container at one moment by it; without it they are stopped one after the other, and one that forks gets away.",
        how: "In the caller's cgroup v2: mkdir(2) of a group with a name of its own, 1 written to its cgroup.freeze, rmdir(2). No process is in it.",
        user: "",
        admin: "Delegate the cgroup of sessions or jobs; see cg.own. Linux 5.2 or later.",
        refs: &["cgroups(7)", "podman-pause(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(own) = cgroup::own(site) else {
        return Reading::new();
    };
    let made = format!("{own}/hpcctl-{}-freeze", std::process::id());
    let trial = Trial::new()
        .subject()
        .op(Op::Mkdir(made.clone()))
        .maybe(Op::WriteFile {
            path: format!("{made}/cgroup.freeze"),
            data: "1".into(),
        })
        .op(Op::Rmdir(made));
    Reading::new().fact(GROUP, own).trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::skipped("the caller has no cgroup v2 here");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed().map(|step| (step, step.errno)) {
        Some((step, Some(Errno::EACCES | Errno::EPERM | Errno::EROFS)))
            if step.call.starts_with("mkdir") =>
        {
            return Finding::skipped("needs cg.own, which fails").holding(false);
        }
        Some((step, _)) => return Finding::unknown(step.to_string()),
        None => {}
    }
    let old = overlay::release(site).is_some_and(|kernel| kernel < FIRST);
    match tried.step(1).map(|step| (step, step.errno)) {
        None => Finding::unknown("the trial reported nothing"),
        Some((_, None)) => Finding::pass("a cgroup can be frozen"),
        Some((_, Some(Errno::ENOENT))) if old => {
            Finding::warn("cgroup v2 of this kernel does not freeze; that of Linux 5.2 does")
                .holding(false)
        }
        Some((step, Some(_))) => Finding::unknown(step.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(release: &str, steps: &[(&str, Result<i64, Errno>)]) -> &'static str {
        let host = Scripted::new().file("/proc/sys/kernel/osrelease", release);
        let mut one = tried(steps);
        if let Some(write) = one.steps.get_mut(1) {
            write.optional = true;
        }
        let reading = Reading {
            tried: vec![one],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&host)).status.as_str()
    }

    #[test]
    fn the_step_that_fails_decides() {
        let (made, removed) = (("mkdir(x)", Ok(0)), ("rmdir(x)", Ok(0)));
        assert_eq!(find("6.1.0", &[made, ("write", Ok(0)), removed]), "pass");
        let absent = [made, ("write", Err(Errno::ENOENT)), removed];
        assert_eq!(find("4.18.0", &absent), "warn");
        assert_eq!(find("6.1.0", &absent), "unknown");
        assert_eq!(
            find("6.1.0", &[("mkdir(x)", Err(Errno::EACCES))]),
            "skipped"
        );
        let stuck = [made, ("write", Ok(0)), ("rmdir(x)", Err(Errno::EBUSY))];
        assert_eq!(find("6.1.0", &stuck), "unknown");
    }
}
