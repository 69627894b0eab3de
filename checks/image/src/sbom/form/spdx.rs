//! SPDX 2.2 and 2.3 (ISO/IEC 5962): what both of its formats say.

use std::collections::{HashMap, HashSet};

use hpcctl_model::scan::Location;
use serde::Deserialize;

use super::edges::{Edge, Edges, Id};
use super::extracted::Refs;
use crate::Limits;
use crate::fault::Faults;
use crate::sbom::bill::{Bill, Component};
use crate::sbom::lenient::List;
use crate::sbom::licenses;

/// Packages and licences that are kept, and files and relationships.
const MOST: usize = 50_000;
const MOST_FILES: usize = 2_000_000;

/// A document.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) spdx_version: String,
    pub(super) creation_info: Creation,
    pub(super) document_describes: Vec<Id>,
    pub(super) packages: List<Package, MOST>,
    pub(super) files: List<File, MOST_FILES>,
    pub(super) relationships: List<Edge, MOST_FILES>,
    pub(super) has_extracted_licensing_infos: List<Extracted, MOST>,
}

/// Who made it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Creation {
    pub(super) creators: Vec<String>,
}

/// A package.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Package {
    #[serde(rename = "SPDXID")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version_info: Option<String>,
    pub(super) supplier: Option<String>,
    pub(super) originator: Option<String>,
    pub(super) checksums: Vec<Checksum>,
    pub(super) source_info: Option<String>,
    pub(super) license_concluded: Option<String>,
    pub(super) license_declared: Option<String>,
    pub(super) license_info_from_files: Vec<String>,
    pub(super) external_refs: Vec<Reference>,
    pub(super) primary_package_purpose: Option<String>,
    pub(super) has_files: Vec<String>,
    pub(super) comment: Option<String>,
}

/// A digest.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Checksum {
    pub(super) algorithm: String,
    pub(super) checksum_value: String,
}

/// A name in another system.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) reference_type: String,
    pub(super) reference_locator: String,
}

/// A file, of which only counts that it is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    #[serde(rename = "SPDXID")]
    pub(super) id: Id,
}

/// A licence that is not on the list of SPDX.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Extracted {
    pub(super) license_id: String,
    pub(super) extracted_text: String,
    pub(super) name: Option<String>,
}

/// Turns a document into the one form of all bills.
pub(super) fn bill(document: Document, limits: &Limits) -> Result<Bill, String> {
    let mut faults = Faults::default();
    match document.spdx_version.strip_prefix("SPDX-2.") {
        Some("2" | "3") => {}
        Some(_) => {
            let why = "this version is not known; it was read as if it were SPDX-2.3";
            faults.add(document.spdx_version, why);
        }
        None => return Err(format!("{:?} is not read", document.spdx_version)),
    }
    let mut packages = document.packages.good("package", &mut faults);
    let files = document.files.good("file", &mut faults);
    let files: HashSet<Id> = files.into_iter().map(|file| file.id).collect();
    let relationships = document.relationships.good("relationship", &mut faults);
    let infos = document.has_extracted_licensing_infos;
    let infos = infos.good("extracted licence", &mut faults);
    let edges = Edges::new(relationships, &document.document_describes, &files);
    if edges.incomplete {
        faults.add(
            "bill of materials",
            "it says of itself that it is incomplete",
        );
    }
    let tool = tool(&document.creation_info.creators);
    let refs = Refs::new(&infos);
    let is_root = |package: &Package| {
        edges.describes(&package.id) && (purl(package).is_none() || is_image(package))
    };
    let root = packages
        .iter()
        .position(is_root)
        .map(|place| packages.remove(place));
    let sources = sources(&packages, &edges);
    packages.retain(|package| is_package(package, &edges));
    if packages.len() > limits.packages {
        let why = format!("more than {} packages", limits.packages);
        faults.add("packages", why);
        packages.truncate(limits.packages);
    }
    let [needs, holds] = edges.among(packages.iter().map(|package| &*package.id));
    let components = packages.into_iter().map(|package| {
        let source = edges.built_from(&package.id);
        let source = source.and_then(|id| sources.get(&id)).cloned();
        component(package, source, &edges, &refs)
    });
    Ok(Bill {
        tool,
        components: components.collect(),
        digest: root.as_ref().and_then(digest),
        beside: root.as_ref().map(beside).unwrap_or_default(),
        supplier: root.and_then(|root| root.supplier.as_deref().and_then(organization)),
        needs,
        holds,
        faults,
    })
}

/// The names and versions of the elements that others were built from.
fn sources(packages: &[Package], edges: &Edges) -> HashMap<Id, String> {
    let sources = packages
        .iter()
        .filter(|package| edges.is_source(&package.id))
        .map(|package| {
            let text = format!("{} {}", package.name, version(package));
            (Id::from(&*package.id), text.trim().to_owned())
        });
    sources.collect()
}

fn purl(package: &Package) -> Option<&str> {
    let mut refs = package.external_refs.iter();
    let found = refs.find(|one| one.reference_type == "purl")?;
    Some(&found.reference_locator)
}

