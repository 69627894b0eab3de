//! Charliecloud, ch-run(1) and ch-image(1).
//!
//! The rules were tried against Charliecloud 0.31 and 0.45.

use hpcctl_model::doctor::Cost;

use super::{
    Formula, GPU, HOST_MPI, LAUNCHER, REGISTRY, Rule, Runtime, USER_NAMESPACE, judge_installed,
    look_for,
};
use crate::finding::user;
use crate::package::Package;
use crate::solver::Choice;
use crate::{Manual, Probe};

const PROGRAMS: &[&str] = &["ch-run"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "charliecloud",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.charliecloud.installed",
        manual: Manual {
            title: "Charliecloud",
            what: "Whether ch-run is in PATH.",
            why: "Charliecloud needs the least of all runtimes from the node: a user and a mount namespace.",
            how: "Looks for ch-run in PATH.",
            user: "Charliecloud builds and installs in a home directory.",
            admin: "Install charliecloud.",
            refs: &["ch-run(1)", "https://hpc.github.io/charliecloud/"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge: |reading, site| {
            let package = Package::named("charliecloud").install("charliecloud", site);
            judge_installed(reading, "charliecloud", package).step(user(
                Cost::UserConfig,
                "build charliecloud in your home directory",
                "./configure --prefix=$HOME/.local && make install",
            ))
        },
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[BUILD, REGISTRY]),
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
            wants: &["sec.fakechown"],
            tried: true,
        },
        Rule {
            op: "build-multiuid",
            needs: BUILD_MANY,
            wants: &[],
            tried: true,
        },
        Rule {
            op: "mount-fuse",
            needs: Formula::All(&[
                RUN,
                Formula::Any(&[Formula::Check("fuse.userns"), Formula::Choice(&CONVERT)]),
            ]),
            wants: &[],
            tried: true,
        },
        Rule {
            op: "overlay",
            needs: Formula::All(&[
                RUN,
                Formula::Any(&[
                    Formula::All(&[
                        Formula::Check("charliecloud.write_fake"),
                        Formula::Check("ovl.tmpfs"),
                    ]),
                    Formula::Choice(&WRITABLE),
                ]),
            ]),
            wants: &["ovl.opaque"],
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
            wants: &["mpi.cma.sibling", "mpi.shm_size"],
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

static CONVERT: Choice = Choice::option(
    "convert the squashfs image to a directory",
    "ch-convert IMAGE.sqfs DIR && ch-run DIR -- …",
);
static WRITABLE: Choice =
    Choice::option("write to the image directory itself", "ch-run -w DIR -- …");

const RUN: Formula = Formula::All(&[
    Formula::Check("runtime.charliecloud.installed"),
    USER_NAMESPACE,
    Formula::Check("ns.bind"),
    Formula::Any(&[
        Formula::Check("env.user"),
        Formula::Check("charliecloud.user"),
    ]),
]);

/// ch-image keeps its cache in a Git repository unless it is told not to.
const BUILD: Formula = Formula::All(&[RUN, Formula::Check("img.git")]);

/// Charliecloud maps one id by design; a build that changes owners is faked by a filter.
const BUILD_MANY: Formula = Formula::All(&[
    BUILD,
    Formula::Check("charliecloud.force"),
    Formula::Check("sec.fakechown"),
]);
