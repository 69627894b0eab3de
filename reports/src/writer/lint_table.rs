//! `table` of `doctor lint`: each directive, what becomes of it, why, and what to write instead.

use std::io::Write;

use hpcctl_model::lint::{FileKind, Lint, Outcome};

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
    let text = match (bad, unknown) {
        (0, 0) => nothing_wrong(report),
        _ => {
            let looked = counted(report.findings.len(), "container directive");
            format!("{looked}: {bad} not as written, {unknown} not known")
        }
    };
    Ok(writeln!(
        out,
        "{}",
        styled(&text, Style::Bold, options.color)
    )?)
}

/// The one line of a file with nothing to mend.
fn nothing_wrong(report: &Lint) -> String {
    let (noun, said) = match report.kind {
        FileKind::Containerfile => ("instruction", "nothing fails here"),
        FileKind::SlurmJob | FileKind::PbsJob => ("directive", "all as written"),
    };
    format!("{} read: {said}", counted(report.read, noun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_nothing_wrong_says_how_much_was_read() {
        let line = |kind, read| {
            nothing_wrong(&Lint {
                path: "f".into(),
                kind,
                read,
                findings: Vec::new(),
            })
        };
        assert_eq!(
            line(FileKind::Containerfile, 7),
            "7 instructions read: nothing fails here"
        );
        assert_eq!(
            line(FileKind::SlurmJob, 1),
            "1 directive read: all as written"
        );
    }
}
