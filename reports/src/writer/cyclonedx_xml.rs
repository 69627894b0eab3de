//! `cyclonedx-xml`: a bill of materials by CycloneDX 1.5 or 1.6 (ECMA-424).

use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::sbom::{cyclonedx, cyclonedx_1_6};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "cyclonedx-xml",
    versions: &["1.6", "1.5"],
    kinds: &[Kind::Scan],
    write,
};

fn write(
    report: &Report<'_>,
    version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut text = Vec::new();
    cyclonedx::bom(report.scan()?)?
        .output_as_xml_v1_5(&mut text)
        .map_err(|error| Error::CycloneDx(error.to_string()))?;
    if version == Some("1.5") {
        out.write_all(&text)?;
    } else {
        let text = String::from_utf8_lossy(&text);
        out.write_all(cyclonedx_1_6::xml(&text).as_bytes())?;
    }
    Ok(writeln!(out)?)
}
