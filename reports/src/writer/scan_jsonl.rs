//! `jsonl` of `scan`: a line a thing, each an object whose one field says what it is.
//!
//! `image` comes first and has `complete` and `left_out`, then `package`, `file`, `unowned` and `unknown` in
//! the order of the report, and `verdict` comes last.

use std::io::Write;

use serde::Serialize;
use serde_json::json;

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "jsonl",
    versions: &[],
    kinds: &[Kind::Scan],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.scan()?;
    let scan = &report.result;
    let image = json!({"image": scan.image, "complete": scan.complete, "left_out": scan.left_out});
    serde_json::to_writer(&mut *out, &image)?;
    writeln!(out)?;
    lines("package", &scan.packages, out)?;
    lines("file", &scan.files, out)?;
    lines("unowned", &scan.unowned, out)?;
    lines("conflict", &scan.conflicts, out)?;
    lines("unknown", &report.unknowns, out)?;
    lines("verdict", std::slice::from_ref(&scan.verdict), out)
}

fn lines<T: Serialize>(name: &str, things: &[T], out: &mut dyn Write) -> Result<(), Error> {
    for thing in things {
        serde_json::to_writer(&mut *out, &json!({name: thing}))?;
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hpcctl_model::Unknown;
    use serde_json::Value;

    use super::*;
    use crate::sbom::tests::{package, report};

    #[test]
    fn every_line_is_an_object_that_says_what_it_is() {
        let mut scan = report(vec![package("a", None, None), package("b", None, None)]);
        scan.unknowns = vec![Unknown::new("/x", "EIO")];
        let mut text = Vec::new();
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        write(&Report::Scan(&scan), None, &options, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let names = lines
            .iter()
            .map(|line| line.as_object().unwrap().keys().next().unwrap().as_str());
        let names: Vec<&str> = names.collect();
        assert_eq!(names, ["image", "package", "package", "unknown", "verdict"]);
        assert_eq!(lines[1]["package"]["name"], "a");
        assert_eq!(lines[0]["complete"], true);
    }
}
