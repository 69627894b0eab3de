//! A bill of materials by SPDX 2.3 (ISO/IEC 5962), in the model of spdx-rs.
//!
//! Two things that this model would write wrongly are kept out of it: a time of creation with a
//! fraction of a second, and external references of the category PERSISTENT-ID. A file would
//! need its SHA-1 (8.4), which a report does not hold, so there are packages only.

use hpcctl_model::scan::{Package, Scan};
use hpcctl_model::{Envelope, hex};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spdx_rs::models::{
    Algorithm, Checksum, CreationInfo, DocumentCreationInformation, ExternalPackageReference,
    ExternalPackageReferenceCategory, PackageInformation, PrimaryPackagePurpose, Relationship,
    RelationshipType, SPDX,
};

use super::spdx_licenses::{LIST, Written, brought};
use super::spdx_relations::{Sources, relationships};
use super::{Copyrights, Names, subject, supplier};
use crate::report::Error;
use crate::sbom;

/// The identifiers of the document, of the image and of the distribution in it.
pub(super) const DOCUMENT: &str = "SPDXRef-DOCUMENT";
pub(super) const IMAGE: &str = "SPDXRef-Image";
const SYSTEM: &str = "SPDXRef-OperatingSystem";

/// What the specification has for "not known".
pub const NOT_KNOWN: &str = "NOASSERTION";

/// Makes the document.
pub fn document(report: &Envelope<Scan>) -> Result<SPDX, Error> {
    let scan = &report.result;
    let names = Names::new(&scan.packages);
    let copyrights = Copyrights::new(scan);
    let mut packages = vec![image(scan)?];
    for (place, package) in scan.packages.iter().enumerate() {
        let statements = copyrights.of(package);
        let mut element = of_package(package, names.at(place), scan)?;
        if !statements.is_empty() {
            element.copyright_text = Some(sbom::clean(&statements.join("\n")).into_owned());
        }
        packages.push(element);
    }
    let sources = Sources::new(scan);
    let mut relationships = relationships(scan, &names, &packages, &sources);
    if let Some(system) = system(scan)? {
        packages.push(system);
        let contains = RelationshipType::Contains;
        relationships.push(Relationship::new(IMAGE, SYSTEM, contains, None));
    }
    packages.extend(sources.elements()?);
    Ok(SPDX {
        document_creation_information: creation(report)?,
        other_licensing_information_detected: brought(&scan.packages),
        package_information: packages,
        relationships,
        file_information: Vec::new(),
        snippet_information: Vec::new(),
        annotations: Vec::new(),
        spdx_ref_counter: 0,
    })
}

/// An element of which nothing is known yet.
pub(super) fn nothing_known() -> Result<PackageInformation, Error> {
    Ok(PackageInformation {
        package_download_location: NOT_KNOWN.into(),
        files_analyzed: Some(false),
        concluded_license: expression(None)?,
        declared_license: expression(None)?,
        copyright_text: Some(NOT_KNOWN.into()),
        ..PackageInformation::default()
    })
}

