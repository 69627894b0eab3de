//! `table` of `doctor lint`: each directive, what becomes of it, why, and what to write instead.

use std::io::Write;

use hpcctl_model::lint::{FileKind, Lint, Outcome};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, advised, counted, filled, styled, visible};
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
    for file in &report.lint()?.result.files {
        write_file(file, options, out)?;
    }
    Ok(())
}

fn write_file(report: &Lint, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
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
        let mut word = styled(row.outcome.as_str(), style, options.color);
        if !row.builders.is_empty() {
            word = format!("{word} ({})", visible(&row.builders.join(", ")));
        }
        let place = format!("{}:{}", visible(&report.path), row.line);
        writeln!(out, "{place}: {word}: {}", visible(&row.directive))?;
        let because = filled("  because  ", &visible(&row.why), options.width);
        write!(out, "{because}")?;
        if let Some(instead) = &row.instead {
            let instead = advised("  instead  ", instead, options.width);
            write!(out, "{instead}")?;
        }
    }
    let text = format!("{}: {}", visible(&report.path), summary(report));
    writeln!(out, "{}", styled(&text, Style::Bold, options.color))?;
    Ok(())
}

/// The last line: how much was read, and what became of it.
fn summary(report: &Lint) -> String {
    let count = |is: &dyn Fn(Outcome) -> bool| {
        let findings = report.findings.iter();
        findings.filter(|row| is(row.outcome)).count()
    };
    let bad = count(&Outcome::is_finding);
    let unknown = count(&|outcome| outcome == Outcome::Unknown);
    let fine = count(&|outcome| outcome == Outcome::Works);
    let (noun, said) = match report.kind {
        FileKind::Containerfile => ("instruction", "nothing fails here"),
        FileKind::SlurmJob | FileKind::PbsJob => ("directive", "all as written"),
        FileKind::Script => ("container command", "all as written"),
    };
    match (bad, unknown) {
        (0, 0) => format!("{} read: {said}", counted(report.read, noun)),
        _ => {
            let looked = counted(report.findings.len(), "verdict");
            format!("{looked}: {bad} not as written, {unknown} not known, {fine} fine")
        }
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::lint::LintFinding;

    use super::*;

    #[test]
    fn a_file_with_nothing_wrong_says_how_much_was_read() {
        let line = |kind, read| {
            summary(&Lint {
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
        assert_eq!(
            line(FileKind::Script, 0),
            "0 container commands read: all as written"
        );
    }

    #[test]
    fn each_finding_is_counted() {
        let finding = |outcome| LintFinding {
            line: 1,
            directive: "d".into(),
            outcome,
            why: "w".into(),
            instead: None,
            because: Vec::new(),
            builders: Vec::new(),
        };
        let outcomes = [Outcome::Works, Outcome::Fails, Outcome::Unknown];
        let lint = Lint {
            path: "f".into(),
            kind: FileKind::SlurmJob,
            read: 3,
            findings: outcomes.map(finding).to_vec(),
        };
        assert_eq!(
            summary(&lint),
            "3 verdicts: 1 not as written, 1 not known, 1 fine"
        );
    }
}
