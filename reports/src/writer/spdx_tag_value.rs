//! `spdx-tag-value`: a bill of materials by SPDX 2.3 (ISO/IEC 5962) in its own text format.
//!
//! spdx-rs reads this format and does not write it. The same document that `spdx-json` writes is
//! turned into JSON and printed field by field, so that both say the same.

use std::io::{self, Write};

use serde_json::Value;

use crate::report::{Error, Kind, Options, Report};
use crate::sbom::spdx_2_3;
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "spdx-tag-value",
    versions: &["2.3"],
    kinds: &[Kind::Scan],
    write,
};

/// A field: its name in JSON, its tag, and whether its text may have more than one line.
type Field = (&'static str, &'static str, bool);

/// The fields of the document, in the order of the specification (clause 6).
const DOCUMENT: &[Field] = &[
    ("spdxVersion", "SPDXVersion", false),
    ("dataLicense", "DataLicense", false),
    ("SPDXID", "SPDXID", false),
    ("name", "DocumentName", false),
    ("documentNamespace", "DocumentNamespace", false),
    ("comment", "DocumentComment", true),
];

/// The fields of who made it and when.
const CREATION: &[Field] = &[
    ("licenseListVersion", "LicenseListVersion", false),
    ("creators", "Creator", false),
    ("created", "Created", false),
];

/// The fields of a package (clause 7).
const PACKAGE: &[Field] = &[
    ("name", "PackageName", false),
    ("SPDXID", "SPDXID", false),
    ("versionInfo", "PackageVersion", false),
    ("supplier", "PackageSupplier", false),
    ("downloadLocation", "PackageDownloadLocation", false),
    ("filesAnalyzed", "FilesAnalyzed", false),
    ("checksums", "PackageChecksum", false),
    ("sourceInfo", "PackageSourceInfo", true),
    ("licenseConcluded", "PackageLicenseConcluded", false),
    ("licenseDeclared", "PackageLicenseDeclared", false),
    ("licenseComments", "PackageLicenseComments", true),
    ("copyrightText", "PackageCopyrightText", true),
    ("comment", "PackageComment", true),
    ("externalRefs", "ExternalRef", false),
    ("primaryPackagePurpose", "PrimaryPackagePurpose", false),
];

/// The fields of a licence that is not on the list (clause 10).
const LICENSE: &[Field] = &[
    ("licenseId", "LicenseID", false),
    ("extractedText", "ExtractedText", true),
    ("name", "LicenseName", false),
    ("seeAlsos", "LicenseCrossReference", false),
    ("comment", "LicenseComment", true),
];

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let document = serde_json::to_value(spdx_2_3::document(report.scan()?)?)?;
    fields(&document, DOCUMENT, out)?;
    fields(&document["creationInfo"], CREATION, out)?;
    for (list, table) in [
        ("packages", PACKAGE),
        ("hasExtractedLicensingInfos", LICENSE),
    ] {
        for element in elements(&document, list) {
            writeln!(out)?;
            fields(element, table, out)?;
        }
    }
    writeln!(out)?;
    for edge in elements(&document, "relationships") {
        let of = |field: &str| edge[field].as_str().unwrap_or_default();
        let (from, to) = (of("spdxElementId"), of("relatedSpdxElement"));
        writeln!(out, "Relationship: {from} {} {to}", of("relationshipType"))?;
    }
    Ok(())
}

fn elements<'a>(document: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    document[list].as_array().into_iter().flatten()
}

fn fields(element: &Value, table: &[Field], out: &mut dyn Write) -> io::Result<()> {
    for (name, tag, is_long) in table {
        match &element[name] {
            Value::Null => {}
            Value::Array(values) => {
                for value in values {
                    writeln!(out, "{tag}: {}", plain(value))?;
                }
            }
            // What is not known is a word of the format, no text.
            value if *is_long && value != spdx_2_3::NOT_KNOWN => {
                let text = plain(value).replace("</text>", "< /text>");
                writeln!(out, "{tag}: <text>{text}</text>")?;
            }
            value => writeln!(out, "{tag}: {}", plain(value))?,
        }
    }
    Ok(())
}

/// A value in the words of the format.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let of = |field: &str| {
                fields
                    .get(field)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            match fields.get("algorithm") {
                Some(_) => format!("{}: {}", of("algorithm"), of("checksumValue")),
                None => [
                    of("referenceCategory"),
                    of("referenceType"),
                    of("referenceLocator"),
                ]
                .join(" "),
            }
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::tests::{package, report};

    fn text(packages: Vec<hpcctl_model::scan::Package>) -> String {
        let mut scan = report(packages);
        scan.result.complete = false;
        scan.result.image.digest = Some(format!("sha256:{}", "a".repeat(64)));
        let mut text = Vec::new();
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        write(&Report::Scan(&scan), None, &options, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn every_field_of_the_document_has_a_tag() {
        let mut scan = report(vec![package(
            "a",
            Some("LicenseRef-x AND TekHVC"),
            Some("BSD style"),
        )]);
        scan.result.complete = false;
        scan.result.image.digest = Some(format!("sha256:{}", "a".repeat(64)));
        scan.result.packages[0].source = Some("b 1".into());
        let document = serde_json::to_value(spdx_2_3::document(&scan).unwrap()).unwrap();
        let lists = [
            "creationInfo",
            "packages",
            "relationships",
            "hasExtractedLicensingInfos",
        ];
        let known = |table: &[Field], element: &Value| {
            for (name, value) in element.as_object().unwrap() {
                let empty = value.as_array().is_some_and(Vec::is_empty);
                let listed = table.iter().any(|(field, ..)| field == name);
                assert!(listed || empty || lists.contains(&&**name), "{name}");
            }
        };
        known(DOCUMENT, &document);
        known(CREATION, &document["creationInfo"]);
        for package in elements(&document, "packages") {
            known(PACKAGE, package);
        }
        for license in elements(&document, "hasExtractedLicensingInfos") {
            known(LICENSE, license);
        }
    }

    #[test]
    fn fields_are_lines_and_hostile_texts_stay_in_theirs() {
        let mut evil = package(
            "a\nPackageName: b",
            None,
            Some("odd </text>\nPackageName: c"),
        );
        evil.locations[0].path = "/x\nPackageName: d".into();
        let text = text(vec![evil]);
        let names = text.lines().filter(|line| line.starts_with("PackageName:"));
        assert_eq!(names.count(), 2, "{text}");
        assert!(text.starts_with("SPDXVersion: SPDX-2.3\n"));
        assert!(text.contains("\nCreated: 2026-01-02T03:04:06Z\n"));
        assert!(text.contains("\nPackageChecksum: SHA256: aaaa"));
        assert!(text.contains("\nRelationship: SPDXRef-Image CONTAINS NOASSERTION\n"));
        assert_eq!(
            text.matches("</text>").count(),
            text.matches("<text>").count()
        );
    }
}
