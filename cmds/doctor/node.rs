//! The line of this node: the name by which others know it, and how it gets to them whole.

use std::env;

use hpcctl_model::Envelope;
use hpcctl_model::doctor::Doctor;
use hpcctl_reports::fleet::broken;
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
    let Some(name) = given_name() else {
        return Ok(outputs);
    };
    let is_line = |output: &Output| output.format.name == "line";
    let (lines, others): (Vec<_>, Vec<_>) = outputs.into_iter().partition(is_line);
    let own = std::mem::replace(&mut report.host.name, name);
    let written = written(report, lines, ui);
    report.host.name = own;
    written.map(|()| others)
}

fn written(report: &Envelope<Doctor>, lines: Vec<Output>, ui: &Ui) -> Result<(), Failure> {
    let report = Report::Doctor(report);
    let is_mixed = |output: &Output| output.file.is_none() && are_mixed();
    let (mixed, alone): (Vec<_>, Vec<_>) = lines.into_iter().partition(is_mixed);
    for output in mixed {
        emit::to_stdout(&broken(&emit::bytes(&report, &output, ui)?))?;
    }
    emit::write(&report, &alone, ui)
}

/// The name of this node in its line.
pub fn name() -> String {
    given_name().unwrap_or_else(|| hpcctl_host::machine().name)
}

/// Whether srun(1) passes on what is printed between what other tasks print, with nothing that tells
/// them apart (srun(1), "OUTPUT ENVIRONMENT VARIABLES").
fn are_mixed() -> bool {
    let tasks = env::var("SLURM_STEP_NUM_TASKS").ok();
    let tasks = tasks.and_then(|count| count.parse::<u32>().ok());
    tasks.is_some_and(|count| count > 1) && env::var_os("SLURM_LABELIO").is_none()
}

/// The name that an engine gave the node, or Slurm, which need not be that of uname(2); none
/// where neither did (srun(1), "OUTPUT ENVIRONMENT VARIABLES").
fn given_name() -> Option<String> {
    let given = |variable| env::var(variable).ok().filter(|name| !name.is_empty());
    given("HPCCTL_NODE").or_else(|| given("SLURMD_NODENAME"))
}
