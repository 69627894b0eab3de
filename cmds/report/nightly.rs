//! `hpcctl report nightly`: what changed since last night.

use std::path::PathBuf;

use clap::Args;
use hpcctl_model::Unknown;
use hpcctl_model::history::Record;
use hpcctl_model::nightly::{Broken, Nightly as Changes, NotChecked, Verdict};
use hpcctl_reports::fleet::NodeSet;
use hpcctl_reports::trend::{Asked, Figures, Past, Runs, nightly};
use hpcctl_reports::{Kind, Report, counted};
use jiff::{SignedDuration, Timestamp};

use super::{accepted, decided, duration, history, seconds, warn};
use crate::decisions::Decisions;
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::state::{self, Kept};
use crate::ui::Ui;

/// How far back results are looked for to compare with, and for what flaps.
const BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far ahead of this one the clock may be by which results are dated.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// Tell what changed since last night.
///
/// What was found in the last 24 hours is held against the run before, node by node, whatever the hour;
/// against results that are older than 7 days with a word that they are, and older than 30 days against
/// none. Since when something is so, which nodes no longer report and what was usual for a figure is told
/// from the whole history. On which nodes containers no longer run comes first, then what is new, lost,
/// slower, fixed or flapping, nodes that have the same findings folded to one with all of them; then
/// waivers that lapse, what is as bad as it was, how that went over the last nights, and what was not
/// checked, this night or ever: -v lists it. A night without change is three lines. Only reports of the
/// same kind are compared, doctor's with those of many nodes, and fixed is only what was looked at and
/// passes. What changed three times or more in the last 14 runs is flapping, a runtime where each time the
/// cause was the same; a night in which it fails again is worse, and where it stays for longer than it
/// used to, it is new. What one user asked is not held against what another did: root's answer is not that
/// of users. Where there is nothing to compare with, what is found is what later nights are held against;
/// so is what was looked at for the first time, unless it fails and half of the other nodes did not
/// before. What is added to a night within 16 hours belongs to it.
///
/// Which waivers there are the latest decision on each image says, however old it is; one that has lapsed is
/// told for 30 days, and longer where images are still decided of by it. In an image that was bad already each
/// finding of a rule, and each reason of a verdict, that is new or gone is a change: of those a rule has the
/// worst 32 by name, the others by number.
///
/// A figure of bench has become slower when it was worse in two nights in a row than in the nights
/// before, of which there must be 6 at least and the last 12 count: by 5 % of their median, and by
/// four standard deviations of their noise. Of what was measured more than once in a night the last
/// counts. It stays slower until two nights in a row are as usual: nights in which it is slower never
/// become what is usual, unless that is accepted. One bad night, or too few nights, are told under
/// what was not checked.
#[derive(Debug, Args)]
#[command(after_long_help = after_help())]
pub struct Nightly {
    /// The end of this night: a day, or a time (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = end)]
    at: Option<Timestamp>,
    /// Tell of waivers that lapse within this time
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = duration)]
    lapse: SignedDuration,
    /// Nodes that are no longer, such as n[5-7]: that nothing comes from them is not told
    #[arg(long, value_name = "SET", value_parser = crate::fleet::node_set)]
    retired: Option<NodeSet>,
    /// Slow-downs that are accepted [default: /etc/hpcctl/accepted.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    accepted: Option<PathBuf>,
    #[command(flatten)]
    kept: Kept,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Nightly))]
    output: Vec<String>,
}

fn after_help() -> String {
    format!(
        "EXAMPLES
  hpcctl report nightly
  hpcctl report nightly -o mail | sendmail admins@example.org
  hpcctl report nightly -o html=report.html -o openmetrics=hpcctl.prom -o json=report.json

{}

EXIT STATUS
  0 nothing is worse, as in a first night, 1 something is new, fails again, does not report or is
  slower, 3 there are no results of this night, 4 what is accepted is not valid, 5 the
  history cannot be read.",
        accepted::HELP
    )
}

