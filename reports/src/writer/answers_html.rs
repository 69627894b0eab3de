//! `html` of a report as answers: a page that stands alone.

use std::fmt::Write as _;
use std::io::Write;

use crate::answers::{Answer, Answers, Level};
use crate::page::{Found, begun, ended, escaped, found};
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "html",
    versions: &[],
    kinds: &[
        Kind::Doctor,
        Kind::Lint,
        Kind::Scan,
        Kind::Abi,
        Kind::Gate,
        Kind::Verify,
        Kind::Fleet,
        Kind::Match,
    ],
    write,
};

/// The most rows of a part, so that the file stays small.
const ROWS: usize = 1000;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let answers = Answers::of(report)?;
    let title = escaped(&format!("{}: {}", answers.of, answers.subject));
    let mut text = begun(&title, &escaped(&answers.head));
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "<p>hpcctl {} of {}: {}.</p>",
        answers.of,
        escaped(&answers.subject),
        answers.counts()
    );
    table(&mut text, "To be looked at", &answers.findings());
    let unknowns = answers.report.unknowns.iter().map(|unknown| Answer {
        id: unknown.what.clone(),
        state: "unknown",
        level: Level::Unknown,
        text: unknown.why.clone(),
        ..Answer::default()
    });
    let unknowns: Vec<Answer> = unknowns.collect();
    table(&mut text, "Not known", &unknowns.iter().collect::<Vec<_>>());
    let others = answers.rows.iter();
    let others: Vec<&Answer> = others.filter(|row| !row.level.is_finding()).collect();
    table(&mut text, "As it should be, or not asked", &others);
    text += &ended(&answers.report);
    Ok(out.write_all(text.as_bytes())?)
}

/// A part with its rows; none where there are none.
fn table(text: &mut String, title: &str, rows: &[&Answer]) {
    if rows.is_empty() {
        return;
    }
    let rows = rows.iter().map(|row| Found {
        state: row.state.into(),
        is_bad: row.level == Level::Bad,
        what: escaped(&row.id).replace('.', ".<wbr>"),
        on: escaped(&row.place().unwrap_or_default()),
        told: escaped(&row.text),
        fix: escaped(row.fix.as_deref().unwrap_or_default()),
    });
    found(text, title, "Answer", rows, ROWS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::tests::is_sound;
    use crate::writer::doctor_table::tests::{report, written};

    #[test]
    fn a_page_stands_alone_and_has_every_answer() {
        let node = report();
        let page = written(&WRITER, &Report::Doctor(&node));
        is_sound(&page);
        for of in ["podman run", "ns.<wbr>user", "ns.<wbr>mnt", "cpu.<wbr>arch"] {
            assert!(
                page.contains(&format!("<th scope=\"row\">{of}</th>")),
                "{of}: {page}"
            );
        }
        assert!(page.contains("<td class=\"fail\">no</td>"), "{page}");
    }
}
