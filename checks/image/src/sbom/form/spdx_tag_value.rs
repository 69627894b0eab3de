//! SPDX as text: a tag, a colon and a value on each line, elements told apart by the tag that
//! each begins with; a value in `<text>` may have several lines.

use super::spdx::{self, Checksum, Document, Extracted, File, Package, Reference, Relationship};
use crate::Limits;
use crate::sbom::Bill;
use crate::sbom::lenient::Lenient;

/// The most elements of one kind; the rest of them would not be looked at.
const MOST: usize = 4_000_000;

/// Reads a file.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Bill, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut reading = Reading::default();
    let mut rest = &*text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let Some((tag, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else {
            rest = after;
            continue;
        };
        let value = value.trim();
        match value.strip_prefix("<text>") {
            Some(_) => {
                // From the mark on, wherever it ends.
                let start = rest.find("<text>").map_or(0, |at| at + "<text>".len());
                let body = &rest[start..];
                let Some((value, after)) = body.split_once("</text>") else {
                    return Err(format!("the <text> of {} has no end", tag.trim()));
                };
                reading.take(tag.trim(), value);
                rest = after.split_once('\n').map_or("", |(_, after)| after);
            }
            None => {
                reading.take(tag.trim(), value);
                rest = after;
            }
        }
        if reading.elements > MOST {
            return Err(format!("it has more than {MOST} elements"));
        }
    }
    spdx::bill(reading.document(), limits)
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
    elements: usize,
    version: String,
    creators: Vec<String>,
    packages: Vec<Package>,
    files: Vec<File>,
    licenses: Vec<Extracted>,
    relationships: Vec<Relationship>,
}

impl Reading {
    fn take(&mut self, tag: &str, value: &str) {
        let text = || value.to_owned();
        match tag {
            "SPDXVersion" => self.version = text(),
            "Creator" => self.creators.push(text()),
            "PackageName" => {
                self.begin(At::Package);
                self.packages.push(Package {
                    name: text(),
                    ..Package::default()
                });
            }
            "FileName" => {
                self.begin(At::File);
                self.files.push(File::default());
            }
            "LicenseID" => {
                self.begin(At::License);
                self.licenses.push(Extracted {
                    license_id: text(),
                    ..Extracted::default()
                });
            }
            "SnippetSPDXID" => self.begin(At::Other),
            "Relationship" => self.relationship(value),
            "RelationshipComment" => {
                if let Some(last) = self.relationships.last_mut() {
                    last.comment = Some(text());
                }
            }
            _ => match (&self.at, self.packages.last_mut()) {
                (At::Package, Some(package)) => of_package(package, tag, value),
                (At::File, _) if tag == "SPDXID" => {
                    if let Some(file) = self.files.last_mut() {
                        file.id = text();
                    }
                }
                (At::License, _) => self.of_license(tag, value),
                _ => {}
            },
        }
    }

    fn begin(&mut self, at: At) {
        self.at = at;
        self.elements += 1;
    }

    fn relationship(&mut self, value: &str) {
        let mut words = value.split_whitespace();
        if let (Some(from), Some(kind), Some(to)) = (words.next(), words.next(), words.next()) {
            self.elements += 1;
            self.relationships.push(Relationship {
                spdx_element_id: from.to_owned(),
                related_spdx_element: to.to_owned(),
                relationship_type: kind.to_owned(),
                comment: None,
            });
        }
    }

    fn of_license(&mut self, tag: &str, value: &str) {
        let Some(license) = self.licenses.last_mut() else {
            return;
        };
        match tag {
            "ExtractedText" => license.extracted_text = value.to_owned(),
            "LicenseName" => license.name = Some(value.to_owned()),
            _ => {}
        }
    }

    fn document(self) -> Document {
        fn all<T>(list: Vec<T>) -> Vec<Lenient<T>> {
            list.into_iter().map(Lenient::Good).collect()
        }
        Document {
            spdx_version: self.version,
            creation_info: spdx::Creation {
                creators: self.creators,
            },
            document_describes: Vec::new(),
            packages: all(self.packages),
            files: all(self.files),
            relationships: all(self.relationships),
            has_extracted_licensing_infos: all(self.licenses),
        }
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
            let _ = read(&all, &Limits::default());
        }
    }
}
