//! `hpcctl fleet merge`: lines that were gathered by other means.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::Args;
use hpcctl_model::Unknown;
use hpcctl_reports::counted;
use hpcctl_reports::fleet::{Merge as Merged, NodeSet, Terms, WITHIN};
use hpcctl_reports::{Kind, Report};
use jiff::{SignedDuration, Timestamp};

use super::last;
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::state::Kept;
use crate::ui::Ui;

/// How much older a line may be where nobody said.
static DEFAULT: LazyLock<String> = LazyLock::new(|| format!("{}h", WITHIN.as_hours()));

/// How much of a stream is read at a time.
const CHUNK: usize = 256 << 10;

/// Fold the lines that nodes printed.
///
/// Reads what `hpcctl doctor -o line` printed on many nodes, in any order and with anything
/// around it: names in front, warnings, colours. Of nodes that call themselves otherwise than they were
/// asked the name in front counts, where it is one of --expected. A line that is read twice counts once, of two
/// lines of a node the later counts. Lines that are truncated or damaged are counted, and their
/// nodes named. A node whose last line is much older than the newest counts as one that did not
/// report, and so does one whose line is much newer than every other. The report is kept for `fleet match`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  pdsh -w n[001-128] hpcctl doctor --fast -o line | hpcctl fleet merge --expected n[001-128]
  srun --nodes=128 hpcctl doctor --fast -o line | hpcctl fleet merge
  hpcctl fleet merge /shared/lines/* -o json=fleet.json -o table
  hpcctl fleet merge -v lines                    every value and every node
  hpcctl fleet merge --expected \"$(pbsnodes -a | grep '^[^ ]')\" lines

EXIT STATUS
  0 containers run with every installed runtime of every node; 1 on one they do not, or it has none
  (builtin counts where it alone is asked for); 3 on none of those that reported, but of one it is not known, or an expected node did not report.")]
pub struct Merge {
    /// The files; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// The nodes that are to report, such as n[001-128,130]
    #[arg(long, value_name = "SET", value_parser = super::node_set)]
    expected: Option<NodeSet>,
    /// How much older than the newest the last line of a node may be, in hours or days
    #[arg(long, value_name = "TIME", default_value = DEFAULT.as_str(), value_parser = crate::report::duration)]
    within: SignedDuration,
    #[command(flatten)]
    kept: Kept,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Fleet))]
    output: Vec<String>,
}

impl Merge {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Fleet)?;
        let begun = Timestamp::now();
        let mut merged = Merged::new(super::table());
        let mut unknowns = Vec::new();
        for file in &self.files {
            let name = file.display().to_string();
            let stream: Box<dyn Read> = match name.as_str() {
                "-" => Box::new(io::stdin().lock()),
                _ => Box::new(File::open(file).map_err(|error| {
                    Failure::unreachable(format!("cannot read {name}: {error}"))
                })?),
            };
            let mut stream = BufReader::with_capacity(CHUNK, stream);
            if let Some(why) = read(&mut merged, &mut stream) {
                unknowns.push(Unknown::new(name, why));
            }
        }
        let is_partial = !unknowns.is_empty();
        let result = merged.report(&Terms {
            expected: self.expected.as_ref(),
            now: Some(begun),
            within: Some(self.within),
            asked: None,
        });
        let exit = match super::exit(&result) {
            Exit::Clean if is_partial => Exit::Inconclusive,
            exit => exit,
        };
        let report = emit::envelope("fleet", begun, result, unknowns);
        last::keep(&report, &self.kept, ui);
        emit::write(&Report::Fleet(&report), &outputs, ui)?;
        let lines = report.result.lines;
        if lines.truncated + lines.damaged > 0 {
            ui.hint("where srun passes on lines in pieces, srun --label lets them be put together");
        }
        Ok(exit)
    }
}

/// Reads a stream; answers why nothing, or not all, could be made of it.
fn read(merged: &mut Merged, stream: &mut impl BufRead) -> Option<String> {
    let begin = stream.fill_buf().map(|bytes| bytes.trim_ascii_start());
    let is_json = begin.is_ok_and(|bytes| bytes.starts_with(b"{"));
    let before = *merged.lines();
    if let Err(error) = merged.read(stream) {
        // What came before it broke off counts.
        return Some(error.to_string());
    }
    let now = merged.lines();
    if now.whole > before.whole {
        return None;
    }
    let why = match is_json {
        true => "it is JSON, which report add takes, and no line of a node".to_owned(),
        false => format!(
            "no whole line of a node is among its {}",
            counted(now.read - before.read, "line")
        ),
    };
    Some(why + ": doctor -o line prints one")
}
