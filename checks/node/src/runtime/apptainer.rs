//! Apptainer, rootless and set-user-id.
//!
//! The rules follow measurements with Apptainer 1.4.5; none is tried in the tests, because
//! Debian 12 has no package of it.

use hpcctl_model::doctor::Cost;

use super::{
    Formula, GPU, HOST_MPI, LAUNCHER, MANY_IDS, REGISTRY, Rule, Runtime, USER_NAMESPACE,
    judge_installed, look_for,
};
use crate::finding::{admin, user};
use crate::solver::Choice;
use crate::{Manual, Probe};

const PROGRAMS: &[&str] = &["apptainer", "singularity"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "apptainer",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.apptainer.installed",
        manual: Manual {
            title: "Apptainer",
            what: "Whether apptainer or its predecessor singularity is in PATH.",
            why: "Apptainer runs one-file images and is the runtime that most HPC sites offer.",
            how: "Looks for apptainer, then singularity, in PATH.",
            user: "Apptainer can be unpacked in a home directory: install-unprivileged.sh.",
            admin: "Install apptainer, from EPEL or from the project's releases.",
            refs: &["https://apptainer.org/docs/"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge: |reading, _| {
            let unpack = user(
                Cost::UserConfig,
                "unpack apptainer in your home directory with the project's install-unprivileged.sh",
                "./install-unprivileged.sh ~/apptainer",
            );
            let package = admin(
                Cost::AdminPackage,
                "install apptainer",
                "dnf install -y apptainer",
            );
            judge_installed(reading, "apptainer", package).step(unpack)
        },
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[
                Formula::Check("runtime.apptainer.installed"),
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
            tried: true,
        },
        Rule {
            op: "build",
            needs: BUILD,
            wants: &[],
            tried: true,
        },
        Rule {
            op: "build-multiuid",
            needs: Formula::All(&[BUILD, Formula::AsRoot(&Formula::All(&[]), &MANY_IDS)]),
            wants: &[],
            tried: true,
        },
        Rule {
            op: "mount-fuse",
            needs: Formula::All(&[
                RUN,
                Formula::Any(&[
                    Formula::Check("fuse.userns"),
                    KERNEL,
                    Formula::Choice(&UNSQUASH),
                ]),
            ]),
            wants: &[],
            tried: true,
        },
        Rule {
            op: "mount-kernel",
            needs: Formula::All(&[RUN, KERNEL]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "overlay",
            needs: Formula::All(&[
                RUN,
                Formula::Any(&[Formula::Check("ovl.tmpfs"), Formula::Check("fuse.userns")]),
            ]),
            wants: &[],
            tried: true,
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
            wants: &["mpi.cma.sibling"],
            tried: false,
        },
        Rule {
            op: "launch",
            needs: Formula::All(&[RUN, LAUNCHER]),
            wants: &["mpi.cma.sibling"],
            tried: false,
        },
    ],
};

static UNSQUASH: Choice = Choice::option(
    "unpack the image before it runs",
    "apptainer exec --unsquash IMAGE.sif …",
);

/// The kernel mounts the image, for root or by the set-user-id starter.
const KERNEL: Formula = Formula::All(&[
    Formula::Any(&[
        Formula::Check("fs.mount_kernel"),
        Formula::Check("apptainer.suid"),
    ]),
    Formula::Check("fs.loop"),
    Formula::Check("fs.squash"),
]);

static TEMPORARY: Choice = Choice::option(
    "build in another directory, on a file system without noexec",
    // SingularityCE reads the other.
    "export APPTAINER_TMPDIR=$HOME SINGULARITY_TMPDIR=$HOME",
);

/// A build maps the range of ids that the account has; a broken newuidmap is worse than none,
/// because it does not fall back.
const BUILD: Formula = Formula::All(&[
    RUN,
    Formula::Check("ns.proc"),
    Formula::Any(&[Formula::Check("fs.exec"), Formula::Choice(&TEMPORARY)]),
    Formula::AsRoot(
        &Formula::All(&[]),
        &Formula::Any(&[MANY_IDS, Formula::Lacks("uid.subid.file")]),
    ),
]);

/// A directory image; /proc is bound from the node, so a fresh one is not needed.
const RUN: Formula = Formula::All(&[
    Formula::Check("runtime.apptainer.installed"),
    Formula::AsRoot(
        &Formula::Check("apptainer.caps"),
        &Formula::Any(&[
            Formula::All(&[USER_NAMESPACE, Formula::Check("ns.bind")]),
            Formula::Check("apptainer.suid"),
        ]),
    ),
]);
