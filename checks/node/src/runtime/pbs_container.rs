//! The container plugin of PBS Professional.
//!
//! The rules follow its public training material; OpenPBS has no such plugin, and none is tried
//! in the tests.

use hpcctl_model::doctor::Cost;

use super::{Formula, Rule, Runtime, judge_installed, look_for};
use crate::finding::admin;
use crate::{Finding, Manual, Probe, pbs};

const RESOURCE: &str = "container_image";
const PROGRAMS: &[&str] = &["qsub"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "pbs-container",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.pbs-container.installed",
        manual: Manual {
            title: "Containers of PBS",
            what: "Whether qsub is in PATH and the server has the resource container_image.",
            why: "PBS Professional can start a job in a container: container_engine and container_image as resources. OpenPBS answers \"Unknown resource\", or ignores CONTAINER_IMAGE.",
            how: "Looks for qsub in PATH; qmgr -c \"list resource container_image\".",
            user: "Run the container in the job script: ch-run IMAGE -- …",
            admin: "The container hook of PBS Professional, a commercial product.",
            refs: &["qsub(1)", "pbs_hooks(7B)"],
        },
        read: |site| {
            let mut reading = look_for(site, PROGRAMS);
            reading.ran = pbs::resource(site, RESOURCE).ran;
            reading
        },
        judge: |reading, _| {
            let package = admin(
                Cost::AdminPackage,
                "install the client of PBS, as its installation guide says",
                "",
            );
            let found = judge_installed(reading, "pbs-container", package);
            match (found.holds, pbs::judge_resource(reading, RESOURCE).holds) {
                (Some(true), Some(true)) | (Some(false), _) => found,
                (_, None) => Finding::unknown("whether PBS has its container plugin is not known"),
                _ => {
                    Finding::skipped("PBS is installed without its container plugin").holding(false)
                }
            }
        },
    },
    rules: &[
        Rule {
            op: "run",
            needs: RUN,
            wants: &[],
            tried: false,
        },
        Rule {
            op: "launch",
            needs: RUN,
            wants: &[],
            tried: false,
        },
    ],
};

const RUN: Formula = Formula::All(&[
    Formula::Check("runtime.pbs-container.installed"),
    Formula::Check("sch.pbs.engine"),
    Formula::Check("sch.pbs.image"),
    Formula::Check("sch.pbs.hook"),
]);
