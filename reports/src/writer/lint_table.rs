//! `table` of `doctor lint`: each directive, what becomes of it, why, and what to write instead.

use std::io::Write;

use hpcctl_model::lint::Outcome;

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, counted, filled, styled, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Lint],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = &report.lint()?.result;
    let shown = report
        .findings
        .iter()
        .filter(|row| options.verbose || row.outcome != Outcome::Works);
    for row in shown {
        let style = match row.outcome {
            Outcome::Works => Style::Good,
            Outcome::Unknown => Style::Doubtful,
            _ => Style::Bad,
        };
        let word = styled(row.outcome.as_str(), style, options.color);
        let place = format!("{}:{}", visible(&report.path), row.line);
        writeln!(out, "{place}: {word}: {}", visible(&row.directive))?;
        write!(
            out,
            "{}",
            filled("  because  ", &visible(&row.why), options.width)
        )?;
        if let Some(instead) = &row.instead {
            write!(
                out,
                "{}",
                filled("  instead  ", &visible(instead), options.width)
            )?;
        }
    }
    let bad = report
        .findings
        .iter()
        .filter(|row| row.outcome.is_finding())
        .count();
    let unknown = report
        .findings
        .iter()
        .filter(|row| row.outcome == Outcome::Unknown)
        .count();
    let looked = counted(report.findings.len(), "container directive");
    let text = format!("{looked}: {bad} not as written, {unknown} not known");
    Ok(writeln!(
        out,
        "{}",
        styled(&text, Style::Bold, options.color)
    )?)
}
