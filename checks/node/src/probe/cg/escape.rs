//! `cg.escape`: do containers stay in the control group of the job?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, process, scheduler};

const HELPERS: &[&str] = &[
    "conmon",
    "catatonit",
    "slirp4netns",
    "pasta",
    "rootlesskit",
    "podman pause",
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.escape",
    manual: Manual {
        title: "Container helpers outside of the job",
        what: "Whether helpers of containers of the caller (conmon, a pause process, slirp4netns, pasta) run outside of the control group of this job.",
        why: "What leaves the group of the job is neither limited nor ended with it: it stays on the node and is charged to nobody.",
        how: "Inside a job: /proc/PID/comm, status and cgroup of the caller's processes, against /proc/self/cgroup.",
        user: "Run with --cgroups=no-conmon, and at the end of the job: podman system migrate",
        admin: "Let the scheduler track jobs by control groups, and clean up in the epilogue.",
        refs: &["conmon(8)", "cgroups(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some((_, job)) = scheduler::job(site) else {
        return Reading::new();
    };
    let own = site.host.read("/proc/self/cgroup").unwrap_or_default();
    let reading = Reading::new().fact("job", job);
    let helpers = process::all(site).filter(|pid| {
        process::name(site, *pid).is_some_and(|name| HELPERS.contains(&name.as_str()))
            && process::owner(site, *pid) == Some(site.caller.uid)
    });
    let outside = helpers
        .filter(|pid| process::groups(site, *pid).is_some_and(|groups| !within(&groups, &own)));
    outside.fold(reading, |reading, pid| {
        let name = process::name(site, pid).unwrap_or_default();
        reading.fact(&format!("process {pid}"), name)
    })
}

/// Whether each group lies in one of these, or below it.
fn within(groups: &str, own: &str) -> bool {
    let paths = |text: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| Some(line.rsplit_once(':')?.1.to_owned()))
            .collect()
    };
    let own = paths(own);
    paths(groups)
        .iter()
        .all(|path| own.iter().any(|known| path.starts_with(known.as_str())))
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.facts.as_slice() {
        [] => Finding::skipped("this is no job of a scheduler"),
        [_] => Finding::pass("no helper of a container runs outside of this job"),
        [_, (process, name), rest @ ..] => Finding::warn(format!(
            "{name} ({process}) and {} more run outside of the control group of this job",
            rest.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_helper_elsewhere_is_named() {
        let mut host = Scripted::new()
            .file("/proc/self/cgroup", "0::/slurm/job_1\n")
            .file("/proc/7/comm", "conmon\n")
            .file("/proc/7/status", "Uid:\t1000\t1000\n")
            .file("/proc/7/cgroup", "0::/user.slice\n");
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(&host), "skipped");
        host.env.insert("SLURM_JOB_ID".into(), "1".into());
        assert_eq!(find(&host), "warn");
        assert_eq!(
            find(&host.file("/proc/7/cgroup", "0::/slurm/job_1/step_0\n")),
            "pass"
        );
    }
}
