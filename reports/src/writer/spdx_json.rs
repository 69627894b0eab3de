//! `spdx-json`: a bill of materials by SPDX 2.3 (ISO/IEC 5962).
//!
//! Two things that the model of spdx-rs would write wrongly are kept out of it: a time of
//! creation with a fraction of a second, and external references of the category PERSISTENT-ID.

use std::collections::BTreeSet;
use std::io::Write;

use hpcctl_model::Envelope;
use hpcctl_model::scan::{Image, Package, Scan};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spdx_rs::models::{
    CreationInfo, DocumentCreationInformation, ExternalPackageReference,
    ExternalPackageReferenceCategory, OtherLicensingInformationDetected, PackageInformation,
    PrimaryPackagePurpose, Relationship, RelationshipType, SPDX,
};

use crate::report::{Error, Kind, Options, Report};
use crate::sbom;
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "spdx-json",
    versions: &["2.3"],
    kinds: &[Kind::Scan],
    write,
};

/// The identifiers of the document and of the image in it.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";

/// What the specification has for "not known".
const NOT_KNOWN: &str = "NOASSERTION";

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    serde_json::to_writer_pretty(&mut *out, &document(report.scan()?)?)?;
    Ok(writeln!(out)?)
}

fn document(report: &Envelope<Scan>) -> Result<SPDX, Error> {
    let scan = &report.result;
    let mut packages = vec![image(&scan.image)?];
    for (package, name) in scan.packages.iter().zip(sbom::unique_names(&scan.packages)) {
        packages.push(of_package(package, &name)?);
    }
    let contained = packages.iter().skip(1).map(|package| {
        let id = &package.package_spdx_identifier;
        Relationship::new(IMAGE, id, RelationshipType::Contains, None)
    });
    let describes = Relationship::new(DOCUMENT, IMAGE, RelationshipType::Describes, None);
    let relationships = std::iter::once(describes).chain(contained).collect();
    Ok(SPDX {
        document_creation_information: creation(report)?,
        other_licensing_information_detected: references(&scan.packages),
        package_information: packages,
        relationships,
        file_information: Vec::new(),
        snippet_information: Vec::new(),
        annotations: Vec::new(),
        spdx_ref_counter: 0,
    })
}

fn creation(report: &Envelope<Scan>) -> Result<DocumentCreationInformation, Error> {
    let incomplete = "The scan is not complete: something in the image could not be read.";
    // Through JSON, because the time is of a crate that nothing else here needs.
    let list = spdx::license_version();
    let creation_info: CreationInfo = serde_json::from_value(json!({
        "creators": [format!("Tool: {}-{}", report.tool.name, report.tool.version)],
        "created": sbom::timestamp(report),
        "licenseListVersion": list.rsplit_once('.').map_or(list, |(minor, _)| minor),
    }))?;
    Ok(DocumentCreationInformation {
        spdx_version: "SPDX-2.3".into(),
        data_license: "CC0-1.0".into(),
        spdx_identifier: DOCUMENT.into(),
        document_name: one_line(&report.result.image.reference),
        spdx_document_namespace: format!(
            "https://spdx.org/spdxdocs/hpcctl-{}",
            sbom::uuid(report)?
        ),
        external_document_references: Vec::new(),
        creation_info,
        document_comment: (!report.result.complete).then(|| incomplete.into()),
        document_describes: Vec::new(),
    })
}

fn image(image: &Image) -> Result<PackageInformation, Error> {
    let purpose = match &image.digest {
        Some(_) => PrimaryPackagePurpose::Container,
        None => PrimaryPackagePurpose::Other,
    };
    Ok(PackageInformation {
        package_name: one_line(&image.reference),
        package_spdx_identifier: IMAGE.into(),
        package_version: image.digest.clone(),
        package_download_location: NOT_KNOWN.into(),
        files_analyzed: Some(false),
        concluded_license: expression(None)?,
        declared_license: expression(None)?,
        copyright_text: Some(NOT_KNOWN.into()),
        primary_package_purpose: Some(purpose),
        ..PackageInformation::default()
    })
}

fn of_package(package: &Package, name: &str) -> Result<PackageInformation, Error> {
    let licenses = &package.licenses;
    let purl = sbom::valid_purl(&package.purl).map(|purl| {
        let category = ExternalPackageReferenceCategory::PackageManager;
        ExternalPackageReference::new(category, "purl".into(), purl.to_string(), None)
    });
    let places: Vec<String> = package
        .locations
        .iter()
        .map(|location| match &location.layer {
            Some(layer) => format!("{} in layer {layer}", location.path),
            None => location.path.clone(),
        })
        .collect();
    let source = package
        .source
        .as_ref()
        .map(|source| format!("; built from {source}"));
    let found = format!("found by {} from {}", package.found_by, places.join(", "));
    Ok(PackageInformation {
        package_name: one_line(&package.name),
        package_spdx_identifier: identifier(package, name),
        package_version: Some(one_line(&package.version)).filter(|version| !version.is_empty()),
        package_supplier: Some(supplier(package.supplier.as_deref())),
        package_download_location: NOT_KNOWN.into(),
        files_analyzed: Some(false),
        source_information: Some(found + &source.unwrap_or_default()),
        concluded_license: expression(licenses.concluded.as_deref())?,
        declared_license: expression(licenses.declared.as_deref())?,
        comments_on_license: comment(package),
        copyright_text: Some(NOT_KNOWN.into()),
        external_reference: purl.into_iter().collect(),
        ..PackageInformation::default()
    })
}

