//! `markdown` of `report`: the same in tables, for a ticket or a wiki.

use std::fmt::Write as _;
use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::markdown::{cell, code};
use crate::writer::nightly_table::alike::{Alike, alike};
use crate::writer::nightly_table::summary::summary;
use crate::writer::nightly_table::told::{Row, sections};
use crate::writer::nightly_table::trends;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "markdown",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let nightly = &report.nightly()?.result;
    let [head, still, unchecked] = summary(nightly).whole();
    // Writing to a string does not fail.
    let mut text = format!("## hpcctl: {}\n", cell(&head));
    for section in sections(nightly, false) {
        let _ = writeln!(text, "\n### {}\n", section.title);
        text += "| | what | on | | fix |\n|---|---|---|---|---|\n";
        for one in alike(section.rows) {
            text += &line(&one);
        }
    }
    let _ = writeln!(text, "\nStill: {}\n", cell(&still));
    let trends = trends::lines(nightly, options.verbose, "");
    if !trends.is_empty() {
        text += "### Trends\n\n";
        for line in trends {
            let _ = writeln!(
                text,
                "- {}",
                cell(format!("{} {}", line.drawn, line.words).trim())
            );
        }
        text.push('\n');
    }
    let _ = writeln!(text, "Not checked: {}", cell(&unchecked));
    Ok(out.write_all(text.as_bytes())?)
}

/// Findings on the same nodes in a row of the table: all of them in a cell.
fn line(one: &Alike) -> String {
    let on = match one.on(usize::MAX) {
        on if on.is_empty() => on,
        on => code(&on),
    };
    let fix = |row: &Row| row.fix.as_deref().map(cell);
    let (what, told, fixes) = match one.only() {
        Some(row) => (
            code(&row.what),
            cell(&row.text),
            fix(row).unwrap_or_default(),
        ),
        None => {
            let told =
                |row: &Row| format!("{} {}: {}", row.state, code(&row.what), cell(&row.text));
            let told: Vec<String> = one.rows.iter().map(told).collect();
            let fixes = one.rows.iter();
            let fixes = fixes.filter_map(|row| Some(format!("{}: {}", code(&row.what), fix(row)?)));
            let fixes: Vec<String> = fixes.collect();
            (one.what(), told.join("<br>"), fixes.join("<br>"))
        }
    };
    format!("| {} | {what} | {on} | {told} | {fixes} |\n", one.state())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::nightly_table::tests::written;

    #[test]
    fn parts_are_tables() {
        let text = written(&WRITER, true);
        assert!(text.starts_with("## hpcctl: worse"), "{text}");
        assert!(
            text.contains("| fail | `ns.user` | `n[001-002,007] (3)` |"),
            "{text}"
        );
        assert!(!text.contains("<b>"), "{text}");
        assert!(!written(&WRITER, false).contains('|'));
    }
}
