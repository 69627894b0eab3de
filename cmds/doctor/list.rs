//! `hpcctl doctor list`: the checks, a line each.

use hpcctl_model::doctor::Listed;
use hpcctl_node::Probe;
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// Carries out the command.
pub fn run(output: &[String], ui: &Ui) -> Result<Exit, Failure> {
    let outputs = emit::outputs(output, Kind::Checks)?;
    let begun = Timestamp::now();
    let checks: Vec<Listed> = hpcctl_node::checks().map(listed).collect();
    let report = emit::envelope("checks", begun, checks, Vec::new());
    emit::write(&Report::Checks(&report), &outputs, ui)?;
    Ok(Exit::Clean)
}

fn listed(probe: &Probe) -> Listed {
    let manual = &probe.manual;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Listed {
        id: probe.id.to_owned(),
        title: manual.title.to_owned(),
        what: manual.what.to_owned(),
        why: manual.why.to_owned(),
        how: manual.how.to_owned(),
        user: some(manual.user),
        admin: some(manual.admin),
        refs: manual.refs.iter().map(ToString::to_string).collect(),
    }
}