fn creation(report: &Envelope<Scan>) -> Result<DocumentCreationInformation, Error> {
    let incomplete = "Not complete: something in the image could not be read or was left out.";
    // Through JSON, because the time is of a crate that nothing else here needs.
    let creation_info: CreationInfo = serde_json::from_value(json!({
        "creators": [format!("Tool: {}-{}", report.tool.name, report.tool.version)],
        "created": sbom::timestamp(report),
        "licenseListVersion": LIST,
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
        document_comment: (!report.result.is_whole()).then(|| incomplete.into()),
        document_describes: Vec::new(),
    })
}

fn image(scan: &Scan) -> Result<PackageInformation, Error> {
    let image = &scan.image;
    let purpose = if subject::is_container(image) {
        PrimaryPackagePurpose::Container
    } else {
        PrimaryPackagePurpose::Other
    };
    let checksum = subject::sha256(image).map(|hex| Checksum::new(Algorithm::SHA256, hex));
    let digest = image.digest.as_deref().unwrap_or_default();
    let layers = image.layers.iter().filter_map(|layer| {
        let digest = layer.digest.as_deref()?;
        let by = layer.created_by.as_deref().map(|by| format!(": {by}"));
        Some(format!("layer {digest}{}", by.unwrap_or_default()))
    });
    let loose = match scan.unowned.len() {
        0 => None,
        count => Some(format!("{count} files belong to no package")),
    };
    // Each is a part of its own.
    let held = image.holds.iter();
    let held = held.map(|what| format!("holds {}", what.replace("; ", ", ")));
    let comment: Vec<String> = layers.chain(held).chain(loose).collect();
    Ok(PackageInformation {
        package_name: one_line(&image.reference),
        package_spdx_identifier: IMAGE.into(),
        package_version: Some(version(digest)),
        package_supplier: Some(organization(image.supplier.as_deref())),
        package_checksum: checksum.into_iter().collect(),
        package_comment: (!comment.is_empty()).then(|| one_line(&comment.join("; "))),
        external_reference: purl(subject::purl(image).as_deref()),
        primary_package_purpose: Some(purpose),
        ..nothing_known()?
    })
}

/// The distribution: scanners of vulnerabilities ask for it.
fn system(scan: &Scan) -> Result<Option<PackageInformation>, Error> {
    let Some((id, version)) = sbom::distribution(&scan.packages) else {
        return Ok(None);
    };
    Ok(Some(PackageInformation {
        package_name: one_line(id),
        package_spdx_identifier: SYSTEM.into(),
        package_version: Some(self::version(version.unwrap_or_default())),
        package_supplier: Some(organization(Some(supplier::of_distribution(id)))),
        primary_package_purpose: Some(PrimaryPackagePurpose::OperatingSystem),
        ..nothing_known()?
    }))
}

/// The reference to a package URL, where it is one.
fn purl(text: Option<&str>) -> Vec<ExternalPackageReference> {
    let purl = text.and_then(sbom::valid_purl).map(|purl| {
        let category = ExternalPackageReferenceCategory::PackageManager;
        ExternalPackageReference::new(category, "purl".into(), purl.to_string(), None)
    });
    purl.into_iter().collect()
}

fn of_package(package: &Package, name: &str, scan: &Scan) -> Result<PackageInformation, Error> {
    let licenses = &package.licenses;
    let places = package
        .locations
        .iter()
        .map(|location| match &location.layer {
            Some(layer) => format!("{} in layer {layer}", location.path),
            None => location.path.clone(),
        });
    let places: Vec<String> = places.collect();
    let found = format!("found by {} from {}", package.found_by, places.join(", "));
    // The words that trivy has for it and looks for.
    let source = package.source.as_ref();
    let source = source.map(|source| format!("built package from: {source}; "));
    Ok(PackageInformation {
        package_name: one_line(&package.name),
        package_spdx_identifier: identifier("Package", &package.kind, &package.name, name),
        package_version: Some(version(&package.version)),
        package_supplier: Some(organization(supplier::of(package, &scan.image))),
        source_information: Some(one_line(&(source.unwrap_or_default() + &found))),
        concluded_license: expression(licenses.concluded.as_deref())?,
        declared_license: expression(licenses.declared.as_deref())?,
        comments_on_license: comment(package),
        external_reference: purl(Some(&package.purl)),
        primary_package_purpose: Some(PrimaryPackagePurpose::Library),
        ..nothing_known()?
    })
}

/// The version, or the word that it is not known: the minimum elements of the NTIA ask that what is
/// not known be told ("known unknowns"), and a version that is left out may have been forgotten.
/// The specification has no word for it: [`NOT_KNOWN`] is none of a version (7.3).
pub(super) fn version(text: &str) -> String {
    one_line(if text.is_empty() { "unknown" } else { text })
}

/// An identifier of letters, digits, dots and hyphens; the digest keeps it unique.
pub(super) fn identifier(of: &str, kind: &str, name: &str, unique: &str) -> String {
    let readable = format!("{kind}-{name}");
    let readable = readable.chars().take(80).map(|c| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
            c
        } else {
            '-'
        }
    });
    let digest = hex(&Sha256::digest(unique.as_bytes())[..8]);
    format!("SPDXRef-{of}-{}-{digest}", readable.collect::<String>())
}