/// The version; empty where the document does not say, or says that it is not known, in the words
/// of hpcctl and of others.
fn version(package: &Package) -> &str {
    let told = package.version_info.as_deref().unwrap_or_default();
    let is_known = !told.eq_ignore_ascii_case("unknown") && told != "NOASSERTION";
    if is_known { told } else { "" }
}

/// Whether a package stands for an image.
fn is_image(package: &Package) -> bool {
    let of_image = |purl: &str| purl.starts_with("pkg:oci/") || purl.starts_with("pkg:docker/");
    package.primary_package_purpose.as_deref() == Some("CONTAINER")
        || purl(package).is_some_and(of_image)
}

/// Whether an element is a package: not the system, a source package, or what only groups others.
fn is_package(package: &Package, edges: &Edges) -> bool {
    if purl(package).is_some() {
        return true;
    }
    let groups = version(package).is_empty() && edges.is_group(&package.id);
    let purpose = package
        .primary_package_purpose
        .as_deref()
        .unwrap_or_default();
    let is_source = edges.is_source(&package.id);
    !groups
        && !is_source
        && !matches!(
            purpose,
            "OPERATING-SYSTEM" | "OPERATING_SYSTEM" | "CONTAINER" | "FILE" | "DEVICE"
        )
}

fn component(
    package: Package,
    source: Option<String>,
    edges: &Edges,
    refs: &Refs<'_>,
) -> Component {
    let files = edges.files(&package.id);
    let info = package.source_info.as_deref().unwrap_or_default();
    let found = package.license_info_from_files.iter();
    let found: Vec<String> = found.map(|text| refs.resolved(text)).collect();
    let license = |text: &Option<String>| {
        let text = text.as_deref()?;
        licenses::of_text(&refs.resolved(text))
    };
    let version = version(&package).to_owned();
    let supplier = package.supplier.as_deref().and_then(organization);
    let supplier = supplier.or_else(|| package.originator.as_deref().and_then(organization));
    Component {
        purl: purl(&package).map(ToOwned::to_owned),
        declared: license(&package.license_declared),
        concluded: license(&package.license_concluded),
        detected: licenses::all(found.iter().map(String::as_str)),
        supplier,
        source: source.or_else(|| built_from(info)),
        files: files.unwrap_or(package.has_files.len() as u64),
        locations: locations(info),
        id: package.id,
        name: package.name,
        version,
        ..Component::default()
    }
}

/// The source package in the words of trivy and hpcctl.
fn built_from(info: &str) -> Option<String> {
    let rest = info.strip_prefix("built package from: ")?;
    let text = rest.split(';').next().unwrap_or(rest).trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The files in the words of syft (`acquired package info from …: /a, /b`) and of hpcctl
/// (`found by … from /a in layer sha256:…`).
fn locations(info: &str) -> Vec<Location> {
    let of_syft = info.strip_prefix("acquired package info from ");
    let of_syft = of_syft.and_then(|rest| Some(rest.split_once(": ")?.1));
    let own = info
        .split_once("found by ")
        .and_then(|(_, rest)| Some(rest.split_once(" from ")?.1));
    let list = of_syft.or(own).unwrap_or_default();
    let paths = list.split(", ").filter(|path| path.starts_with('/'));
    let mut locations: Vec<Location> = paths
        .map(|path| {
            let (path, layer) = match path.split_once(" in layer ") {
                Some((path, layer)) => (path, Some(layer.to_owned())),
                None => (path, None),
            };
            Location {
                path: path.to_owned(),
                layer,
                created_by: None,
            }
        })
        .collect();
    locations.sort();
    locations.dedup();
    locations
}

/// `NAME` or `NAME <ADDRESS>`, from `Organization: NAME (ADDRESS)`.
fn organization(text: &str) -> Option<String> {
    let name = text
        .strip_prefix("Organization:")
        .or_else(|| text.strip_prefix("Person:"))?
        .trim();
    let split = name
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('));
    match split {
        Some((name, address)) if address.contains('@') => {
            Some(format!("{} <{address}>", name.trim()))
        }
        Some((name, "")) => Some(name.trim().to_owned()),
        _ => Some(name.to_owned()).filter(|name| !name.is_empty()),
    }
}

/// The tool among those who made the document, as `NAME VERSION`.
fn tool(creators: &[String]) -> String {
    let mut tools = creators
        .iter()
        .filter_map(|text| text.strip_prefix("Tool:"));
    let text = tools.next().unwrap_or("unknown tool").trim();
    match text.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{name} {version}")
        }
        _ => text.to_owned(),
    }
}

/// What else the image holds, in the words of hpcctl.
fn beside(root: &Package) -> Vec<String> {
    let parts = root.comment.as_deref().unwrap_or_default().split("; ");
    let held = parts.filter_map(|part| part.strip_prefix("holds "));
    held.map(ToOwned::to_owned).collect()
}

