//! `html` of `report`: one file, without script and without anything from elsewhere. Light or dark
//! as the reader's system is; tables have headers, charts a text.

use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::nightly::Trend;

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{shortened, visible};
use crate::writer::Writer;
use crate::writer::nightly_table::{Row, row, sections, summary, verdict};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "html",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

/// The most rows of a part, so that the file stays small.
const ROWS: usize = 500;

/// The longest text of a cell.
const LONG: usize = 1000;

/// Colours that have a contrast of 7 to 1 at least on their ground (WCAG 2.2, 1.4.6).
const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fff;--text:#1a1a1a;--soft:#4a4a4a;--line:#bbb;--bad:#8b0000;--mark:#00468b}
@media(prefers-color-scheme:dark){:root{--ground:#141414;--text:#eee;--soft:#bbb;--line:#555;--bad:#ffb0a8;--mark:#9cc8ff}}
body{background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}p{overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--soft)}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th,td:first-child{overflow-wrap:normal}td:nth-child(n+4){min-width:12rem}
.fail{color:var(--bad);font-weight:bold}svg{width:100%;max-width:30rem;height:4rem}polyline{fill:none;stroke:var(--mark);stroke-width:2}
@media(max-width:40rem){thead{position:absolute;left:-9999px}tr,td,tbody th{display:block;border:0;padding:.1rem 0;min-width:0;overflow-wrap:anywhere}tr{border-bottom:1px solid var(--line);padding:.5rem 0}}
";

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.nightly()?;
    let nightly = &report.result;
    let [head, still, unchecked] = summary(nightly).map(|line| escaped(&line));
    let title = escaped(&verdict(nightly));
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>hpcctl: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{head}</h1>\n"
    );
    for section in sections(nightly) {
        table(&mut text, &section.title, &section.rows);
    }
    // Writing to a string does not fail.
    let _ = writeln!(text, "<h2>Still</h2>\n<p>{still}</p>");
    if !nightly.still.is_empty() {
        let rows: Vec<Row> = nightly.still.iter().map(row).collect();
        table(&mut text, "What is as bad as it was", &rows);
    }
    if nightly.trends.iter().any(|trend| trend.points.len() > 1) {
        text += "<h2>Trends</h2>\n";
    }
    for (place, trend) in nightly.trends.iter().enumerate() {
        text += &chart(trend, place);
    }
    let _ = writeln!(text, "<h2>Not checked</h2>\n<p>{unchecked}</p>");
    let _ = writeln!(
        text,
        "</main>\n<footer><p>hpcctl {} on {}, {}</p></footer>\n</body>\n</html>",
        escaped(&report.tool.version),
        escaped(&report.host.name),
        escaped(&report.finished_at)
    );
    Ok(out.write_all(text.as_bytes())?)
}

fn table(text: &mut String, title: &str, rows: &[Row]) {
    let title = escaped(title);
    // Writing to a string does not fail.
    let _ = writeln!(text, "<h2>{title}</h2>\n<div class=\"wide\"><table>");
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
            nodes(&row.on),
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
        format!("{x:.1},{y:.1}")
    });
    let points: Vec<String> = points.collect();
    let what = escaped(&format!(
        "{}: {first} to {last} {} over {} nights, from {least} to {most}",
        trend.what,
        trend.unit,
        values.len()
    ));
    format!(
        "<figure><figcaption id=\"trend{place}\">{what}</figcaption>\
         <svg viewBox=\"0 0 300 50\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-labelledby=\"trend{place}\"><polyline points=\"{}\"/></svg></figure>\n",
        points.join(" ")
    )
}

/// A set of nodes that may be broken behind its commas, shortened before how many they are.
fn nodes(on: &str) -> String {
    let cut = match on.rsplit_once(" (") {
        Some((set, count)) => format!("{} ({count}", shortened(set, LONG - 20)),
        None => on.to_owned(),
    };
    escaped(&cut).replace(',', ",<wbr>")
}

/// A text as HTML has it, shortened.
fn escaped(text: &str) -> String {
    let text = shortened(text, LONG);
    let text = visible(&text);
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::nightly_table::tests::written;

    #[test]
    fn it_stands_alone_and_is_accessible() {
        let html = written(&WRITER, true);
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
        for from_elsewhere in [
            "<script", "http:", "https:", "src=", "href=", "@import", "url(",
        ] {
            assert!(!html.contains(from_elsewhere), "{from_elsewhere}");
        }
        assert!(html.contains("prefers-color-scheme:dark"));
        assert_eq!(html.matches("<h1>").count(), 1);
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
        let long = format!("n[{}] (5000)", vec!["00001"; 5000].join(","));
        let text = nodes(&long);
        assert!(text.ends_with("… (5000)"), "{text}");
        assert!(text.starts_with("n[00001,<wbr>00001"), "{text}");
    }

    #[test]
    fn every_element_is_closed() {
        let html = written(&WRITER, true);
        let mut open: Vec<&str> = Vec::new();
        for tag in html.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap();
            let name = tag.split(' ').next().unwrap();
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "{html}");
            } else if !tag.ends_with('/') && !["meta", "wbr", "!DOCTYPE"].contains(&name) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    /// The relative luminance of a colour (WCAG 2.2).
    fn luminance(hex: &str) -> f64 {
        let wide: String = match hex.len() {
            3 => hex.chars().flat_map(|c| [c, c]).collect(),
            _ => hex.into(),
        };
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&wide[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    }

    #[test]
    fn text_stands_out_in_light_and_dark() {
        for line in STYLE.lines().filter(|line| line.contains("--ground:")) {
            let color = |name: &str| {
                let (_, rest) = line.split_once(&format!("--{name}:#")).unwrap();
                luminance(rest.split([';', '}']).next().unwrap())
            };
            for name in ["text", "soft", "bad", "mark"] {
                let (one, other) = (color(name), color("ground"));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 7.0, "{name}: {contrast} in {line}");
            }
        }
    }
}
