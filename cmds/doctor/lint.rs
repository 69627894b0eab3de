//! `hpcctl doctor lint FILE`: what a job script or a Containerfile will really do here.

use std::path::Path;

use hpcctl_host::{Live, file};
use hpcctl_model::lint::Outcome;
use hpcctl_node::advice::Known;
use hpcctl_node::{Ask, lint};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt;
use crate::ui::Ui;

/// The most bytes of a file that are read.
const MOST: u64 = 1 << 20;

/// Carries out the command.
pub fn run(path: &Path, output: &[String], ui: &Ui) -> Result<Exit, Failure> {
    let outputs = emit::outputs(output, Kind::Lint)?;
    let name = path.display().to_string();
    let text = file::read_at_most(&name, MOST)
        .map_err(|errno| Failure::unreachable(format!("cannot read {name}: {errno}")))?;
    let begun = Timestamp::now();
    let examine = || hpcctl_node::examine(&Live, &Ask::default());
    let (found, _) = match interrupt::held(examine) {
        Ok(examined) => examined,
        Err(interrupted) => return Ok(interrupted),
    };
    let known = Known::new(&found);
    let read = lint::file(&name, &text, &known).ok_or_else(|| {
        Failure::unreachable(format!(
            "{name} is neither a job script nor a Containerfile"
        ))
        .hint("a job script has lines with #SBATCH or #PBS, a Containerfile has a FROM")
    })?;
    let report = emit::envelope("lint", begun, read, Vec::new());
    emit::write(&Report::Lint(&report), &outputs, ui)?;
    let outcomes = || report.result.findings.iter().map(|row| row.outcome);
    Ok(if outcomes().any(Outcome::is_finding) {
        Exit::Findings
    } else if outcomes().any(|outcome| outcome == Outcome::Unknown) {
        Exit::Inconclusive
    } else {
        Exit::Clean
    })
}
