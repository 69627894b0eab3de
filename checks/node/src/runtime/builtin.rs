//! `builtin`: hpcctl's own launcher, which shows what the kernel and this account allow.

use super::{Formula, Rule, Runtime, USER_NAMESPACE};
use crate::{Finding, Manual, Probe, Reading};

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "builtin",
    programs: &[],
    version: &[],
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
    rules: &[Rule {
        op: "run",
        needs: Formula::All(&[
            USER_NAMESPACE,
            Formula::Check("ns.pid"),
            Formula::Check("run.builtin"),
        ]),
        wants: &[],
        tried: true,
    }],
};
