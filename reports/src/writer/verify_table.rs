//! `table` of `verify`: whether what is published matches a good decision.

use std::io::Write;

use hpcctl_model::publish::Attested;

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, filled, heading, styled};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Verify],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let result = &report.verify()?.result;
    let word = match result.verified {
        true => styled("verified", Style::Good, options.color),
        false => styled("NOT verified", Style::Bad, options.color),
    };
    let mut text = format!("{word}  {}\n", result.reference);
    text += &filled("digest    ", &result.digest, options.width);
    for problem in &result.problems {
        text += &filled("  - ", problem, options.width);
    }
    if !result.decisions.is_empty() {
        text += &heading("Decisions", options.color);
    }
    for decision in &result.decisions {
        text += &filled("  - ", &says(decision), options.width);
        text += &filled("    manifest  ", &decision.manifest, options.width);
        if let Some(record) = &decision.record {
            text += &filled("    record    ", record, options.width);
        }
        for problem in &decision.problems {
            text += &filled("    ! ", problem, options.width);
        }
        for note in &decision.notes {
            text += &filled("    note      ", note, options.width);
        }
    }
    Ok(out.write_all(text.as_bytes())?)
}

/// A decision in a few words.
fn says(decision: &Attested) -> String {
    let Some(outcome) = decision.outcome else {
        return "one that the key says nothing of".to_owned();
    };
    let now = decision
        .now
        .as_deref()
        .unwrap_or("a time that it does not say");
    let to = decision.destination.as_deref().unwrap_or("no destination");
    let waivers = match decision.waivers.as_slice() {
        [] => String::new(),
        ids => format!(", waivers {}", ids.join(", ")),
    };
    format!("{} to {to}, as of {now}{waivers}", outcome.as_str())
}