/// An identifier of letters, digits, dots and hyphens; the digest keeps it unique.
fn identifier(package: &Package, unique: &str) -> String {
    let readable = format!("{}-{}", package.kind, package.name);
    let readable = readable.chars().take(80).map(|c| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
            c
        } else {
            '-'
        }
    });
    let digest = sbom::hex(&Sha256::digest(unique.as_bytes())[..8]);
    format!("SPDXRef-Package-{}-{digest}", readable.collect::<String>())
}

/// `Organization: NAME (ADDRESS)`, from `NAME <ADDRESS>`.
fn supplier(text: Option<&str>) -> String {
    let plain = |text: &str| one_line(text).replace(['(', ')'], " ").trim().to_owned();
    match text.and_then(sbom::name_and_address) {
        Some((name, Some(address))) => {
            format!("Organization: {} ({})", plain(name), plain(address))
        }
        Some((name, None)) => format!("Organization: {}", plain(name)),
        None => NOT_KNOWN.into(),
    }
}

/// The licence as the document has it: what is no valid expression is not asserted.
fn expression<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<T, Error> {
    let valid = text.filter(|text| sbom::license_refs(text).is_some());
    Ok(serde_json::from_value(Value::String(
        valid.unwrap_or(NOT_KNOWN).into(),
    ))?)
}

/// What the fields of licences cannot hold.
fn comment(package: &Package) -> Option<String> {
    let licenses = &package.licenses;
    let invalid = [
        ("declared", &licenses.declared),
        ("concluded", &licenses.concluded),
    ]
    .into_iter()
    .filter_map(|(what, text)| Some((what, text.as_deref()?)))
    .filter(|(_, text)| sbom::license_refs(text).is_none())
    .map(|(what, text)| format!("{what}, not an SPDX expression: {text}"));
    let detected = licenses
        .detected
        .as_ref()
        .map(|text| format!("detected in files: {text}"));
    let parts: Vec<String> = invalid.chain(detected).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// An entry for each `LicenseRef-…` that the packages use.
fn references(packages: &[Package]) -> Vec<OtherLicensingInformationDetected> {
    let used = packages.iter().flat_map(|package| {
        let licenses = &package.licenses;
        [&licenses.declared, &licenses.concluded]
            .into_iter()
            .flatten()
    });
    let refs: BTreeSet<String> = used
        .filter_map(|text| sbom::license_refs(text))
        .flatten()
        .collect();
    refs.into_iter()
        .map(|id| OtherLicensingInformationDetected {
            license_name: id.trim_start_matches("LicenseRef-").into(),
            extracted_text: format!(
                "The text of {id} is not part of this document; it is in the packages that bear it."
            ),
            license_identifier: id,
            license_cross_reference: Vec::new(),
            license_comment: None,
        })
        .collect()
}

/// The text with control characters, which no field of one line may hold, as blanks.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::tests::{package, report};

    #[test]
    fn times_references_and_relationships_are_as_the_specification_has_them() {
        let scan = report(vec![
            package("a", Some("MIT AND (LicenseRef-x OR GPL-2.0-only)"), None),
            package("b", Some("BSD style"), Some("LicenseRef-y")),
        ]);
        let json = serde_json::to_value(document(&scan).unwrap()).unwrap();
        assert_eq!(json["creationInfo"]["created"], "2026-01-02T03:04:06Z");
        assert_eq!(
            json["packages"][1]["licenseDeclared"],
            "MIT AND (LicenseRef-x OR GPL-2.0-only)"
        );
        assert_eq!(json["packages"][1]["licenseConcluded"], NOT_KNOWN);
        assert_eq!(
            json["packages"][1]["externalRefs"][0]["referenceCategory"],
            "PACKAGE-MANAGER"
        );
        assert_eq!(
            json["packages"][1]["supplier"],
            "Organization: Jo Doe (jo@example.org)"
        );
        assert_eq!(json["packages"][2]["licenseDeclared"], NOT_KNOWN);
        assert_eq!(
            json["packages"][2]["licenseComments"],
            "declared, not an SPDX expression: BSD style"
        );
        let infos = json["hasExtractedLicensingInfos"].as_array().unwrap();
        let ids: Vec<_> = infos
            .iter()
            .map(|info| info["licenseId"].as_str().unwrap())
            .collect();
        assert_eq!(ids, ["LicenseRef-x", "LicenseRef-y"]);
        assert_eq!(json["relationships"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn suppliers_are_organizations_with_an_address_or_without() {
        assert_eq!(
            supplier(Some("A (B) <c@d.e>")),
            "Organization: A  B (c@d.e)"
        );
        assert_eq!(
            supplier(Some("Red Hat, Inc.")),
            "Organization: Red Hat, Inc."
        );
        assert_eq!(supplier(Some(" \n")), NOT_KNOWN);
        assert_eq!(supplier(Some("<x@y.z>")), NOT_KNOWN);
    }

    #[test]
    fn two_packages_of_one_name_have_two_identifiers() {
        let scan = report(vec![package("g++", None, None), package("g++", None, None)]);
        let document = document(&scan).unwrap();
        let ids: BTreeSet<&str> = document
            .package_information
            .iter()
            .map(|package| package.package_spdx_identifier.as_str())
            .collect();
        assert_eq!(ids.len(), 3);
        assert!(
            ids.iter()
                .any(|id| id.starts_with("SPDXRef-Package-deb-g---"))
        );
    }
}
