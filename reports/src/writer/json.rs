//! `json`: the whole report in its envelope, by the schemas under `reports/schemas/`.

use std::io::Write;

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "json",
    versions: &[],
    kinds: &[
        Kind::Doctor,
        Kind::Checks,
        Kind::Scan,
        Kind::License,
        Kind::Licenses,
        Kind::LicenseDiff,
        Kind::Lint,
        Kind::Why,
        Kind::Gate,
        Kind::Publish,
        Kind::Verify,
        Kind::Stage,
        Kind::Abi,
        Kind::Bench,
        Kind::Fleet,
        Kind::Match,
        Kind::Nightly,
    ],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match report {
        Report::Doctor(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Checks(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Scan(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::License(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Licenses(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::LicenseDiff(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Why(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Gate(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Publish(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Verify(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Stage(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Abi(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Bench(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Fleet(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Match(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Nightly(report) => serde_json::to_writer_pretty(&mut *out, report)?,
        Report::Lint(report) => serde_json::to_writer_pretty(&mut *out, report)?,
    }
    Ok(writeln!(out)?)
}
