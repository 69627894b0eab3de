//! `table` of `license identify`: a file and its licence a line.

use std::io::Write;

use comfy_table::{ColumnConstraint, Width};
use hpcctl_model::license::{Identified, Kind as MatchKind, Match, State};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, columns, counted, lines, styled, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::License],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.license()?;
    let (with, without): (Vec<_>, Vec<_>) = report
        .result
        .iter()
        .partition(|file| file.expression.is_some());
    if !with.is_empty() || options.verbose {
        let mut table = columns(options.width, Some(["FILE", "LICENSE", "FOUND AS"]));
        for file in &report.result {
            if file.expression.is_some() || options.verbose {
                add(&mut table, file, options.verbose);
            }
        }
        if let Some(path) = table.column_mut(0) {
            path.set_constraint(ColumnConstraint::UpperBoundary(Width::Percentage(50)));
        }
        write!(out, "{}", lines(&mut table, 0))?;
        writeln!(out)?;
    }
    let counts = format!(
        "{} with a licence, {} without{}",
        counted(with.len(), "file"),
        without.len(),
        if without.is_empty() || options.verbose {
            ""
        } else {
            " (-v lists them)"
        }
    );
    writeln!(out, "{}", styled(&counts, Style::Bold, options.color))?;
    for unknown in &report.unknowns {
        writeln!(
            out,
            "not read: {}: {}",
            visible(&unknown.what),
            visible(&unknown.why)
        )?;
    }
    Ok(())
}

fn add(table: &mut comfy_table::Table, file: &Identified, verbose: bool) {
    let expression = file.expression.as_deref().unwrap_or("-");
    let decided = |found: &&Match| verbose || found.state != State::Clue;
    let found: Vec<String> = file.matches.iter().filter(decided).map(describe).collect();
    let found = match (verbose, found.len()) {
        (false, 4..) => format!("{}\nand {} more", found[..3].join("\n"), found.len() - 3),
        _ => found.join("\n"),
    };
    table.add_row([
        visible(&file.path).into_owned(),
        visible(expression).into_owned(),
        found,
    ]);
}

/// How and where one licence was found.
fn describe(found: &Match) -> String {
    let kind = match found.kind {
        MatchKind::Text => "text",
        MatchKind::Notice => "notice",
        MatchKind::Tag => "tag",
        MatchKind::Reference => "reference",
    };
    let state = match found.state {
        State::Certain => "",
        State::Likely => ", likely",
        State::Clue => ", a clue only",
    };
    let place = match found.end_line == found.start_line {
        true => format!("line {}", found.start_line),
        false => format!("lines {}-{}", found.start_line, found.end_line),
    };
    format!(
        "{kind} of {}, {place}, {:.0} %{state}",
        visible(&found.license),
        // No 100 % where a word differs.
        ((found.score * 1000.0).round() / 10.0).floor()
    )
}

#[cfg(test)]
mod tests {
    use hpcctl_model::{Envelope, HostInfo, Tool};

    use super::*;

    fn text(verbose: bool) -> String {
        let found = Match {
            license: "MIT".into(),
            kind: MatchKind::Text,
            score: 0.994,
            start_line: 3,
            end_line: 21,
            state: State::Likely,
        };
        let file = |path: &str, expression: Option<&str>, matches| Identified {
            path: path.into(),
            expression: expression.map(Into::into),
            matches,
        };
        let report = Envelope {
            schema: "hpcctl.license/1".into(),
            kind: "license".into(),
            tool: Tool {
                name: "hpcctl".into(),
                version: "0".into(),
            },
            host: HostInfo {
                name: "n".into(),
                kernel: "6".into(),
                arch: "x".into(),
            },
            started_at: String::new(),
            finished_at: String::new(),
            result: vec![
                file("src/\u{1b}[2Ja", Some("MIT"), vec![found]),
                file("src/b", None, Vec::new()),
            ],
            unknowns: Vec::new(),
        };
        let mut text = Vec::new();
        let options = Options {
            verbose,
            width: 100,
            color: false,
        };
        write(&Report::License(&report), None, &options, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn files_without_a_licence_are_counted_and_listed_on_demand() {
        assert_eq!(
            text(false),
            "FILE            LICENSE  FOUND AS\n\
             src/\\u{1b}[2Ja  MIT      text of MIT, lines 3-21, 99 %, likely\n\
             \n\
             1 file with a licence, 1 without (-v lists them)\n"
        );
        assert!(text(true).contains("src/b"));
    }
}
