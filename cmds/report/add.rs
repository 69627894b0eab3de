//! `hpcctl report add`: reports go into the history.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use hpcctl_model::history::Record;
use hpcctl_reports::history::observed;
use jiff::Timestamp;

use super::history;
use crate::bounded;
use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::state::Kept;
use crate::ui::Ui;

/// The largest file that is taken.
const FILE: u64 = 1 << 30;

/// Put reports into the history.
///
/// Takes the JSON of doctor, fleet, scan, gate and bench, and lines of nodes as `doctor -o line`
/// prints them. What was found, what was not looked at, and figures are kept; the same report is
/// kept once, however often it is added. Where one file cannot be read none is added; where the machine
/// stops meanwhile, adding them again adds those that lack. What many nodes said is of
/// the time at which half of them had; lines that are truncated, old, or of a clock that is off are told.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl report add fleet.json bench.json
  hpcctl fleet run --engine srun -o json -- doctor --fast | hpcctl report add -
  hpcctl report add --state /srv/hpcctl /shared/lines/*

EXIT STATUS
  0 all are in the history, 5 one cannot be read or is nothing that is kept.")]
pub struct Add {
    /// The files; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    kept: Kept,
}

impl Add {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let mut records = Vec::new();
        for file in &self.files {
            let name = file.display();
            let failed = |error: &dyn std::error::Error| {
                Failure::unreachable(format!("cannot add {name}: {}", chain(error)))
            };
            let bytes = bytes(file).map_err(|error| failed(&error))?;
            let kept = observed(&bytes, crate::fleet::table(), Timestamp::now());
            let kept = kept.map_err(|error| failed(&error))?;
            for doubt in &kept.doubts {
                ui.warn(&format!("{name}: {doubt}"));
            }
            records.push(kept.record);
        }
        // What is read later is to be later.
        records.sort_by(|one: &Record, other| one.at.cmp(&other.at));
        let (all, history) = (records.len(), history(&self.kept)?);
        let added = history.append(records)?;
        let text = match all - added {
            0 => format!("{added} added\n"),
            known => format!("{added} added, {known} known already\n"),
        };
        emit::to_stdout(text.as_bytes())?;
        Ok(Exit::Clean)
    }
}

/// The bytes of a file or of standard input.
pub fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return bounded::bytes(file, FILE);
    }
    let mut bytes = Vec::new();
    let stdin = io::stdin().lock();
    stdin.take(FILE + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(0..=FILE) => Ok(bytes),
        _ => Err(io::Error::other("it is too large")),
    }
}
