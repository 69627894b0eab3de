//! `markdown` of `report`: the same in tables, for a ticket or a wiki.

use std::fmt::Write as _;
use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::markdown::{cell, code};
use crate::writer::nightly_table::summary::summary;
use crate::writer::nightly_table::told::sections;

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
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let nightly = &report.nightly()?.result;
    let [head, still, unchecked] = summary(nightly).whole();
    // Writing to a string does not fail.
    let mut text = format!("## hpcctl: {}\n", cell(&head));
    for section in sections(nightly, false) {
        let _ = writeln!(text, "\n### {}\n", section.title);
        text += "| | what | on | | fix |\n|---|---|---|---|---|\n";
        for row in section.rows {
            let on = match row.whole() {
                on if on.is_empty() => on,
                on => code(&on),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {on} | {} | {} |",
                row.state,
                code(&row.what),
                cell(&row.text),
                cell(row.fix.as_deref().unwrap_or_default())
            );
        }
    }
    let _ = writeln!(text, "\nStill: {}\n", cell(&still));
    let _ = writeln!(text, "Not checked: {}", cell(&unchecked));
    Ok(out.write_all(text.as_bytes())?)
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