fn digest(root: &Package) -> Option<String> {
    let mut sums = root.checksums.iter();
    let sum = sums.find(|sum| sum.algorithm == "SHA256");
    let version = root.version_info.clone();
    sum.map(|sum| format!("sha256:{}", sum.checksum_value))
        .or_else(|| version.filter(|text| text.starts_with("sha256:")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Bill {
        bill(serde_json::from_str(text).unwrap(), &Limits::default()).unwrap()
    }

    #[test]
    fn packages_are_told_from_images_systems_sources_and_groups() {
        let bill = read(
            r#"{"spdxVersion":"SPDX-2.3","creationInfo":{"creators":["Organization: X","Tool: trivy-0.76.0"]},
            "packages":[
              {"SPDXID":"i","name":"image","primaryPackagePurpose":"CONTAINER","supplier":"Organization: Y",
               "checksums":[{"algorithm":"SHA256","checksumValue":"ab"}]},
              {"SPDXID":"o","name":"debian","versionInfo":"12","primaryPackagePurpose":"OPERATING-SYSTEM"},
              {"SPDXID":"s","name":"src","versionInfo":"2","primaryPackagePurpose":"SOURCE"},
              {"SPDXID":"g","name":"package-lock.json"},
              {"SPDXID":"a","name":"a","versionInfo":"1","licenseDeclared":"LicenseRef-1 AND LicenseRef-2",
               "supplier":"Person: B (b@example.org)",
               "externalRefs":[{"referenceCategory":"PERSISTENT-I-D","referenceType":"purl","referenceLocator":"pkg:npm/a@1"}]},
              {"SPDXID":"b","name":"b","licenseConcluded":"MIT"},
              {"SPDXID":"x","name":5}],
            "files":[{"SPDXID":"f"}],
            "hasExtractedLicensingInfos":[
              {"licenseId":"LicenseRef-1","extractedText":"This component is licensed under \"GPLv2+\""},
              {"licenseId":"LicenseRef-2","extractedText":"what nobody knows"}],
            "relationships":[
              {"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"i"},
              {"spdxElementId":"g","relationshipType":"CONTAINS","relatedSpdxElement":"a"},
              {"spdxElementId":"a","relationshipType":"CONTAINS","relatedSpdxElement":"f"},
              {"spdxElementId":"a","relationshipType":"GENERATED_FROM","relatedSpdxElement":"s"},
              {"spdxElementId":"b","relationshipType":"RUNTIME_DEPENDENCY_OF","relatedSpdxElement":"a"}]}"#,
        );
        assert_eq!(
            (&*bill.tool, bill.digest.as_deref()),
            ("trivy 0.76.0", Some("sha256:ab"))
        );
        assert_eq!(bill.supplier.as_deref(), Some("Y"));
        let names: Vec<&str> = bill.components.iter().map(|c| &*c.name).collect();
        assert_eq!(names, ["a", "b"]);
        let a = &bill.components[0];
        assert_eq!(
            a.declared.as_deref(),
            Some("GPL-2.0-or-later AND LicenseRef-2")
        );
        assert_eq!(a.source.as_deref(), Some("src 2"));
        assert_eq!(a.supplier.as_deref(), Some("B <b@example.org>"));
        assert_eq!(a.files, 1);
        assert_eq!(bill.needs, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(bill.faults.into_unknowns("bill").len(), 1);
    }

    #[test]
    fn where_packages_were_found_is_read_from_the_words_of_each_tool() {
        let syft = locations("acquired package info from DPKG DB: /a/b, /c");
        let paths: Vec<&str> = syft.iter().map(|one| &*one.path).collect();
        assert_eq!(paths, ["/a/b", "/c"]);
        let own = "built package from: s 1; found by dpkg from /a in layer sha256:aa";
        assert_eq!(locations(own)[0].layer.as_deref(), Some("sha256:aa"));
        assert_eq!(built_from(own).as_deref(), Some("s 1"));
        assert!(locations("NOASSERTION").is_empty());
    }

    #[test]
    fn a_version_that_is_told_to_be_unknown_is_none() {
        for told in ["unknown", "UNKNOWN", "NOASSERTION", ""] {
            let bill = read(&format!(
                r#"{{"spdxVersion":"SPDX-2.3","packages":[{{"SPDXID":"a","name":"a","versionInfo":"{told}"}}]}}"#
            ));
            assert_eq!(bill.components[0].version, "", "{told}");
        }
    }

    #[test]
    fn an_incomplete_bill_and_other_versions_are_told() {
        let bill = read(
            r#"{"spdxVersion":"SPDX-2.9","relationships":[{"spdxElementId":"i",
            "relationshipType":"CONTAINS","relatedSpdxElement":"NOASSERTION"}]}"#,
        );
        assert_eq!(bill.faults.into_unknowns("bill").len(), 2);
        let three = serde_json::from_str(r#"{"spdxVersion":"SPDX-3.0"}"#).unwrap();
        assert!(super::bill(three, &Limits::default()).is_err());
    }
}
