//! `spdx-json`: a bill of materials by SPDX 2.3 (ISO/IEC 5962) in JSON.

use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::sbom::spdx_2_3;
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "spdx-json",
    versions: &["2.3"],
    kinds: &[Kind::Scan],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    serde_json::to_writer_pretty(&mut *out, &spdx_2_3::document(report.scan()?)?)?;
    Ok(writeln!(out)?)
}
