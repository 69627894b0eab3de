//! One examination of a node, from what was asked to the report.

use hpcctl_host::Host;
use hpcctl_model::Unknown;
use hpcctl_model::doctor::{Check, Doctor};

use crate::probe::is_unknown;
use crate::solver::{Fact, Facts};
use crate::{RUNTIMES, Site, checks};

/// What to examine; an empty list asks for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Names of runtimes.
    pub runtimes: Vec<String>,
    /// Names of operations.
    pub operations: Vec<String>,
    /// Ids of checks to run; the others are listed as skipped.
    pub checks: Vec<String>,
    /// Whether checks may use the network.
    pub network: bool,
}

/// Examines a node: every check, then the runtimes that were asked for.
pub fn examine(host: &dyn Host, ask: &Ask) -> (Doctor, Vec<Unknown>) {
    let mut site = Site::new(host);
    site.network = ask.network;
    let mut facts = Facts::new(site.is_root());
    let mut reports: Vec<Check> = Vec::new();
    for probe in checks() {
        let asked = ask.checks.is_empty() || ask.checks.iter().any(|id| id == probe.id);
        let (check, finding) = if asked {
            probe.run(&site)
        } else {
            probe.not_asked()
        };
        facts.checks.insert(
            probe.id,
            Fact {
                holds: finding.holds,
                steps: finding.steps,
            },
        );
        reports.push(check);
    }
    let asked = RUNTIMES
        .iter()
        .filter(|r| ask.runtimes.is_empty() || ask.runtimes.iter().any(|name| name == r.name));
    let runtimes = asked
        .map(|runtime| runtime.judge(&ask.operations, &facts, host))
        .collect();
    let unknowns = reports.iter().filter(|check| is_unknown(check));
    let unknowns = unknowns
        .map(|check| Unknown::new(&check.id, &check.summary))
        .collect();
    (
        Doctor {
            checks: reports,
            runtimes,
        },
        unknowns,
    )
}
