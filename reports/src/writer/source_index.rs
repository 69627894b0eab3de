//! `source-index`: of which packages the corresponding source is to be offered, one source a
//! line: what whoever publishes an image has to fetch and keep.
//!
//! The verdict says which packages these are (the obligation `source-offer`). A package of a
//! distribution names its source package; the rest are their own source.

mod place;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;

use hpcctl_model::scan::{Package, Scan};

use crate::report::{Error, Kind, Options, Report};
use crate::sbom;
use crate::terminal::visible;
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "source-index",
    versions: &[],
    kinds: &[Kind::Scan],
    write,
};

/// The obligation that asks for source.
const OBLIGATION: &str = "source-offer";

/// A source, and what was built from it.
#[derive(Default)]
struct Row<'a> {
    from: &'a str,
    /// Where it can be had.
    place: String,
    licenses: Vec<&'a str>,
    packages: Vec<&'a str>,
}

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.scan()?;
    let scan = &report.result;
    writeln!(
        out,
        "# Sources to be offered with {}",
        visible(&scan.image.reference)
    )?;
    if !scan.is_whole() {
        writeln!(
            out,
            "# NOT COMPLETE: something in the image could not be read or was left out"
        )?;
    }
    writeln!(
        out,
        "# WHERE is by name and version, as who keeps the sources addresses them, or by the metadata;\n\
         # nobody was asked whether it is there: fetch and keep it."
    )?;
    writeln!(
        out,
        "# TYPE\tSOURCE\tVERSION\tFROM\tWHERE\tLICENCES\tPACKAGES"
    )?;
    for ((kind, name, version), row) in rows(scan) {
        let cells = [
            kind,
            name,
            version,
            row.from,
            &row.place,
            &row.licenses.join("; "),
            &row.packages.join(" "),
        ];
        let cells: Vec<_> = cells.iter().map(|cell| visible(cell)).collect();
        writeln!(out, "{}", cells.join("\t"))?;
    }
    Ok(())
}

/// The rows, by type, source and version; a file that no package owns is its own source.
fn rows(scan: &Scan) -> BTreeMap<(&str, &str, &str), Row<'_>> {
    let asked = scan.verdict.obligations.iter();
    let asked = asked.filter(|obligation| obligation.id == OBLIGATION);
    let mut left: HashSet<&str> = asked
        .flat_map(|obligation| obligation.subjects.iter().map(String::as_str))
        .collect();
    let mut rows: BTreeMap<(&str, &str, &str), Row<'_>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for package in &scan.packages {
        if left.contains(&*package.purl) {
            seen.insert(&*package.purl);
            let (kind, name, version) = source(package);
            let row = rows.entry((kind, name, version)).or_default();
            // The packages of one source need not all tell where it is.
            if matches!(&*row.place, "" | place::UNKNOWN) {
                row.from = from(package);
                row.place = place::of(package, row.from, name, version);
            }
            row.packages.push(&package.purl);
            let license = package.licenses.concluded.as_deref();
            let license = license.filter(|license| !row.licenses.contains(license));
            row.licenses.extend(license);
        }
    }
    left.retain(|subject| !seen.contains(subject));
    let licenses: HashMap<&str, &str> = scan
        .files
        .iter()
        .filter_map(|file| Some((&*file.path, file.licenses.as_deref()?)))
        .collect();
    for path in left {
        let row = rows.entry(("file", path, "")).or_default();
        row.place = place::UNKNOWN.to_owned();
        row.licenses.extend(licenses.get(path));
    }
    rows
}

/// The type, the name and the version of the source of a package.
fn source(package: &Package) -> (&str, &str, &str) {
    let (name, version) = match package.source.as_deref() {
        Some(text) => sbom::source(text),
        None => (&*package.name, None),
    };
    (&package.kind, name, version.unwrap_or(&package.version))
}

/// Where a package is from: the namespace of its purl, which for a package of a distribution is
/// the distribution.
fn from(package: &Package) -> &str {
    let start = package.purl.strip_prefix("pkg:").unwrap_or("");
    let path = start.split(['@', '?', '#']).next().unwrap_or("");
    match (path.find('/'), path.rfind('/')) {
        (Some(first), Some(last)) if first < last => &path[first + 1..last],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::scan::Obligation;

    use super::*;
    use crate::sbom::tests::{package, report};

    #[test]
    fn a_source_is_one_line_whatever_was_built_from_it() {
        let gpl = Some("GPL-2.0-only");
        let mut scan = report(vec![
            package("a", gpl, gpl),
            package("a-dev", gpl, Some("LGPL-2.1-only")),
            package("b", Some("MIT"), Some("MIT")),
            package("c", gpl, gpl),
        ]);
        let packages = &mut scan.result.packages;
        packages[0].source = Some("src-a 3".into());
        packages[1].source = Some("src-a 3".into());
        // Whoever is the last to be met does not know.
        packages[1].purl = "pkg:deb/other/a-dev@1.0-1".into();
        let asked = [0, 1, 3].map(|place| packages[place].purl.clone());
        scan.result.verdict.obligations = vec![Obligation {
            id: OBLIGATION.into(),
            text: "Publish it.".into(),
            subjects: asked.into_iter().chain(["/opt/x".to_owned()]).collect(),
        }];
        let mut text = Vec::new();
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        write(&Report::Scan(&scan), None, &options, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(
            lines[0],
            "deb\tc\t1.0-1\tdebian\thttps://snapshot.debian.org/package/c/1.0-1/\tGPL-2.0-only\tpkg:deb/debian/c@1.0-1?arch=amd64"
        );
        assert!(
            lines[1].starts_with(
                "deb\tsrc-a\t3\tdebian\thttps://snapshot.debian.org/package/src-a/3/\tGPL-2.0-only; LGPL-2.1-only\tpkg:deb/debian/a@"
            )
        );
        assert!(lines[2].starts_with("file\t/opt/x\t\t\tnot known\t"));
    }
}
