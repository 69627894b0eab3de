//! The name by which others know this node.

use std::env;

use hpcctl_model::Envelope;
use hpcctl_model::doctor::Doctor;
use hpcctl_reports::{Output, Report};

use crate::emit;
use crate::failure::Failure;
use crate::ui::Ui;

/// Writes the lines that are asked for under that name, and answers the other outputs: whoever
/// gathers the lines asked for nodes by such names.
pub fn lines(
    report: &mut Envelope<Doctor>,
    outputs: Vec<Output>,
    ui: &Ui,
) -> Result<Vec<Output>, Failure> {
    let Some(name) = name() else {
        return Ok(outputs);
    };
    let is_line = |output: &Output| output.format.name == "line";
    let (lines, others): (Vec<_>, Vec<_>) = outputs.into_iter().partition(is_line);
    let own = std::mem::replace(&mut report.host.name, name);
    let written = emit::write(&Report::Doctor(report), &lines, ui);
    report.host.name = own;
    written.map(|()| others)
}

/// The name that an engine gave the node, or Slurm, which need not be that of uname(2); none
/// where neither did (srun(1), "OUTPUT ENVIRONMENT VARIABLES").
fn name() -> Option<String> {
    let given = |variable| env::var(variable).ok().filter(|name| !name.is_empty());
    given("HPCCTL_NODE").or_else(|| given("SLURMD_NODENAME"))
}
