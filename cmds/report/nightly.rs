//! `hpcctl report nightly`: what changed since last night.

use clap::Args;
use hpcctl_model::Unknown;
use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Found, Record, Said};
use hpcctl_model::nightly::{Nightly as Changes, Verdict};
use hpcctl_reports::trend::{Asked, Runs, nightly};
use hpcctl_reports::{Kind, Report};
use jiff::{SignedDuration, Timestamp};

use super::{duration, history, seconds, warn};
use crate::decisions::Decisions;
use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::state::Kept;
use crate::ui::Ui;

/// How far back results are looked for: to compare with, for what flaps and for what is usual.
const BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Tell what changed since last night.
///
/// What was found in the last 24 hours is held against the run before, node by node, whatever the
/// hour; against results that are older than 7 days with a word that they are, and older than 30
/// days against none. On which nodes containers no longer run comes first, then what is new, lost,
/// slower, fixed or flapping, with the nodes that have it alike folded; then waivers that lapse, what
/// is as bad as it was, and what was not checked. A night without change is three lines. Only reports
/// of the same kind are compared, and fixed is only what was looked at and passes. Where there is
/// nothing to compare with, what is found is what later nights are held against.
///
/// A figure of bench has become slower when it was worse in two nights in a row than in the nights
/// before, of which there must be 6 at least and the last 12 count: by 5 % of their median, and by
/// four standard deviations of their noise. One bad night, or too few nights, are told under what was
/// not checked.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl report nightly
  hpcctl report nightly -o mail | sendmail -t admins@example.org
  hpcctl report nightly -o html=report.html -o openmetrics=hpcctl.prom -o json=report.json

EXIT STATUS
  0 nothing is worse, as in a first night, 1 something is new, lost or slower, 3 there are no results
  of this night, 5 the history cannot be read.")]
pub struct Nightly {
    /// The end of this night (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Tell of waivers that lapse within this time
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = duration)]
    lapse: SignedDuration,
    #[command(flatten)]
    kept: Kept,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Nightly))]
    output: Vec<String>,
}

impl Nightly {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Nightly)?;
        let begun = Timestamp::now();
        let end = self.at.unwrap_or(begun);
        let shifted = |by: SignedDuration| {
            end.checked_add(by)
                .map_err(|error| Failure::usage(format!("no night ends then: {error}")))
        };
        let oldest = seconds(shifted(-BACK)?);
        let last = seconds(end);
        let mut records: Vec<Record> = Vec::new();
        let mut put = |record: Record| {
            if record.at >= oldest && record.at <= last {
                records.push(record);
            }
        };
        let directory = self.kept.directory()?;
        let history = history(&self.kept)?;
        if !directory.exists() {
            let message = format!("there is no state directory {}", directory.display());
            return Err(Failure::unreachable(message)
                .hint("report add makes one; --state DIR names another"));
        }
        if !history.is_begun() {
            ui.warn(&format!(
                "there is no history {} yet",
                history.path().display()
            ));
        }
        let read = history.read(&oldest, &mut put)?;
        warn(&read, history.path(), ui);
        let mut unknowns = Vec::new();
        if read.damaged + read.later > 0 {
            let what = history.path().display().to_string();
            let why = format!("{} of its records", read.damaged + read.later);
            unknowns.push(Unknown::new(what, format!("cannot be read: {why}")));
        }
        unknowns.extend(decisions(&Decisions::below(&directory), put));
        let lapse = seconds(shifted(self.lapse)?);
        let lapse = lapse.get(..10).unwrap_or_default().to_owned();
        let kinds = Runs::of(records, end);
        let mut result = nightly(&Asked { kinds, lapse });
        told(&mut result);
        let exit = exit(&result);
        let report = emit::envelope("nightly", begun, result, unknowns);
        emit::write(&Report::Nightly(&report), &outputs, ui)?;
        Ok(exit)
    }
}

/// The exit status of a report.
pub fn exit(report: &Changes) -> Exit {
    match report.verdict {
        Verdict::Worse => Exit::Findings,
        Verdict::Nothing => Exit::Inconclusive,
        Verdict::Changed | Verdict::Unchanged | Verdict::First => Exit::Clean,
    }
}

/// Puts in what the manual of a check says is to be done, where the report itself did not.
pub fn told(report: &mut Changes) {
    let lists = [&mut report.new, &mut report.flapping, &mut report.still];
    for item in lists.into_iter().flatten() {
        if item.fix.is_none() && item.follows.is_none() {
            item.fix = hpcctl_node::advice_of(&item.id);
        }
    }
}

/// Hands over the decisions of gate, by their own log; answers what could not be read of it.
fn decisions(log: &Decisions, mut put: impl FnMut(Record)) -> Option<Unknown> {
    if !log.is_begun() {
        return None;
    }
    let end = log.verified(|record| {
        let made = decided(&record.decision);
        made.into_iter().for_each(&mut put);
    });
    let error = end.err()?;
    Some(Unknown::new(
        log.path().display().to_string(),
        chain(&error),
    ))
}

/// What the history would keep of a decision.
fn decided(decision: &serde_json::Value) -> Option<Record> {
    let at: Timestamp = decision["at"].as_str()?.parse().ok()?;
    let image = decision["subject"]["reference"].as_str()?;
    let rules = decision["rules"].as_array()?.iter();
    let found = rules.filter_map(|rule| {
        let status = match rule["outcome"].as_str()? {
            "deny" => Status::Fail,
            "review" => Status::Warn,
            "incomplete" => Status::Unknown,
            _ => return None,
        };
        let findings = rule["findings"].as_u64().unwrap_or_default();
        Some(Found {
            id: rule["id"].as_str()?.into(),
            status,
            text: format!("{findings} findings"),
            fix: None,
            because: Vec::new(),
        })
    });
    let said = Said {
        on: image.into(),
        image: true,
        found: found.collect(),
        whole: true,
        ..Said::default()
    };
    Some(Record {
        at: seconds(at),
        kind: "gate".into(),
        source: String::new(),
        said: vec![said],
        silent: Vec::new(),
        not_checked: Vec::new(),
        waivers: Vec::new(),
        figures: Vec::new(),
    })
}
