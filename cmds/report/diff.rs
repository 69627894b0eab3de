//! `hpcctl report diff`: what changed from one report to another.

use std::path::PathBuf;

use clap::Args;
use hpcctl_model::history::{Record, Said};
use hpcctl_model::nightly::NotChecked;
use hpcctl_reports::fleet::NodeSet;
use hpcctl_reports::history::observed;
use hpcctl_reports::trend::{Asked, Figures, Past, Runs, nightly};
use hpcctl_reports::{Kind, Report, shortened, some};
use jiff::Timestamp;

use super::add::bytes;
use super::costs;
use super::nightly::{exit, told};
use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::ui::Ui;

/// The most sets of nodes, or images, that are named, and characters of each.
const SETS: usize = 4;
const SET: usize = 60;

/// Tell what changed from one report to another.
///
/// Takes what `report add` takes, and tells it as `report nightly` does. The two have to be of the
/// same kind; that of doctor is one of many nodes, too. Of two reports of bench the cost of the
/// container is judged by their own bands, as `bench --compare` does, and the node itself by that of
/// outside.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl report diff before.json after.json
  hpcctl report diff lines.monday lines.tuesday -o markdown

EXIT STATUS
  0 nothing is worse, 1 something is new, lost or slower, 2 the reports are of different kinds, or have
  nothing in common, 5 one cannot be read.")]
pub struct Diff {
    /// The report of before
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The report of after; - is standard input
    #[arg(value_name = "B")]
    after: PathBuf,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Nightly))]
    output: Vec<String>,
}

impl Diff {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Nightly)?;
        let begun = Timestamp::now();
        let ((mut before, then), (mut after, now)) = (read(&self.before)?, read(&self.after)?);
        if !Runs::are_alike(&before, &after) {
            let message = format!(
                "cannot compare a report of {} with one of {}",
                before.kind, after.kind
            );
            return Err(Failure::usage(message));
        }
        if !Runs::have_in_common(&before, &after) {
            let message = format!(
                "cannot compare: nothing is in both, one is of {} and the other of {}",
                subjects(&before.said),
                subjects(&after.said)
            );
            return Err(Failure::usage(message));
        }
        let users = (before.user.clone(), after.user.clone());
        // Waivers that lapsed on the day of the later report, or before.
        let lapse = after.at.get(..10).unwrap_or_default().to_owned();
        let is_bench = after.kind == "bench";
        let figures = Figures::pair(&mut before, &mut after);
        let kinds = vec![Runs::pair(before, after)];
        let mut result = nightly(&Asked {
            kinds,
            past: Past::default(),
            figures,
            // The last day of a waiver holds.
            today: lapse.clone(),
            lapse,
            unread: Vec::new(),
            retired: NodeSet::default(),
        });
        if is_bench {
            costs::judge(&mut result, &then, &now)?;
        }
        if let (Some(then), Some(now)) = users
            && then != now
        {
            let why = format!("one report is asked by {then}, the other by {now}");
            let users = NotChecked::of("whether the nodes changed", why);
            result.not_checked.push(users);
        }
        told(&mut result);
        let exit = exit(&result);
        let report = emit::envelope("nightly", begun, result, Vec::new());
        emit::write(&Report::Nightly(&report), &outputs, ui)?;
        Ok(exit)
    }
}

/// What a report is of, as far as a line holds it.
fn subjects(all: &[Said]) -> String {
    let sets = all.iter().map(|said| shortened(&said.on, SET));
    let sets: Vec<_> = sets.collect();
    some(sets.iter().map(AsRef::as_ref), SETS)
}

/// What would be kept of a report, and its bytes.
fn read(file: &std::path::Path) -> Result<(Record, Vec<u8>), Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::unreachable(format!("cannot read {}: {}", file.display(), chain(error)))
    };
    let bytes = bytes(file).map_err(|error| failed(&error))?;
    let kept = observed(&bytes, crate::fleet::table(), Timestamp::now());
    Ok((kept.map_err(|error| failed(&error))?.record, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_report_is_of_is_told_in_a_line() {
        let said = |on: String| Said {
            on,
            ..Said::default()
        };
        let few = ["n[1-4]".to_owned(), "m1".to_owned()].map(said);
        assert_eq!(subjects(&few), "n[1-4], m1");
        let many: Vec<Said> = (0..99).map(|n| said(format!("n{n}").repeat(999))).collect();
        let told = subjects(&many);
        assert!(told.len() < 300 && told.ends_with(" and 95 more"), "{told}");
    }
}
