//! `cg.own`: may the caller make control groups below its own?

use hpcctl_host::{Errno, Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site, attribute, cgroup};

const GROUP: &str = "the caller's own cgroup";

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.own",
    manual: Manual {
        title: "A control group of one's own",
        what: "Whether the caller may make a cgroup below its own and move processes there.",
        why: "Limits of a container (--memory, --pids-limit, --cpus) need it, and so do `podman stats` and a clean end of all its processes. Without it containers run in the cgroup of the session or the job.",
        how: "mkdir(2) and rmdir(2) of a directory with a name of its own in the caller's cgroup v2, and cgroup.procs of that cgroup opened for writing; nothing is moved.",
        user: "Run the command in a scope that systemd delegates: systemd-run --user --scope -p Delegate=yes COMMAND",
        admin: "Delegate the cgroup of sessions or jobs: pam_systemd, or the scheduler's cgroup v2 plugin.",
        refs: &["cgroups(7)", "systemd.resource-control(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(own) = cgroup::own(site) else {
        return Reading::new();
    };
    let made = format!("{own}/hpcctl-{}", std::process::id());
    let trial = Trial::new()
        .subject()
        .op(Op::Mkdir(made.clone()))
        .op(Op::Rmdir(made))
        .op(Op::Open {
            path: format!("{own}/cgroup.procs"),
            write: true,
        });
    Reading::new().fact(GROUP, own).trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let (Some(tried), Some((_, own))) = (reading.tried.first(), reading.facts.first()) else {
        return Finding::skipped("the caller has no cgroup v2 here");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed().map(|step| (step, step.errno)) {
        None => Finding::pass(format!("cgroups can be made below {own}")),
        Some((step, Some(Errno::EACCES | Errno::EPERM | Errno::EROFS))) => steps(
            Finding::warn(format!(
                "{own} is not the caller's, so containers have no limits of their own ({step})"
            ))
            .holding(false),
            own,
            site,
        ),
        Some((step, _)) => Finding::unknown(step.to_string()),
    }
}

/// The ways to a cgroup of one's own.
fn steps(finding: Finding, own: &str, site: &Site<'_>) -> Finding {
    let uid = site.caller.uid;
    let dir = format!("{own}/user-{uid}");
    let finding = match cgroup::has_systemd(site) {
        true => finding.step(user(
            Cost::User,
            "run the command in a scope that systemd delegates",
            "systemd-run --user --scope -p Delegate=yes COMMAND",
        )),
        false => finding,
    };
    finding.step(admin(
        Cost::AdminSysctl,
        "put the session into a cgroup that belongs to the user",
        &format!(
            "mkdir -p {dir} && chown {uid} {dir} {dir}/cgroup.procs {dir}/cgroup.subtree_control {dir}/cgroup.threads && echo PID_OF_THE_SHELL > {dir}/cgroup.procs"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(outcome: Option<Result<i64, Errno>>) -> Finding {
        let mut reading = Reading::new();
        if let Some(outcome) = outcome {
            reading = reading.fact(GROUP, "/sys/fs/cgroup/a");
            reading.tried.push(tried(&[("mkdir(x)", outcome)]));
        }
        judge(&reading, &Site::new(&Scripted::new()))
    }

    #[test]
    fn a_foreign_group_is_a_loss_and_an_odd_error_is_unknown() {
        assert_eq!(find(None).status.as_str(), "skipped");
        assert_eq!(find(Some(Ok(0))).status.as_str(), "pass");
        let foreign = find(Some(Err(Errno::EACCES)));
        assert_eq!(
            (foreign.status.as_str(), foreign.holds),
            ("warn", Some(false))
        );
        assert!(
            foreign.steps[0]
                .command
                .as_ref()
                .unwrap()
                .contains("chown 1000 /sys/fs/cgroup/a/user-1000")
        );
        assert_eq!(find(Some(Err(Errno::EAGAIN))).status.as_str(), "unknown");
    }
}
