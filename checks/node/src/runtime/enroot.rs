//! Enroot, alone or under Slurm by pyxis.
//!
//! The rules follow its requirements and reported faults; none is tried in the tests.

use hpcctl_model::doctor::Cost;

use super::{
    Formula, GPU, HOST_MPI, LAUNCHER, REGISTRY, Rule, Runtime, USER_NAMESPACE, judge_installed,
    look_for,
};
use crate::finding::admin;
use crate::{Manual, Probe};

const PROGRAMS: &[&str] = &["enroot"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "enroot",
    programs: PROGRAMS,
    version: &["version"],
    version_of: None,
    installed: Probe {
        id: "runtime.enroot.installed",
        manual: Manual {
            title: "Enroot",
            what: "Whether enroot is in PATH.",
            why: "Enroot turns an image into a directory or a squashfs file and runs it in a user and a mount namespace; with pyxis srun starts it.",
            how: "Looks for enroot in PATH.",
            user: "",
            admin: "Install enroot and pyxis.",
            refs: &["https://github.com/NVIDIA/enroot"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge: |reading, _| {
            judge_installed(
                reading,
                "enroot",
                admin(
                    Cost::AdminPackage,
                    "install enroot (https://github.com/NVIDIA/enroot/blob/master/doc/installation.md)",
                    "",
                ),
            )
        },
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[
                Formula::Check("runtime.enroot.installed"),
                USER_NAMESPACE,
                Formula::Check("img.mksquashfs"),
                OVERLAY,
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
            op: "mount-fuse",
            needs: Formula::All(&[
                RUN,
                Formula::Check("fuse.userns"),
                Formula::Check("img.squashfuse"),
                OVERLAY,
            ]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "overlay",
            needs: Formula::All(&[RUN, OVERLAY]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "gpu",
            needs: Formula::All(&[RUN, GPU]),
            wants: &["gpu.libmatch", "gpu.nvcli"],
            tried: false,
        },
        Rule {
            op: "mpi-host",
            needs: Formula::All(&[RUN, HOST_MPI]),
            wants: &["mpi.cma.sibling"],
            tried: false,
        },
        Rule {
            op: "launch",
            needs: Formula::All(&[RUN, Formula::Check("sch.slurm.pyxis"), LAUNCHER]),
            wants: &["sch.slurm.mpi"],
            tried: false,
        },
    ],
};

/// It has no way around pivot_root(2) and unpacks images before it runs them.
const RUN: Formula = Formula::All(&[
    Formula::Check("runtime.enroot.installed"),
    USER_NAMESPACE,
    Formula::Check("ns.bind"),
    Formula::Check("ns.pivot"),
    Formula::Check("img.unsquashfs"),
]);

const OVERLAY: Formula = Formula::Any(&[
    Formula::Check("ovl.tmpfs"),
    Formula::All(&[Formula::Check("ovl.fuse"), Formula::Check("fuse.userns")]),
]);
