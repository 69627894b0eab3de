//! Shifter: a set-user-id runtime that mounts images by the kernel.
//!
//! The rules follow its documentation; none is tried in the tests.

use super::{
    Formula, GPU, HOST_MPI, KERNEL_MOUNTS, LAUNCHER, REGISTRY, Rule, Runtime, judge_installed,
    look_for,
};
use crate::finding::admin;
use crate::{Manual, Probe};
use hpcctl_model::doctor::Cost;

const PROGRAMS: &[&str] = &["shifter"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "shifter",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.shifter.installed",
        manual: Manual {
            title: "Shifter",
            what: "Whether shifter is in PATH.",
            why: "Shifter mounts squashfs images, made by a gateway of the site, by the kernel; its program is set-user-id root.",
            how: "Looks for shifter in PATH.",
            user: "",
            admin: "Install Shifter, owned by root and set-user-id.",
            refs: &["https://github.com/NERSC/shifter"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge: |reading, _| {
            judge_installed(
                reading,
                "shifter",
                admin(
                    Cost::AdminPackage,
                    "install Shifter, owned by root and set-user-id (https://github.com/NERSC/shifter)",
                    "",
                ),
            )
        },
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[Formula::Check("runtime.shifter.installed"), REGISTRY]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "run",
            needs: RUN,
            wants: &[],
            tried: false,
        },
        Rule {
            op: "mount-kernel",
            needs: RUN,
            wants: &[],
            tried: false,
        },
        Rule {
            op: "overlay",
            needs: RUN,
            wants: &[],
            tried: false,
        },
        Rule {
            op: "gpu",
            needs: Formula::All(&[RUN, GPU]),
            wants: &["gpu.libmatch"],
            tried: false,
        },
        Rule {
            op: "mpi-host",
            needs: Formula::All(&[RUN, HOST_MPI]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "launch",
            needs: Formula::All(&[RUN, LAUNCHER]),
            wants: &[],
            tried: false,
        },
    ],
};

const RUN: Formula = Formula::All(&[Formula::Check("runtime.shifter.installed"), KERNEL_MOUNTS]);
