//! Sarus: a set-user-id runtime that mounts images by the kernel.
//!
//! The rules follow its documentation; none is tried in the tests.

use super::{
    Formula, GPU, HOST_MPI, KERNEL_MOUNTS, LAUNCHER, REGISTRY, Rule, Runtime, judge_installed,
    look_for,
};
use crate::finding::admin;
use crate::{Manual, Probe};
use hpcctl_model::doctor::Cost;

const PROGRAMS: &[&str] = &["sarus"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "sarus",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.sarus.installed",
        manual: Manual {
            title: "Sarus",
            what: "Whether sarus is in PATH.",
            why: "Sarus mounts squashfs images by the kernel and hands the MPI, the fabric and the GPU of the host to them by hooks; its program is set-user-id root.",
            how: "Looks for sarus in PATH.",
            user: "",
            admin: "Install Sarus, owned by root and set-user-id.",
            refs: &["https://sarus.readthedocs.io/"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge: |reading, _| {
            judge_installed(
                reading,
                "sarus",
                admin(
                    Cost::AdminPackage,
                    "install Sarus, owned by root and set-user-id (https://sarus.readthedocs.io/)",
                    "",
                ),
            )
        },
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[
                Formula::Check("runtime.sarus.installed"),
                Formula::Check("img.mksquashfs"),
                REGISTRY,
            ]),
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

const RUN: Formula = Formula::All(&[Formula::Check("runtime.sarus.installed"), KERNEL_MOUNTS]);
