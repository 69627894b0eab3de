//! `mail` of `report`: a message of plain text for `sendmail -t`, 80 columns, with the verdict in
//! the subject (RFC 5322; RFC 2045 for the type).

use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::nightly_table::told::verdict;
use crate::writer::nightly_table::{FIX, text};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "mail",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

/// The columns of a line.
const WIDTH: usize = 80;

/// The most characters of a line that is not broken; a mail may have 998 bytes (RFC 5322, 2.1.1).
const LONGEST: usize = 900;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.nightly()?;
    let options = Options {
        verbose: options.verbose,
        width: 80,
        color: false,
    };
    writeln!(out, "Subject: hpcctl: {}", verdict(&report.result))?;
    writeln!(out, "MIME-Version: 1.0")?;
    writeln!(out, "Content-Type: text/plain; charset=utf-8")?;
    writeln!(out, "Content-Transfer-Encoding: 8bit")?;
    writeln!(out, "Auto-Submitted: auto-generated\n")?;
    for line in text(&report.result, &options).lines() {
        // A command that is broken cannot be pasted.
        let width = if line.starts_with(FIX) {
            LONGEST
        } else {
            WIDTH
        };
        for part in folded(line, width) {
            writeln!(out, "{part}")?;
        }
    }
    Ok(())
}

/// A line in parts of so many columns: a long set of nodes has no blank to break at.
fn folded(line: &str, width: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest: Vec<char> = line.chars().collect();
    while rest.len() > width {
        let comma = rest[..width].iter().rposition(|c| matches!(c, ',' | ' '));
        let at = comma
            .filter(|at| *at > width / 2)
            .map_or(width, |at| at + 1);
        let behind = rest.split_off(at);
        parts.push(rest.iter().collect::<String>().trim_end().to_owned());
        rest = behind;
    }
    parts.push(rest.into_iter().collect());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::nightly_table::tests::written;

    #[test]
    fn the_subject_has_the_verdict_and_lines_are_short() {
        let text = written(&WRITER, true);
        let (head, body) = text.split_once("\n\n").unwrap();
        assert!(
            head.starts_with(
                "Subject: hpcctl: worse: containers no longer run on n[001-002,007] (ns.user); "
            ),
            "{head}"
        );
        assert!(head.is_ascii());
        assert!(
            body.lines().all(|line| line.chars().count() <= 80),
            "{body}"
        );
        let quiet = written(&WRITER, false);
        let (head, body) = quiet.split_once("\n\n").unwrap();
        assert!(head.starts_with("Subject: hpcctl: no change on 128 nodes\n"));
        let begun = body.lines().filter(|line| !line.starts_with(' '));
        assert_eq!(begun.count(), 3, "{body}");
    }

    #[test]
    fn long_sets_are_folded_behind_a_comma() {
        let long = vec!["n001"; 100].join(",");
        let parts = folded(&long, WIDTH);
        assert!(parts.iter().all(|part| part.len() <= WIDTH));
        assert_eq!(parts.concat(), long);
        assert!(parts[0].ends_with(','));
    }
}
