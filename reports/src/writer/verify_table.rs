//! `table` of `verify`: whether what is published matches a good decision.

use std::io::Write;

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
        let outcome = decision
            .outcome
            .map_or("not by this key", |outcome| outcome.as_str());
        let now = decision.now.as_deref().unwrap_or("-");
        let to = decision.destination.as_deref().unwrap_or("-");
        let waivers = match decision.waivers.as_slice() {
            [] => String::new(),
            ids => format!(", waivers {}", ids.join(", ")),
        };
        let says = format!("{outcome} to {to}, as of {now}{waivers}");
        text += &filled("  - ", &says, options.width);
        text += &filled("    manifest  ", &decision.manifest, options.width);
        for problem in &decision.problems {
            text += &filled("    ! ", problem, options.width);
        }
    }
    Ok(out.write_all(text.as_bytes())?)
}
