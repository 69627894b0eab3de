//! `jsonl` of `license identify`: a line a file, without an envelope.

use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "jsonl",
    versions: &[],
    kinds: &[Kind::License],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    for file in &report.license()?.result {
        serde_json::to_writer(&mut *out, file)?;
        writeln!(out)?;
    }
    Ok(())
}
