//! How things went, a line each: what every format for readers tells of a trend.

use std::collections::BTreeSet;

use hpcctl_model::nightly::{Nightly, Trend, Verdict};

use crate::writer::bench_table::number;

/// The most lines where not every detail is wanted.
const LINES: usize = 8;

/// From the least to the most; what stays has the first.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A trend in a line.
pub struct Line {
    /// A character a night.
    pub drawn: String,
    /// The same in words.
    pub words: String,
}

/// The lines of a night: where not every detail is wanted those in which something changed, as far as
/// something did this night; it is told how the rest is had.
pub fn lines(nightly: &Nightly, all: bool, rest: &str) -> Vec<Line> {
    let told = [&nightly.regressions, &nightly.recovered].into_iter();
    let told: BTreeSet<&str> = told.flatten().map(|one| one.series.as_str()).collect();
    let is_changed = [Verdict::Worse, Verdict::Changed].contains(&nightly.verdict);
    let moves = |trend: &Trend| match trend.unit.is_empty() {
        true => bounds(trend).is_some_and(|(least, most)| least < most),
        false => told.contains(trend.what.as_str()),
    };
    let wanted = |trend: &&Trend| all || is_changed && moves(trend);
    let trends = nightly.trends.iter().filter(wanted);
    let mut lines: Vec<Line> = trends.filter_map(line).collect();
    let most = if all { lines.len() } else { LINES };
    let more = lines.len().saturating_sub(most);
    if more > 0 {
        lines.truncate(most);
        lines.push(Line {
            drawn: String::new(),
            words: format!("{more} more{rest}"),
        });
    }
    lines
}

/// A trend in words; none where there is only one night.
pub fn words(trend: &Trend) -> Option<String> {
    let [first, .., last] = trend.points.as_slice() else {
        return None;
    };
    let (least, most) = bounds(trend)?;
    // Of things there is a whole number.
    let (figure, unit): (fn(f64) -> String, _) = match trend.unit.as_str() {
        "" => (|value| value.to_string(), String::new()),
        unit => (number, format!(" {unit}")),
    };
    Some(format!(
        "{}: {} to {}{unit} over {} nights, from {} to {}",
        trend.what,
        figure(first.value),
        figure(last.value),
        trend.points.len(),
        figure(least),
        figure(most)
    ))
}

/// The least and the most; none where there are no nights.
pub fn bounds(trend: &Trend) -> Option<(f64, f64)> {
    let values = trend.points.iter().map(|point| point.value);
    let least = values.clone().reduce(f64::min)?;
    Some((least, values.reduce(f64::max)?))
}

fn line(trend: &Trend) -> Option<Line> {
    let (words, (least, most)) = (words(trend)?, bounds(trend)?);
    let level = |value: f64| match most > least {
        true => (7.0 * (value - least) / (most - least)).round() as usize,
        false => 0,
    };
    let values = trend.points.iter().map(|point| point.value);
    let drawn = values.map(|value| LEVELS[level(value).min(7)]).collect();
    Some(Line { drawn, words })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trend::planted::{asked, nights};
    use crate::writer::nightly_table::tests::{report, written};
    use crate::writer::{Writer, nightly_mail, nightly_markdown, nightly_table};

    #[test]
    fn a_trend_is_drawn_and_told() {
        let nightly = asked(nights());
        let lines = lines(&nightly, false, "");
        let told: Vec<String> = lines
            .iter()
            .map(|line| format!("{} {}", line.drawn, line.words))
            .collect();
        let series = "▁▁▁▁▁▁▁▁▁▁▁▁██ s1: 10 to 13 us over 14 nights, from 10 to 13";
        assert!(told.iter().any(|line| line == series), "{told:#?}");
        // Of what is as usual only where all is wanted.
        assert!(!told.iter().any(|line| line.contains("s3:")), "{told:#?}");
        let all = super::lines(&nightly, true, "");
        assert!(all.iter().any(|line| line.words.starts_with("s3: ")));
    }

    #[test]
    fn trends_are_told_before_what_was_not_checked_where_something_changed() {
        let last = |text: &str| text.to_lowercase().rfind("not checked: ");
        let formats: [&Writer; 3] = [
            &nightly_table::WRITER,
            &nightly_mail::WRITER,
            &nightly_markdown::WRITER,
        ];
        for writer in formats {
            let text = written(writer, true);
            let trend = text.find("▁█").unwrap_or_else(|| panic!("{text}"));
            let words = "nodes: 127 to 128 over 2 nights, from 127 to 128";
            assert!(
                text[trend..]
                    .replace("\n                 ", " ")
                    .contains(words),
                "{text}"
            );
            assert!(text.find("Trends").unwrap() < trend, "{text}");
            assert!(
                text.find("ns.user").unwrap() < trend && Some(trend) < last(&text),
                "{text}"
            );
            let quiet = written(writer, false);
            assert!(!quiet.contains("Trends"), "{quiet}");
        }
    }

    #[test]
    fn many_trends_are_counted() {
        let mut nightly = report(true).result;
        let one = nightly.trends[0].clone();
        nightly.trends = vec![one; LINES + 5];
        let told = |all, rest| {
            let lines = lines(&nightly, all, rest);
            (lines.len(), lines[lines.len() - 1].words.clone())
        };
        assert_eq!(told(false, " (-v)"), (LINES + 1, "5 more (-v)".into()));
        assert_eq!(told(true, "").0, LINES + 5);
    }
}
