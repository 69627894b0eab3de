//! podman-hpc(1) of NERSC: podman with images that are squashed to one file.
//!
//! The rules follow its documentation; none is tried in the tests.

use hpcctl_model::doctor::Cost;

use super::{
    Formula, GPU, HOST_MPI, LAUNCHER, REGISTRY, Rule, Runtime, judge_installed, look_for, podman,
};
use crate::finding::user;
use crate::{Manual, Probe};

const PROGRAMS: &[&str] = &["podman-hpc"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "podman-hpc",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.podman-hpc.installed",
        manual: Manual {
            title: "podman-hpc",
            what: "Whether podman-hpc is in PATH.",
            why: "It makes podman usable on many nodes: images are squashed on a shared file system, and one container a node is shared by its ranks.",
            how: "Looks for podman-hpc in PATH.",
            user: "Install it in your home directory: pip install --user podman-hpc",
            admin: "Install podman-hpc, podman, fuse-overlayfs and squashfuse.",
            refs: &["https://github.com/NERSC/podman-hpc"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge: |reading, _| {
            judge_installed(
                reading,
                "podman-hpc",
                user(
                    Cost::UserConfig,
                    "install podman-hpc in your home directory",
                    "pip install --user podman-hpc",
                ),
            )
        },
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[RUN, Formula::Check("img.mksquashfs"), REGISTRY]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "run",
            needs: RUN,
            wants: &["ovl.disk"],
            tried: false,
        },
        Rule {
            op: "build",
            needs: Formula::All(&[
                Formula::Check("runtime.podman-hpc.installed"),
                podman::BUILD,
            ]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "build-multiuid",
            needs: Formula::All(&[
                Formula::Check("runtime.podman-hpc.installed"),
                podman::BUILD_MANY,
            ]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "mount-fuse",
            needs: Formula::All(&[
                RUN,
                Formula::Check("fuse.userns"),
                Formula::Check("img.squashfuse"),
                Formula::Check("ovl.fuse"),
            ]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "overlay",
            needs: Formula::All(&[RUN, podman::OVERLAY]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "gpu",
            needs: Formula::All(&[RUN, GPU]),
            wants: &["gpu.no_cgroups"],
            tried: false,
        },
        Rule {
            op: "mpi-host",
            needs: Formula::All(&[RUN, HOST_MPI]),
            wants: &["mpi.shm_size"],
            tried: false,
        },
        Rule {
            op: "launch",
            needs: Formula::All(&[RUN, LAUNCHER]),
            wants: &["sch.env"],
            tried: false,
        },
    ],
};

const RUN: Formula = Formula::All(&[Formula::Check("runtime.podman-hpc.installed"), podman::RUN]);
