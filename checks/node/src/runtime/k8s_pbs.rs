//! The Kubernetes connector of PBS, which is not maintained.
//!
//! The rules follow its source; none is tried in the tests.

use super::{Formula, Rule, Runtime, look_for};
use crate::{Finding, Manual, Probe, pbs};

const PROGRAMS: &[&str] = &["kubectl"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "k8s-pbs",
    programs: PROGRAMS,
    version: &["version", "--client"],
    version_of: None,
    installed: Probe {
        id: "runtime.k8s-pbs.installed",
        manual: Manual {
            title: "Pods through PBS",
            what: "Whether the PBS server has the hook of the connector.",
            why: "A connector once ran Kubernetes pods as PBS jobs. It is not maintained since 2020 and needs Python 2 and a proxy of root.",
            how: "Looks for kubectl in PATH; qmgr -c \"list hook\".",
            user: "",
            admin: "Run pods beside PBS by other means.",
            refs: &["https://github.com/PBSPro/kubernetes-pbspro-connector"],
        },
        read: |site| {
            let mut reading = look_for(site, PROGRAMS);
            reading.ran = pbs::list_hooks(site).ran;
            reading
        },
        judge: |reading, _| {
            let hooks = reading.ran.first().map(|ran| pbs::hooks(&ran.stdout));
            let hooks = hooks.unwrap_or_default();
            match hooks.iter().find(|(name, _)| name.contains("kubernetes")) {
                Some((name, _)) => {
                    Finding::pass(format!("the connector is there: the hook {name}"))
                }
                None => Finding::skipped("the connector is not installed").holding(false),
            }
        },
    },
    rules: &[Rule {
        op: "run",
        needs: Formula::All(&[
            Formula::Check("runtime.k8s-pbs.installed"),
            Formula::Check("sch.k8s"),
        ]),
        wants: &[],
        tried: false,
    }],
};
