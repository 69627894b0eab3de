//! `builtin`: hpcctl's own launcher, which shows what the kernel and this account allow.

use super::{Formula, GPU, HOST_MPI, LAUNCHER, MANY_IDS, Rule, Runtime, USER_NAMESPACE};
use crate::{Finding, Manual, Probe, Reading};

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "builtin",
    programs: &[],
    version: &[],
    version_of: None,
    installed: Probe {
        id: "runtime.builtin.installed",
        manual: Manual {
            title: "The builtin launcher",
            what: "The launcher inside hpcctl itself.",
            why: "It shows what the kernel and this account allow, with no other runtime in the way.",
            how: "It is always there.",
            user: "",
            admin: "",
            refs: &["namespaces(7)"],
        },
        read: |_| Reading::new(),
        judge: |_, _| Finding::pass("part of hpcctl"),
    },
    rules: &[
        Rule {
            op: "run",
            needs: RUN,
            wants: &[],
            tried: true,
        },
        Rule {
            op: "build",
            needs: Formula::All(&[RUN, Formula::Check("sec.fakechown")]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "build-multiuid",
            needs: Formula::All(&[RUN, MANY_IDS]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "mount-fuse",
            needs: Formula::All(&[RUN, Formula::Check("fuse.userns")]),
            wants: &[],
            tried: true,
        },
        Rule {
            op: "overlay",
            needs: Formula::All(&[RUN, Formula::Check("ovl.tmpfs")]),
            wants: &["ovl.whiteout", "ovl.opaque"],
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

const RUN: Formula = Formula::All(&[
    USER_NAMESPACE,
    Formula::Check("ns.pid"),
    Formula::Check("ns.ipc"),
    Formula::Check("ns.uts"),
    Formula::Check("run.builtin"),
]);
