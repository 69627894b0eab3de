//! `html` of `report`: what changed since last night, what is still so, and the trends, on a page.

use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::nightly::Trend;

use crate::page::{Found, LONG, begun, ended, escaped, figure, found, line};
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::nightly_table::alike::{Alike, alike};
use crate::writer::nightly_table::summary::{summary, verdict};
use crate::writer::nightly_table::told::{self, Row, sections};
use crate::writer::nightly_table::trends;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "html",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

/// The most rows of a part, so that the file stays small.
const ROWS: usize = 500;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.nightly()?;
    let nightly = &report.result;
    let [head, still, unchecked] = summary(nightly).whole().map(|line| escaped(&line));
    let title = escaped(&verdict(nightly));
    let mut text = begun(&title, &head);
    for section in sections(nightly, false) {
        table(&mut text, section.title, section.rows);
    }
    // Writing to a string does not fail.
    let _ = writeln!(text, "<h2>Still</h2>\n<p>{still}</p>");
    let rows = told::still(nightly, false);
    if !rows.is_empty() {
        table(&mut text, "What is as bad as it was", rows);
    }
    if nightly.trends.iter().any(|trend| trend.points.len() > 1) {
        text += "<h2>Trends</h2>\n";
    }
    for (place, trend) in nightly.trends.iter().enumerate() {
        text += &chart(trend, place);
    }
    let _ = writeln!(text, "<h2>Not checked</h2>\n<p>{unchecked}</p>");
    text += &ended(report);
    Ok(out.write_all(text.as_bytes())?)
}

fn table(text: &mut String, title: &str, rows: Vec<Row>) {
    let rows = alike(rows);
    let rows = rows.iter().map(|one| {
        let (told, fix) = told_of(one);
        Found {
            state: escaped(one.state()),
            is_bad: one.state() == "fail",
            what: escaped(&one.what()),
            on: nodes(one),
            told,
            fix,
        }
    });
    found(text, &escaped(title), "State", rows, ROWS);
}

/// What is said of findings, and what is to be done: lists, where they are more than one.
fn told_of(one: &Alike) -> (String, String) {
    let fix = |row: &Row| row.fix.as_deref().map(escaped);
    if let Some(row) = one.only() {
        return (escaped(&row.text), fix(row).unwrap_or_default());
    }
    let list = |items: Vec<String>| match items.as_slice() {
        [] => String::new(),
        some => format!("<ul><li>{}</li></ul>", some.join("</li><li>")),
    };
    let told = one.rows.iter().map(|row| {
        let (state, what, text) = (escaped(&row.state), escaped(&row.what), escaped(&row.text));
        format!("{state} <b>{what}</b>: {text}")
    });
    let fixes = one.rows.iter();
    let fixes =
        fixes.filter_map(|row| Some(format!("<b>{}</b>: {}", escaped(&row.what), fix(row)?)));
    (list(told.collect()), list(fixes.collect()))
}

/// A line from the oldest night to this one.
fn chart(trend: &Trend, place: usize) -> String {
    let (Some(words), Some((least, most))) = (trends::words(trend), trends::bounds(trend)) else {
        return String::new();
    };
    let values: Vec<f64> = trend.points.iter().map(|point| point.value).collect();
    let range = if most > least { most - least } else { 1.0 };
    let step = 300.0 / (values.len() - 1) as f64;
    let points = values.iter().enumerate().map(|(n, value)| {
        let (x, y) = (n as f64 * step, 45.0 - 40.0 * (value - least) / range);
        (x, y)
    });
    figure(
        &format!("trend{place}"),
        &escaped(&words),
        &line("", points),
    )
}

/// A set of nodes that may be broken behind its commas, shortened before how many they are.
fn nodes(one: &Alike) -> String {
    escaped(&one.on(LONG - 20)).replace(',', ",<wbr>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::tests::is_sound;
    use crate::writer::nightly_table::tests::written;

    #[test]
    fn it_stands_alone_and_is_accessible() {
        let html = written(&WRITER, true);
        is_sound(&html);
        assert!(html.contains("<th scope=\"col\">") && html.contains("<th scope=\"row\">ns.user"));
        assert!(
            html.contains("role=\"img\" aria-labelledby=\"trend0\""),
            "{html}"
        );
        assert!(
            html.contains("it is &lt;b&gt;0&lt;/b&gt; &amp; broken"),
            "{html}"
        );
    }

    #[test]
    fn long_sets_keep_their_count() {
        let row = Row {
            set: format!("n[{}]", vec!["00001"; 5000].join(",")),
            count: 5000,
            ..Row::default()
        };
        let text = nodes(&Alike { rows: vec![row] });
        assert!(text.ends_with("… (5000)"), "{text}");
        assert!(text.starts_with("n[00001,<wbr>00001"), "{text}");
    }
}