impl Nightly {
    /// Carries out the command; where no format is asked for, it writes this one.
    pub fn run(&self, format: &str, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs_or(&self.output, format, Kind::Nightly)?;
        let begun = Timestamp::now();
        let end = self.at.unwrap_or(begun);
        let shifted = |by: SignedDuration| {
            end.checked_add(by)
                .map_err(|error| Failure::usage(format!("no night ends then: {error}")))
        };
        let oldest = seconds(shifted(-BACK)?);
        // Now: what a clock that is a little ahead dates later is of this night.
        let last = match self.at {
            Some(end) => seconds(end),
            None => seconds(shifted(AHEAD)?),
        };
        let mut figures = Figures::until(end, accepted::read(self.accepted.as_deref())?);
        let (mut records, mut past) = (Vec::new(), Past::default());
        let mut later = 0;
        let put = |mut record: Record| {
            if record.at > last {
                later += 1;
                return;
            }
            figures.add(&mut record);
            match record.at >= oldest {
                true => records.push(record),
                false => past.add(&record),
            }
        };
        let log = Decisions::below(&self.kept.directory()?);
        let (damaged, undecided) = decided::among(&log, |each| self.results(&log, each, ui), put);
        let damaged = damaged?;
        let lapse = day(shifted(self.lapse)?);
        let kinds = Runs::of(records, end, &mut past);
        let unread = damaged.iter().map(not_checked).collect();
        let mut result = nightly(&Asked {
            kinds,
            past,
            figures,
            today: day(end),
            lapse,
            unread,
            retired: self.retired.clone().unwrap_or_default(),
        });
        result.not_checked.extend(undecided.iter().map(not_checked));
        if later > 0 && self.at.is_none() {
            result.not_checked.push(NotChecked::of(
                counted(later, "result"),
                format!("dated after {last}, by a clock that is ahead"),
            ));
        }
        let unknowns = damaged.into_iter().chain(undecided).collect();
        told(&mut result);
        let exit = exit(&result);
        let report = emit::envelope("nightly", begun, result, unknowns);
        emit::write(&Report::Nightly(&report), &outputs, ui)?;
        Ok(exit)
    }
}

impl Nightly {
    /// Hands over all results; answers what of the history cannot be read.
    fn results(
        &self,
        log: &Decisions,
        put: &mut dyn FnMut(Record),
        ui: &Ui,
    ) -> Result<Option<Unknown>, Failure> {
        let directory = self.kept.directory()?;
        let history = history(&self.kept)?;
        if state::is_absent(&directory) {
            let message = format!("there is no state directory {}", directory.display());
            return Err(Failure::unreachable(message)
                .hint("report add makes one; --state DIR names another"));
        }
        // Decisions of gate are results as well.
        if !history.is_begun() && !log.is_begun() {
            ui.warn(&format!(
                "there is no history {} yet",
                history.path().display()
            ));
        }
        let read = history.read("", put)?;
        warn(&read, history.path(), ui);
        let damaged = read.damaged + read.later;
        Ok((damaged > 0).then(|| {
            let why = format!("{} of it cannot be read", counted(damaged, "record"));
            Unknown::new(history.path().display().to_string(), why)
        }))
    }
}

/// Reads the end of a night: that of a day, or a time.
fn end(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let day = text.parse::<jiff::civil::Date>().ok();
    let day = day.filter(|_| text.len() == 10);
    let end = day.and_then(|day| format!("{day}T23:59:59Z").parse().ok());
    end.ok_or_else(|| "give a day or a time, such as 2026-11-01 or 2026-11-01T06:00:00Z".into())
}

/// The day of a time (RFC 3339, UTC).
fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// What is unknown, as a report tells what was not checked.
fn not_checked(unknown: &Unknown) -> NotChecked {
    NotChecked::of(&unknown.what, &unknown.why)
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
    for broken in report.broken.iter_mut().filter(|one| one.fix.is_none()) {
        let mut because = broken.because.iter();
        broken.fix = because.find_map(|id| hpcctl_node::advice_of(id));
    }
    let gone: Vec<&Broken> = report
        .broken
        .iter()
        .filter(|one| one.gone.is_some())
        .collect();
    let of_gone = |id: &str| {
        let runtime = id.strip_prefix("run.")?;
        let mut gone = gone.iter();
        let gone = gone.find(|one| one.runtimes.iter().any(|name| name == runtime))?;
        gone.fix.clone()
    };
    let lists = [
        &mut report.new,
        &mut report.flapping,
        &mut report.eased,
        &mut report.still,
    ];
    for item in lists.into_iter().flatten() {
        if item.fix.is_none() && item.follows.is_none() {
            item.fix = hpcctl_node::advice_of(&item.id).or_else(|| of_gone(&item.id));
        }
    }
}
