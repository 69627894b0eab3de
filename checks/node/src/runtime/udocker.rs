//! udocker: containers without any privilege, by PRoot and other ways.
//!
//! The rules follow its documentation; none is tried in the tests.

use hpcctl_model::doctor::Cost;

use super::{
    Formula, GPU, HOST_MPI, LAUNCHER, REGISTRY, Rule, Runtime, USER_NAMESPACE, judge_installed,
    look_for,
};
use crate::finding::user;
use crate::solver::Choice;
use crate::{Manual, Probe};

const PROGRAMS: &[&str] = &["udocker"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "udocker",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.udocker.installed",
        manual: Manual {
            title: "udocker",
            what: "Whether udocker is in PATH.",
            why: "It runs where nothing else may: a Python program in the home that uses ptrace(2) or library interposition instead of namespaces, at a price in speed.",
            how: "Looks for udocker in PATH.",
            user: "Install it in your home directory: pip install --user udocker && udocker install",
            admin: "",
            refs: &["https://indigo-dc.github.io/udocker/"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge: |reading, _| {
            judge_installed(
                reading,
                "udocker",
                user(
                    Cost::UserConfig,
                    "install udocker in your home directory",
                    "pip install --user udocker && udocker install",
                ),
            )
        },
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[Formula::Check("runtime.udocker.installed"), REGISTRY]),
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
            op: "gpu",
            needs: Formula::All(&[RUN, GPU]),
            wants: &[],
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

static NAMESPACES: Choice = Choice::option(
    "run it in namespaces instead of under ptrace",
    "udocker setup --execmode=R1 CONTAINER",
);

/// PRoot, its default, needs ptrace(2); mode R1 needs a user namespace instead.
const RUN: Formula = Formula::All(&[
    Formula::Check("runtime.udocker.installed"),
    Formula::Any(&[
        Formula::Check("sec.ptrace"),
        Formula::All(&[USER_NAMESPACE, Formula::Choice(&NAMESPACES)]),
    ]),
]);
