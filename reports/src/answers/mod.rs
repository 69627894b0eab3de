//! A report as questions and answers, which is how formats have it that know nothing of its kind: pages,
//! tickets, CI systems, review tools and metrics. One file a kind says which questions it answers.

use hpcctl_model::Envelope;

use crate::report::{Error, Report};

mod abi;
mod bench;
mod doctor;
mod fleet;
mod gate;
mod lint;
mod matched;
mod scan;
mod verify;

/// A report as answers.
pub(crate) struct Answers {
    /// The command, as one types it behind `hpcctl`.
    pub of: &'static str,
    /// What it is about: a node, an image.
    pub subject: String,
    /// What it comes to, in a line.
    pub head: String,
    pub rows: Vec<Answer>,
    /// Whether the ids are of a list that hpcctl itself has, so that they are few and stay the same.
    pub is_closed: bool,
    /// Who made the report and when, and what could not be found out.
    pub report: Envelope<()>,
}

/// The answer to one question.
#[derive(Default)]
pub(crate) struct Answer {
    /// The question: the id of a check, an operation, a rule, a metric.
    pub id: String,
    /// The answer in the word of the report.
    pub state: &'static str,
    pub level: Level,
    /// What was found, in a sentence.
    pub text: String,
    /// What to do.
    pub fix: Option<String>,
    /// What it is true of, where that is not the subject: nodes, a file, a package.
    pub on: Option<String>,
    /// The line of that file, from 1.
    pub line: Option<usize>,
    /// The figure, where the answer is one.
    pub value: Option<f64>,
}

/// How good an answer is, the best first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// As one wants it.
    #[default]
    Good,
    /// It does not apply, or was not looked at.
    Skipped,
    /// It costs or loses something.
    Doubtful,
    /// It could not be found out.
    Unknown,
    /// Not as one wants it.
    Bad,
}

impl Level {
    /// Every level, the best first.
    pub const ALL: [Self; 5] = [
        Self::Good,
        Self::Skipped,
        Self::Doubtful,
        Self::Unknown,
        Self::Bad,
    ];

    /// The word that formats have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Skipped => "skipped",
            Self::Doubtful => "doubtful",
            Self::Unknown => "unknown",
            Self::Bad => "bad",
        }
    }

    /// Whether there is something to be told.
    pub fn is_finding(self) -> bool {
        self > Self::Skipped
    }
}

impl Answers {
    /// The answers of a report; an error where its kind has none.
    pub fn of(report: &Report<'_>) -> Result<Self, Error> {
        match *report {
            Report::Doctor(report) => Ok(doctor::answers(report)),
            Report::Lint(report) => Ok(lint::answers(report)),
            Report::Scan(report) => Ok(scan::answers(report)),
            Report::Abi(report) => Ok(abi::answers(report)),
            Report::Bench(report) => Ok(bench::answers(report)),
            Report::Gate(report) => Ok(gate::answers(report)),
            Report::Verify(report) => Ok(verify::answers(report)),
            Report::Fleet(report) => Ok(fleet::answers(report)),
            Report::Match(report) => Ok(matched::answers(report)),
            _ => Err(Error::Kind(report.kind())),
        }
    }

    /// Without answers yet, about the node that it was made on.
    fn about<R>(of: &'static str, report: &Envelope<R>) -> Self {
        Self {
            of,
            subject: report.host.name.clone(),
            head: String::new(),
            rows: Vec::new(),
            is_closed: false,
            report: report.around(()),
        }
    }

    /// What is to be told, the worst first.
    pub fn findings(&self) -> Vec<&Answer> {
        let mut findings: Vec<&Answer> = self
            .rows
            .iter()
            .filter(|row| row.level.is_finding())
            .collect();
        findings.sort_by_key(|row| std::cmp::Reverse(row.level));
        findings
    }

    /// How many answers have a level.
    pub fn count(&self, level: Level) -> usize {
        self.rows.iter().filter(|row| row.level == level).count()
    }

    /// How many answers are how good: `12 good, 1 bad`.
    pub fn counts(&self) -> String {
        let counts = Level::ALL
            .into_iter()
            .map(|level| (level, self.count(level)));
        let counts = counts.filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(level, count)| format!("{count} {}", level.as_str()))
            .collect();
        match counts.is_empty() {
            true => "none".into(),
            false => counts.join(", "),
        }
    }
}

impl Answer {
    /// What it is true of, with the line.
    pub fn place(&self) -> Option<String> {
        let on = self.on.as_ref().filter(|on| !on.is_empty())?;
        Some(match self.line {
            Some(line) => format!("{on}:{line}"),
            None => on.clone(),
        })
    }

    /// What was found, with what to do.
    pub fn told(&self) -> String {
        let fix = self.fix.as_ref();
        let fix = fix.map_or_else(String::new, |fix| format!(" fix: {fix}"));
        format!("{}{fix}", self.text)
    }
}
