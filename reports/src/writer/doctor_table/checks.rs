//! The checks in the table of `doctor`: what fails first, what is well in few words.

use hpcctl_model::doctor::{Check, NOT_ASKED, Status};

use crate::report::Options;
use crate::terminal::{Style, advised, counted, filled, styled};

/// The statuses in the order in which they matter, and how they are shown.
const STATUSES: [(Status, Style); 5] = [
    (Status::Fail, Style::Bad),
    (Status::Warn, Style::Doubtful),
    (Status::Unknown, Style::Doubtful),
    (Status::Skipped, Style::Bold),
    (Status::Pass, Style::Good),
];

/// How many checks that passed are shown whole, as after `--check`.
const PASSES: usize = 3;

/// How many checks that were skipped for one reason are named.
const SKIPPED: usize = 30;

/// The checks, those in trouble whole and the others folded.
pub fn checks(checks: &[Check], options: &Options) -> String {
    let made: Vec<&Check> = checks
        .iter()
        .filter(|check| check.summary != NOT_ASKED)
        .collect();
    let of = |status| {
        let found = made.iter().copied();
        found.filter(move |check| check.status == status)
    };
    let counts = STATUSES
        .map(|(status, _)| (of(status).count(), status))
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, status)| format!("{count} {}", status.as_str()));
    let title = format!(
        "{}: {}",
        counted(made.len(), "check"),
        counts.collect::<Vec<_>>().join(", ")
    );
    let mut text = format!("\n{}\n", styled(&title, Style::Bold, options.color));
    for (status, style) in STATUSES {
        let found: Vec<&Check> = of(status).collect();
        let folded = match status {
            Status::Pass => !options.verbose && found.len() > PASSES,
            Status::Skipped => !options.verbose,
            Status::Fail | Status::Warn | Status::Unknown => false,
        };
        let shown = if folded && !found.is_empty() {
            self::folded((status, style), &found, options)
        } else {
            found
                .iter()
                .map(|check| whole(check, style, options))
                .collect()
        };
        text += &shown;
    }
    text
}

/// Lines that begin with the word of a status; it gets its colour once they are filled.
fn led(word: &str, style: Style, text: &str, options: &Options) -> String {
    let lines = filled(&format!("{word:8} "), text, options.width);
    match lines.strip_prefix(word) {
        Some(rest) => styled(word, style, options.color) + rest,
        None => lines,
    }
}

/// Checks of one status in few lines: those that passed by name, those that were skipped by
/// why.
fn folded((status, style): (Status, Style), found: &[&Check], options: &Options) -> String {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in found {
        let why = if status == Status::Skipped {
            check.summary.as_str()
        } else {
            ""
        };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, ids)) => ids.push(&check.id),
            None => reasons.push((why, vec![&check.id])),
        }
    }
    reasons.iter().fold(String::new(), |text, (why, ids)| {
        let why = if why.is_empty() {
            String::new()
        } else {
            format!("{why}: ")
        };
        let ids = match (status, ids.len()) {
            (Status::Skipped, count) if count > SKIPPED => {
                format!("{} (-v lists them)", counted(count, "check"))
            }
            _ => ids.join(", "),
        };
        text + &led(status.as_str(), style, &format!("{why}{ids}"), options)
    })
}

/// One check with its cause and, where it is not well, what was seen and what to do.
fn whole(check: &Check, style: Style, options: &Options) -> String {
    let says = format!("{}: {}", check.id, check.summary);
    let mut text = led(check.status.as_str(), style, &says, options);
    let troubled = match check.status {
        Status::Fail | Status::Warn | Status::Unknown => true,
        Status::Pass | Status::Skipped => false,
    };
    if troubled || options.verbose {
        for evidence in &check.evidence {
            text += &filled("           seen   ", &evidence.to_string(), options.width);
        }
    }
    for (who, remedy) in [("user", &check.remedy.user), ("admin", &check.remedy.admin)] {
        if let Some(remedy) = remedy {
            text += &advised(&format!("           {who:5}  "), remedy, options.width);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Remedy;

    use super::*;

    #[test]
    fn what_is_well_is_folded_once_it_is_much() {
        let check = |status, number: usize| Check {
            id: format!("a.{number}"),
            status,
            summary: "why".into(),
            evidence: Vec::new(),
            remedy: Remedy::default(),
            refs: Vec::new(),
            took_us: 0,
        };
        let options = |verbose| Options {
            verbose,
            width: 80,
            color: false,
        };
        let few: Vec<Check> = (0..4).map(|n| check(Status::Pass, n)).collect();
        let text = checks(&few, &options(false));
        assert_eq!(text, "\n4 checks: 4 pass\npass     a.0, a.1, a.2, a.3\n");
        let many: Vec<Check> = (0..31).map(|n| check(Status::Skipped, n)).collect();
        let text = checks(&many, &options(false));
        let folded = "\n31 checks: 31 skipped\nskipped  why: 31 checks (-v lists them)\n";
        assert_eq!(text, folded);
        assert_eq!(checks(&many, &options(true)).lines().count(), 33);
    }
}