/// `Organization: NAME (ADDRESS)`, from `NAME <ADDRESS>`.
pub(super) fn organization(text: Option<&str>) -> String {
    let plain = |text: &str| one_line(text).replace(['(', ')'], " ").trim().to_owned();
    match text.and_then(supplier::name_and_address) {
        Some((name, Some(address))) => {
            format!("Organization: {} ({})", plain(name), plain(address))
        }
        Some((name, None)) => format!("Organization: {}", plain(name)),
        None => NOT_KNOWN.into(),
    }
}

/// The licence as the document has it: what is no valid expression is not asserted.
fn expression<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<T, Error> {
    let written = text.and_then(Written::of).map(|written| written.text);
    Ok(serde_json::from_value(Value::String(
        written.unwrap_or_else(|| NOT_KNOWN.into()),
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
    (!parts.is_empty()).then(|| one_line(&parts.join("; ")))
}

/// The text with control characters, which no field of one line may hold, as blanks.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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

    /// The relationships of a type, as places of the packages of the scan.
    fn edges(scan: &Envelope<Scan>, kind: &RelationshipType) -> Vec<(String, String)> {
        let document = document(scan).unwrap();
        let name = |id: &str| {
            let mut all = document.package_information.iter();
            let found = all.find(|package| package.package_spdx_identifier == id);
            found.map_or(id.to_owned(), |package| package.package_name.clone())
        };
        let edges = document.relationships.iter();
        edges
            .filter(|edge| edge.relationship_type == *kind)
            .map(|edge| {
                (
                    name(&edge.spdx_element_id),
                    name(&edge.related_spdx_element),
                )
            })
            .collect()
    }

    #[test]
    fn owners_hold_needs_are_named_and_sources_stand_once() {
        let mut scan = report(vec![
            package("a", None, None),
            package("b", None, None),
            package("c", None, None),
        ]);
        let b = scan.result.packages[1].purl.clone();
        scan.result.packages[0].owned_by = Some(b.clone());
        scan.result.packages[0].depends = vec![b, "pkg:deb/debian/gone@1".into()];
        for place in [1, 2] {
            scan.result.packages[place].source = Some("src 1.0-1".into());
        }
        scan.result.complete = false;
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let image = "docker-archive:a.tar";
        assert_eq!(
            edges(&scan, &RelationshipType::Contains),
            [
                pair("b", "a"),
                pair(image, "b"),
                pair(image, "c"),
                pair(image, NOT_KNOWN)
            ]
        );
        assert_eq!(edges(&scan, &RelationshipType::DependsOn), [pair("a", "b")]);
        assert_eq!(
            edges(&scan, &RelationshipType::GeneratedFrom),
            [pair("b", "src"), pair("c", "src")]
        );
        let document = document(&scan).unwrap();
        let last = document.package_information.last().unwrap();
        assert_eq!(last.package_version.as_deref(), Some("1.0-1"));
        assert_eq!(document.package_information.len(), 5);
    }

    #[test]
    fn what_has_no_version_says_so() {
        let mut scan = report(vec![package("a", None, None)]);
        scan.result.packages[0].version = String::new();
        scan.result.image.digest = None;
        let document = document(&scan).unwrap();
        let versions = document.package_information.iter();
        let mut versions = versions.map(|package| package.package_version.as_deref());
        assert!(versions.all(|version| version == Some("unknown")));
    }

    #[test]
    fn suppliers_are_organizations_with_an_address_or_without() {
        assert_eq!(
            organization(Some("A (B) <c@d.e>")),
            "Organization: A  B (c@d.e)"
        );
        assert_eq!(
            organization(Some("Red Hat, Inc.")),
            "Organization: Red Hat, Inc."
        );
        assert_eq!(organization(Some(" \n")), NOT_KNOWN);
        assert_eq!(organization(Some("<x@y.z>")), NOT_KNOWN);
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
