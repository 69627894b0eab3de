//! `hpcctl license diff`: what differs between a file and the text of a licence.

use std::path::PathBuf;

use clap::Args;
use hpcctl_license_db::difference::{self, Fault};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use super::identify::read;
use super::show;
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// Show what differs between a file and the text of a licence
///
/// Words are compared as the SPDX matching guidelines say: case, punctuation, markup, comment marks
/// and copyright lines do not count. Each place tells whether the guidelines let it differ.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl license diff LICENSE MIT
  hpcctl license diff -o json COPYING GPL-3.0-only | jq '.result.changes | length'

EXIT STATUS
  0 nothing differs but what SPDX lets differ, 1 something does, 5 the file cannot be read.")]
pub struct Diff {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The id of the SPDX list, or of one of its exceptions
    #[arg(value_name = "ID")]
    id: String,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::LicenseDiff))]
    output: Vec<String>,
}

impl Diff {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::LicenseDiff)?;
        let begun = Timestamp::now();
        let name = self.file.display().to_string();
        let bytes = read(&self.file)
            .map_err(|error| Failure::unreachable(format!("cannot read {name}: {error}")))?;
        let found = difference::between(&name, &bytes, &self.id).map_err(|fault| match fault {
            Fault::NoText => show::unknown(&self.id),
            Fault::Binary => Failure::unreachable(format!("{name} is not a text")),
        })?;
        let same = found.start_line.is_some() && found.changes.iter().all(|change| change.allowed);
        let report = emit::envelope("license-diff", begun, found, Vec::new());
        emit::write(&Report::LicenseDiff(&report), &outputs, ui)?;
        Ok(if same { Exit::Clean } else { Exit::Findings })
    }
}
