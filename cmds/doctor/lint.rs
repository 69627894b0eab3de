//! `hpcctl doctor lint FILE…`: what job scripts and Containerfiles will really do here.

use std::io::Read;
use std::path::{Path, PathBuf};

use hpcctl_host::{Live, file};
use hpcctl_model::lint::{Lints, Outcome};
use hpcctl_node::advice::Known;
use hpcctl_node::{Ask, Helps, lint};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::helps::of_program;
use crate::interrupt;
use crate::ui::Ui;

/// The most bytes of a file that are read.
const MOST: u64 = 1 << 20;

/// Carries out the command.
pub fn run(paths: &[PathBuf], output: &[String], ui: &Ui) -> Result<Exit, Failure> {
    let outputs = emit::outputs(output, Kind::Lint)?;
    let texts = paths.iter().map(|path| read(path));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    let begun = Timestamp::now();
    let examine = || hpcctl_node::examine(&Live, &Ask::default());
    let found = match interrupt::held(examine) {
        Ok(examined) => examined,
        Err(interrupted) => return Ok(interrupted),
    };
    let node = lint::Node {
        known: Known::new(&found.report),
        facts: &found.facts,
        host: &Live,
        helps: Helps::new(&of_program),
    };
    let files = texts.iter().map(|(name, text)| {
        lint::file(name, text, &node).ok_or_else(|| {
            Failure::unreachable(format!("{name} is neither a script nor a Containerfile")).hint(
                "a script begins with #!, or has lines with #SBATCH, #PBS or a container command; a Containerfile has a FROM",
            )
        })
    });
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let report = emit::envelope("lint", begun, Lints { files }, Vec::new());
    emit::write(&Report::Lint(&report), &outputs, ui)?;
    let findings = || report.result.files.iter().flat_map(|file| &file.findings);
    Ok(if findings().any(|row| row.outcome.is_finding()) {
        Exit::Findings
    } else if findings().any(|row| row.outcome == Outcome::Unknown) {
        Exit::Inconclusive
    } else {
        Exit::Clean
    })
}

/// The name and the text of a file; `-` is standard input.
fn read(path: &Path) -> Result<(String, String), Failure> {
    let name = path.display().to_string();
    if name == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(MOST).read_to_end(&mut bytes);
        read.map_err(|error| Failure::unreachable(format!("cannot read standard input: {error}")))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Ok(("standard input".into(), text));
    }
    let text = file::read_at_most(&name, MOST)
        .map_err(|errno| Failure::unreachable(format!("cannot read {name}: {errno}")))?;
    Ok((name, text))
}
