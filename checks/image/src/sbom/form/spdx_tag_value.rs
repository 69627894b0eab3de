//! SPDX as text: a tag, a colon and a value on each line, elements told apart by the tag that
//! each begins with; a value in `<text>` may have several lines.

use std::io::{BufRead, Read};

use super::edges::Edge;
use super::spdx::{self, Checksum, Document, Extracted, Package, Reference};
use crate::Limits;
use crate::sbom::Bill;

/// Bytes of one line, and of a text of several lines.
const LONGEST: usize = 4 * 1024 * 1024;

/// Reads a file.
pub(super) fn read(file: impl BufRead, limits: &Limits) -> Result<Bill, String> {
    let mut lines = Lines { file, number: 0 };
    let mut reading = Reading::default();
    while let Some(line) = lines.next()? {
        let Some((tag, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        match value.trim().strip_prefix("<text>") {
            Some(start) => {
                let text = lines.text(start)?;
                let text =
                    text.ok_or_else(|| format!("the <text> of {} has no end", tag.trim()))?;
                reading.take(tag.trim(), &text);
            }
            None => reading.take(tag.trim(), value.trim()),
        }
    }
    spdx::bill(reading.document(), limits)
}

/// The lines of a file, none longer than is held.
struct Lines<R> {
    file: R,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<String>, String> {
        let mut line = Vec::new();
        let mut part = (&mut self.file).take(LONGEST as u64);
        let read = part.read_until(b'\n', &mut line);
        self.number += 1;
        if read.map_err(|error| error.to_string())? == LONGEST {
            return Err(format!("line {} is too long", self.number));
        }
        let text = String::from_utf8_lossy(&line);
        Ok((!line.is_empty()).then(|| text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// A text from its start on, up to the mark of its end; none where the file ends before.
    fn text(&mut self, start: &str) -> Result<Option<String>, String> {
        if let Some((before, _)) = start.split_once("</text>") {
            return Ok(Some(before.to_owned()));
        }
        let mut text = start.to_owned();
        loop {
            let Some(line) = self.next()? else {
                return Ok(None);
            };
            if text.len() > LONGEST {
                return Err(format!("the text before line {} is too long", self.number));
            }
            text.push('\n');
            if let Some((before, _)) = line.split_once("</text>") {
                text.push_str(before);
                return Ok(Some(text));
            }
            text.push_str(&line);
        }
    }
}

/// The element that the next tags belong to.
#[derive(Default)]
enum At {
    #[default]
    Document,
    Package,
    File,
    License,
    Other,
}

#[derive(Default)]
struct Reading {
    at: At,
    document: Document,
    /// The relationship whose comment may follow.
    edge: Option<Edge>,
}

impl Reading {
    fn take(&mut self, tag: &str, value: &str) {
        let text = || value.to_owned();
        match tag {
            "SPDXVersion" => self.document.spdx_version = text(),
            "Creator" => self.document.creation_info.creators.push(text()),
            "PackageName" => {
                let package = Package {
                    name: text(),
                    ..Package::default()
                };
                self.at = match self.document.packages.push(package) {
                    true => At::Package,
                    false => At::Other,
                };
            }
            "FileName" => {
                let is_kept = self.document.files.push(spdx::File::default());
                self.at = if is_kept { At::File } else { At::Other };
            }
            "LicenseID" => {
                let license = Extracted {
                    license_id: text(),
                    ..Extracted::default()
                };
                let infos = &mut self.document.has_extracted_licensing_infos;
                self.at = match infos.push(license) {
                    true => At::License,
                    false => At::Other,
                };
            }
            "SnippetSPDXID" => self.at = At::Other,
            "Relationship" => self.relationship(value),
            "RelationshipComment" => {
                self.edge = self.edge.take().map(|edge| edge.with_comment(value));
            }
            _ => match self.at {
                At::Package => {
                    if let Some(package) = self.document.packages.last_mut() {
                        of_package(package, tag, value);
                    }
                }
                At::File if tag == "SPDXID" => {
                    if let Some(file) = self.document.files.last_mut() {
                        file.id = value.into();
                    }
                }
                At::License => self.of_license(tag, value),
                _ => {}
            },
        }
    }

    fn relationship(&mut self, value: &str) {
        let mut words = value.split_whitespace();
        if let (Some(from), Some(kind), Some(to)) = (words.next(), words.next(), words.next()) {
            self.end_relationship();
            self.edge = Some(Edge::new(from, kind, to));
        }
    }

    fn of_license(&mut self, tag: &str, value: &str) {
        let infos = &mut self.document.has_extracted_licensing_infos;
        let Some(license) = infos.last_mut() else {
            return;
        };
        match tag {
            "ExtractedText" => license.extracted_text = value.to_owned(),
            "LicenseName" => license.name = Some(value.to_owned()),
            _ => {}
        }
    }

    fn end_relationship(&mut self) {
        if let Some(edge) = self.edge.take() {
            self.document.relationships.push(edge);
        }
    }

    fn document(mut self) -> Document {
        self.end_relationship();
        self.document
    }
}

fn of_package(package: &mut Package, tag: &str, value: &str) {
    let text = Some(value.to_owned());
    match tag {
        "SPDXID" => package.id = value.to_owned(),
        "PackageVersion" => package.version_info = text,
        "PackageSupplier" => package.supplier = text,
        "PackageOriginator" => package.originator = text,
        "PackageSourceInfo" => package.source_info = text,
        "PackageComment" => package.comment = text,
        "PackageLicenseConcluded" => package.license_concluded = text,
        "PackageLicenseDeclared" => package.license_declared = text,
        "PackageLicenseInfoFromFiles" => package.license_info_from_files.extend(text),
        "PrimaryPackagePurpose" => package.primary_package_purpose = text,
        "PackageChecksum" => {
            if let Some((algorithm, sum)) = value.split_once(':') {
                package.checksums.push(Checksum {
                    algorithm: algorithm.trim().to_owned(),
                    checksum_value: sum.trim().to_owned(),
                });
            }
        }
        "ExternalRef" => {
            let mut words = value.split_whitespace().skip(1);
            if let (Some(kind), Some(locator)) = (words.next(), words.next()) {
                package.external_refs.push(Reference {
                    reference_type: kind.to_owned(),
                    reference_locator: locator.to_owned(),
                });
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_says_what_json_says() {
        let text = "SPDXVersion: SPDX-2.2\nCreator: Tool: syft-1.18.1\n\n# Package\n\
            PackageName: i\nSPDXID: SPDXRef-i\nPrimaryPackagePurpose: CONTAINER\n\
            PackageName: a\nSPDXID: SPDXRef-a\nPackageVersion: 1\n\
            PackageSourceInfo: <text>acquired package info from\nDPKG DB: /x</text>\n\
            PackageLicenseDeclared: LicenseRef-1\nExternalRef: PACKAGE_MANAGER purl pkg:deb/debian/a@1\n\
            FileName: ./f\nSPDXID: SPDXRef-f\nLicenseConcluded: MIT\n\
            LicenseID: LicenseRef-1\nExtractedText: <text>BSD-3-clause</text>\n\
            Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-i\n\
            Relationship: SPDXRef-a CONTAINS SPDXRef-f\n";
        let bill = read(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(bill.tool, "syft 1.18.1");
        assert_eq!(bill.components.len(), 1);
        let a = &bill.components[0];
        assert_eq!((&*a.id, &*a.version, a.files), ("SPDXRef-a", "1", 1));
        assert_eq!(a.purl.as_deref(), Some("pkg:deb/debian/a@1"));
        assert_eq!(a.declared.as_deref(), Some("BSD-3-Clause"));
    }

    #[test]
    fn a_text_without_an_end_is_an_error() {
        let text = "SPDXVersion: SPDX-2.3\nPackageName: a\nPackageComment: <text>b\n";
        assert!(read(text.as_bytes(), &Limits::default()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, lines in "(PackageName|Relationship|ExternalRef|LicenseID): ?[<>/a-z \\n]{0,20}") {
            let mut all = b"SPDXVersion: SPDX-2.3\n".to_vec();
            all.extend(lines.as_bytes());
            all.extend(bytes);
            let _ = read(&all[..], &Limits::default());
        }
    }
}
