//! `markdown` of `fleet`: the same in tables, for a ticket or a wiki.

use std::fmt::Write as _;
use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::fleet_table::summary::summary;
use crate::writer::fleet_table::{because, beside, is_fix, most, raw, title, told};
use crate::writer::markdown::{cell, code};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "markdown",
    versions: &[],
    kinds: &[Kind::Fleet],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let fleet = &report.fleet()?.result;
    let mut text = String::from("## hpcctl fleet\n\n| | |\n|---|---|\n");
    // Writing to a string does not fail.
    for (label, line) in summary(fleet) {
        let _ = writeln!(text, "| {label} | {} |", cell(&line));
    }
    for unknown in &report.fleet()?.unknowns {
        let line = format!("{}: {}", unknown.what, unknown.why);
        let _ = writeln!(text, "| unknown | {} |", cell(&line));
    }
    for (place, group) in fleet.groups.iter().enumerate() {
        let _ = writeln!(text, "\n### {}\n", cell(&title(fleet, group, place)));
        let _ = writeln!(text, "{}\n", code(&group.nodes.set));
        for line in because(group).chain(beside(fleet, group)) {
            let _ = writeln!(text, "{}\n", cell(&line));
        }
        text += "| | check | |\n|---|---|---|\n";
        for finding in told(group, place, options.verbose) {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                finding.status.as_str(),
                code(&finding.id),
                cell(&most(&finding.values))
            );
            let every = raw(&finding.values).into_iter();
            for line in every.filter(|_| options.verbose) {
                let _ = writeln!(text, "| | | {} |", cell(&line));
            }
        }
        for fact in group.facts.iter().filter(|fact| is_fix(fact)) {
            let _ = writeln!(
                text,
                "| | {} | {} |",
                code(&fact.what),
                cell(&most(&fact.values))
            );
        }
    }
    Ok(out.write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::fleet_table::tests::report;

    #[test]
    fn groups_are_sections() {
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        let mut out = Vec::new();
        write(&Report::Fleet(&report()), None, &options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("| missing | 1: n100 |"), "{text}");
        assert!(
            text.contains(
                "### 1 node: containers do NOT run\n\n`n099`\n\npodman run: no, because ns.user\n"
            ),
            "{text}"
        );
        let row = "| fail | `ns.user` | user.max\\_user\\_namespaces is 0 |";
        assert!(text.contains(row), "{text}");
    }
}
