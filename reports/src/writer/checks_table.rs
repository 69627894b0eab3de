//! `table` of `doctor list`: a check a line, its id and its title.

use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Checks],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let checks = &report.checks()?.result;
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
    for check in checks {
        writeln!(out, "{:width$}  {}", check.id, check.title)?;
    }
    Ok(())
}
