//! `table` of `license diff`: the places that differ, words of the text against words of the file.

use std::io::Write;

use hpcctl_model::license::{Change, Difference};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, counted, styled, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::LicenseDiff],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let found = &report.license_diff()?.result;
    writeln!(
        out,
        "{}",
        styled(&headline(found), Style::Bold, options.color)
    )?;
    for change in &found.changes {
        let allowed = if change.allowed {
            "  (SPDX lets it differ)"
        } else {
            ""
        };
        writeln!(out, "\nline {}{allowed}", change.line)?;
        for (sign, words) in [("-", &change.text), ("+", &change.file)] {
            if !words.is_empty() {
                writeln!(out, "  {sign} {}", visible(words))?;
            }
        }
    }
    Ok(())
}

fn headline(found: &Difference) -> String {
    let (path, license) = (visible(&found.path), visible(&found.license));
    let (Some(first), Some(last)) = (found.start_line, found.end_line) else {
        return format!("{path} holds nothing of {license}");
    };
    let own = |change: &&Change| !change.allowed;
    let differ = counted(found.changes.iter().filter(own).count(), "place");
    let allowed = found.changes.iter().filter(|change| change.allowed).count();
    let allowed = match allowed {
        0 => String::new(),
        _ => format!(", and in {allowed} where SPDX lets it"),
    };
    let score = found.score * 100.0;
    format!(
        "{path}, lines {first} to {last}, agrees with {license} to {score:.1} %; other words in {differ}{allowed}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_counts_what_matters() {
        let change = |allowed| Change {
            text: "a".into(),
            file: "b".into(),
            line: 3,
            allowed,
        };
        let mut found = Difference {
            path: "LICENSE".into(),
            license: "MIT".into(),
            score: 0.987,
            start_line: Some(1),
            end_line: Some(21),
            changes: vec![change(false), change(true)],
        };
        assert_eq!(
            headline(&found),
            "LICENSE, lines 1 to 21, agrees with MIT to 98.7 %; other words in 1 place, and in 1 where SPDX lets it"
        );
        found.start_line = None;
        assert_eq!(headline(&found), "LICENSE holds nothing of MIT");
    }
}
