//! `run.builtin`: a whole container start, on the node's own tree.

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// A program that every node has, to be the one that runs.
const PROGRAM: &str = "/bin/true";

/// The row.
pub static PROBE: Probe = Probe {
    id: "run.builtin",
    manual: Manual {
        title: "A whole container start",
        what: "Whether a container can be started here: namespaces, a new root, a fresh /proc and a program that runs in it.",
        why: "Each part may work and the whole still fail; this is what a launcher does, from the first step to the exit status.",
        how: "In user, mount, IPC, UTS and pid namespaces: binds / over /tmp, pivot_root into it, mounts proc, and executes /bin/true.",
        user: "",
        admin: "",
        refs: &["namespaces(7)", "pivot_root(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_mount_namespace(&site.caller)
        .subject()
        .op(Op::Unshare(
            libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS,
        ))
        .op(Op::Fork)
        .op(Op::bind("/", site.mount_point))
        .op(Op::Chdir(site.mount_point.into()))
        .op(Op::PivotRoot)
        .op(Op::proc())
        .op(Op::DetachOldRoot)
        .op(Op::Exec(vec![PROGRAM.into()]));
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    if let Some(step) = tried.failed() {
        if step.errno == Some(Errno::EPERM) && step.call.starts_with("mount(proc") {
            let what = format!("a container start fails at {step}");
            return Finding::caused(&what, attribute::proc(site));
        }
        return Finding::fail(format!("a container start fails at {step}"));
    }
    match tried.steps.last() {
        Some(step) if step.value == 0 => {
            Finding::pass("a container starts, runs a program and ends")
        }
        Some(step) => Finding::fail(format!(
            "{PROGRAM} ran in a container and ended with {}",
            step.value
        )),
        None => Finding::unknown("the trial reported nothing"),
    }
}
