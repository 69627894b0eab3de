//! From an image and the policies to a decision that is logged: what `gate` and `publish` share.

use hpcctl_gate::log::Head;
use hpcctl_gate::{Case, decide};
use hpcctl_model::Envelope;
use hpcctl_model::gate::Gate;
use hpcctl_model::scan::Scan;
use jiff::Timestamp;

use super::policies::policies;
use super::{Judged, evidence, scanned};
use crate::decisions::{self, Decisions};
use crate::failure::Failure;
use crate::fault;
use crate::state;
use crate::trust::Trust;
use crate::ui::Ui;

/// A decision, and what it was made about.
pub struct Decided {
    /// When the work began.
    pub begun: Timestamp,
    /// The decision.
    pub gate: Gate,
    /// The report of the scan.
    pub scan: Envelope<Scan>,
    /// Where decisions are logged.
    pub log: Decisions,
    /// Where the log ended with this one.
    pub logged: Head,
}

/// Decides, and logs the decision before anybody hears of it.
pub fn decided(
    event: &str,
    judged: &Judged,
    trust: Trust,
    to: Option<&str>,
    now: Option<Timestamp>,
    ui: &Ui,
) -> Result<Decided, Failure> {
    // What is wrong on our side is told before a scan of many minutes.
    let policies = policies(judged.policy.as_deref())?;
    let results = evidence::read(&judged.results)?;
    let log = Decisions::below(&state::directory(judged.state.as_deref())?);
    let kept = log.usable()?;
    let begun = Timestamp::now();
    let (scan, sha256) = scanned::scanned(judged, trust, &kept, ui)?;
    fault::may_come("scanned");
    let case = Case {
        scan: &scan.result,
        unknowns: &scan.unknowns,
        destination: to,
        results: &results,
        now: now.unwrap_or(begun),
    };
    let gate = decide(case, &policies);
    fault::may_come("decided");
    let logged = log.append(decisions::decided(event, &gate, sha256.as_deref()))?;
    Ok(Decided {
        begun,
        gate,
        scan,
        log,
        logged,
    })
}
