//! `markdown` of a report as answers: what is to be told in a table, for a ticket or a wiki.

use std::fmt::Write as _;
use std::io::Write;

use crate::answers::{Answer, Answers};
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::markdown::{cell, code};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "markdown",
    versions: &[],
    kinds: &[
        Kind::Doctor,
        Kind::Lint,
        Kind::Scan,
        Kind::Abi,
        Kind::Bench,
        Kind::Verify,
        Kind::Match,
    ],
    write,
};

/// How many rows are shown where not every detail is wanted: hosts cut comments.
const ROWS: usize = 50;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let answers = Answers::of(report)?;
    let mut text = format!("## hpcctl {}\n\n", answers.of);
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{}: **{}**\n",
        code(&answers.subject),
        cell(&answers.head)
    );
    let findings = match options.verbose {
        true => answers.rows.iter().collect(),
        false => answers.findings(),
    };
    let shown = if options.verbose { usize::MAX } else { ROWS };
    if !findings.is_empty() {
        text += "| | what | on | found | do |\n|---|---|---|---|---|\n";
    }
    for row in findings.iter().take(shown) {
        text += &line(row);
    }
    text += &left_out(findings.len(), shown);
    if !answers.report.unknowns.is_empty() {
        text += "\n### Not known\n\n";
    }
    for unknown in answers.report.unknowns.iter().take(shown) {
        let _ = writeln!(text, "- {}: {}", code(&unknown.what), cell(&unknown.why));
    }
    text += &left_out(answers.report.unknowns.len(), shown);
    let report = &answers.report;
    let _ = writeln!(
        text,
        "\n{} of {} answers. hpcctl {} on {}, {}.",
        cell(&answers.counts()),
        answers.rows.len(),
        cell(&report.tool.version),
        code(&report.host.name),
        cell(&report.finished_at)
    );
    Ok(out.write_all(text.as_bytes())?)
}

/// How many more there are than are shown.
fn left_out(count: usize, shown: usize) -> String {
    match count.saturating_sub(shown) {
        0 => String::new(),
        more => format!("\nand {more} more.\n"),
    }
}

fn line(row: &Answer) -> String {
    let on = row.place().map_or_else(String::new, |on| code(&on));
    let fix = row.fix.as_deref().map_or_else(String::new, cell);
    let (id, text) = (code(&row.id), cell(&row.text));
    format!("| {} | {id} | {on} | {text} | {fix} |\n", row.state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::doctor_table::tests::{report, written};

    #[test]
    fn what_is_to_be_told_comes_first_and_the_rest_is_counted() {
        let node = report();
        let text = written(&WRITER, &Report::Doctor(&node));
        assert!(text.starts_with("## hpcctl doctor\n\n`n1`: **run a container: podman no**"));
        let row = "| no | `podman run` |  | ns.user: refused \\[2J | (admin) set user.max\\_user\\_namespaces to 28633: sysctl -w user.max\\_user\\_namespaces=28633 |";
        assert!(text.contains(row), "{text}");
        assert!(!text.contains("cpu.arch"), "{text}");
        assert!(
            text.contains("2 good, 2 skipped, 3 bad of 7 answers."),
            "{text}"
        );
    }
}
