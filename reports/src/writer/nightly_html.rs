//! `html` of `report`: what changed since last night, what is still so, and the trends, on a page.

use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::nightly::Trend;

use crate::page::{LONG, begun, ended, escaped, figure, line};
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::bench_table::number;
use crate::writer::nightly_table::summary::{summary, verdict};
use crate::writer::nightly_table::told::{self, Row, sections};

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
        table(&mut text, section.title, &section.rows);
    }
    // Writing to a string does not fail.
    let _ = writeln!(text, "<h2>Still</h2>\n<p>{still}</p>");
    let rows = told::still(nightly, false);
    if !rows.is_empty() {
        table(&mut text, "What is as bad as it was", &rows);
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

fn table(text: &mut String, title: &str, rows: &[Row]) {
    let title = escaped(title);
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "<h2>{title}</h2>\n<div class=\"wide\"><table class=\"found\">"
    );
    let more = rows.len().saturating_sub(ROWS);
    if more > 0 {
        let _ = writeln!(
            text,
            "<caption>The first {ROWS}; {more} more are in the JSON.</caption>"
        );
    }
    *text += "<thead><tr><th scope=\"col\">State</th><th scope=\"col\">What</th>\
              <th scope=\"col\">On</th><th scope=\"col\">Found</th>\
              <th scope=\"col\">To do</th></tr></thead>\n<tbody>\n";
    for row in rows.iter().take(ROWS) {
        let class = if row.state == "fail" {
            " class=\"fail\""
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "<tr><td{class}>{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&row.state),
            escaped(&row.what),
            nodes(row),
            escaped(&row.text),
            escaped(row.fix.as_deref().unwrap_or_default())
        );
    }
    *text += "</tbody></table></div>\n";
}

/// A line from the oldest night to this one.
fn chart(trend: &Trend, place: usize) -> String {
    let values: Vec<f64> = trend.points.iter().map(|point| point.value).collect();
    let [first, .., last] = values.as_slice() else {
        return String::new();
    };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = if most > least { most - least } else { 1.0 };
    let step = 300.0 / (values.len() - 1) as f64;
    let points = values.iter().enumerate().map(|(n, value)| {
        let (x, y) = (n as f64 * step, 45.0 - 40.0 * (value - least) / range);
        (x, y)
    });
    let what = escaped(&format!(
        "{}: {} to {} {} over {} nights, from {} to {}",
        trend.what,
        number(*first),
        number(*last),
        trend.unit,
        values.len(),
        number(least),
        number(most)
    ));
    figure(&format!("trend{place}"), &what, &line("", points))
}

/// A set of nodes that may be broken behind its commas, shortened before how many they are.
fn nodes(row: &Row) -> String {
    escaped(&row.on(LONG - 20)).replace(',', ",<wbr>")
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
        let text = nodes(&Row {
            set: format!("n[{}]", vec!["00001"; 5000].join(",")),
            count: 5000,
            ..Row::default()
        });
        assert!(text.ends_with("… (5000)"), "{text}");
        assert!(text.starts_with("n[00001,<wbr>00001"), "{text}");
    }
}
