//! A report as questions and answers, which is how formats have it that know nothing of its kind: pages,
//! tickets, CI systems, review tools and metrics. One file a kind says which questions it answers.

use hpcctl_model::Envelope;

use crate::report::{Error, Kind, Report};
use crate::terminal::some;

mod abi;
mod bench;
mod doctor;
mod fleet;
mod gate;
mod lint;
mod matched;
mod scan;
mod verify;

/// The kinds that CI systems and review tools have as answers: those of the others are written apart.
pub(crate) const KINDS: &[Kind] = &[
    Kind::Doctor,
    Kind::Lint,
    Kind::Scan,
    Kind::Abi,
    Kind::Bench,
    Kind::Verify,
    Kind::Fleet,
    Kind::Match,
];

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
    /// Whether that is the path of a file.
    pub is_file: bool,
    /// The line of that file, from 1.
    pub line: Option<usize>,
    /// The figure, where the answer is one.
    pub value: Option<f64>,
}

/// How many names of a list are told; the JSON has all.
const NAMES: usize = 8;

/// Names in a line, as what an answer is true of.
fn names(all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| some(all.iter().map(String::as_str), NAMES))
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
        let mut answers = Self::all(report)?;
        // What is an answer is not told again.
        let Self { rows, report, .. } = &mut answers;
        let is_told = |what: &str| {
            let mut rows = rows.iter();
            rows.any(|row| row.level == Level::Unknown && row.id == what)
        };
        report.unknowns.retain(|unknown| !is_told(&unknown.what));
        Ok(answers)
    }

    fn all(report: &Report<'_>) -> Result<Self, Error> {
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

#[cfg(test)]
mod tests {
    use hpcctl_model::gate::{Level as Severity, Outcome};
    use hpcctl_model::scan::{Obligation, Outcome as Published, Reason};
    use hpcctl_model::{Unknown, scan::Scan};

    use super::*;
    use crate::page::tests::is_sound;
    use crate::report::Options;
    use crate::writer::{self, bench_html, doctor_table, fleet_table, gate_table, match_table};

    const HOSTILE: &str = "/x|<b>\u{1b}[2J\"`\n&";

    /// More than any format shows, of names that no format may take for its own.
    fn scan() -> Envelope<Scan> {
        let mut scan = crate::sbom::tests::report(Vec::new());
        let reason = |n: usize| Reason {
            outcome: Published::Refused,
            subject: format!("{HOSTILE}{n}"),
            license: None,
            text: HOSTILE.into(),
        };
        scan.result.verdict.reasons = (0..1500).map(reason).collect();
        scan.result.verdict.obligations = vec![Obligation {
            id: "source-offer".into(),
            text: "Offer the source.".into(),
            subjects: (0..3000).map(|n| format!("{HOSTILE}{n}")).collect(),
        }];
        let unknowns = (0..1500).map(|n| Unknown::new(format!("{HOSTILE}{n}"), HOSTILE));
        scan.unknowns = unknowns.collect();
        scan
    }

    /// What each format makes of a report, by its name.
    fn written(report: &Report<'_>) -> Vec<(&'static str, String)> {
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        let formats = ["markdown", "html", "openmetrics", "junit", "sarif"];
        let all = writer::of_kind(report.kind()).filter(|row| formats.contains(&row.name));
        let all = all.map(|row| {
            let mut text = Vec::new();
            (row.write)(report, None, &options, &mut text).unwrap();
            (row.name, String::from_utf8(text).unwrap())
        });
        all.collect()
    }

    #[test]
    fn every_kind_is_in_every_format_and_nothing_breaks_it() {
        let (node, fleet) = (doctor_table::tests::report(), fleet_table::tests::report());
        let finding = gate_table::tests::finding(Severity::Deny, None);
        let gate = gate_table::tests::report(Outcome::Deny, vec![finding]);
        let (bench, matched) = (bench_html::tests::report(), match_table::tests::report());
        let scan = scan();
        for report in [
            Report::Doctor(&node),
            Report::Scan(&scan),
            Report::Bench(&bench),
            Report::Gate(&gate),
            Report::Fleet(&fleet),
            Report::Match(&matched),
        ] {
            let all = written(&report);
            assert_eq!(all.len(), 5, "{:?}", report.kind());
            for (format, text) in all {
                let place = format!("{:?} as {format}", report.kind());
                assert!(!text.contains('\u{1b}'), "{place}");
                match format {
                    "html" => is_sound(&text),
                    "openmetrics" => {
                        assert!(text.ends_with("# EOF\n"), "{place}");
                        assert!(text.lines().count() < 600, "{place}");
                        assert!(!text.contains("<b>"), "{place}");
                    }
                    "markdown" => assert!(text.len() < 64 << 10, "{place}: hosts cut it"),
                    "sarif" => {
                        let log: serde_json::Value = serde_json::from_str(&text).unwrap();
                        let results = log["runs"][0]["results"].as_array().unwrap();
                        let long = results.iter().find(|it| it.to_string().len() > 4096);
                        assert_eq!(long, None, "{place}");
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn what_is_cut_is_said_and_all_is_counted() {
        let scan = scan();
        let all = written(&Report::Scan(&scan));
        let of = |name: &str| &all.iter().find(|(format, _)| *format == name).unwrap().1;
        assert_eq!(of("markdown").matches("more.\n").count(), 2);
        let said = of("html").matches("more are in the JSON").count();
        assert_eq!(said, 2, "findings and what is not known");
        assert!(
            of("junit").contains("failures=\"3000\""),
            "{}",
            &of("junit")[..300]
        );
    }

    #[test]
    fn lines_that_name_no_node_and_nodes_that_are_none_are_no_pass() {
        let mut fleet = fleet_table::tests::report();
        fleet.result.lines.damaged = 500;
        let lines = Answers::of(&Report::Fleet(&fleet)).unwrap();
        let lines = lines.rows.iter().find(|row| row.id == "lines").unwrap();
        assert_eq!((lines.level, lines.state), (Level::Unknown, "some"));
        let mut matched = match_table::tests::report();
        matched.result.groups.clear();
        let answers = Answers::of(&Report::Match(&matched)).unwrap();
        assert_eq!(answers.count(Level::Unknown), 1);
    }
}
