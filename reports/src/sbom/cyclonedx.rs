//! A bill of materials by CycloneDX 1.5, in the model of cyclonedx-bom.
//!
//! The components are a flat list, also those that another one brought (`hpcctl:owned_by`):
//! readers such as trivy leave out what is nested in a component. Files that no package owns
//! are components where they are programs, libraries or archives; the rest, which can be any
//! number, is counted in the properties of the image. Lifecycles are left out: cyclonedx-bom
//! writes them in a place where the XML schema has none.

use std::collections::BTreeMap;

use cyclonedx_bom::external_models::date_time::DateTime;
use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::models::bom::{Bom, BomReference, SpecVersion, UrnUuid};
use cyclonedx_bom::models::component::{
    Classification, Component, ComponentEvidence, Components, Copyright, CopyrightTexts,
    Occurrence, Occurrences,
};
use cyclonedx_bom::models::composition::{AggregateType, Composition, Compositions};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{License, LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::models::organization::{OrganizationalContact, OrganizationalEntity};
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::models::tool::Tools;
use hpcctl_model::Envelope;
use hpcctl_model::scan::{ContentKind, Image, Package, Scan, UnownedFile};

use super::{Copyrights, Names, clean, subject, supplier};
use crate::report::Error;
use crate::sbom;

/// The references of the image and of the distribution in it.
const IMAGE: &str = "image";
const SYSTEM: &str = "operating-system";

/// Makes the bill.
pub fn bom(report: &Envelope<Scan>) -> Result<Bom, Error> {
    let scan = &report.result;
    let names = Names::new(&scan.packages);
    let packages = scan.packages.iter().enumerate();
    let copyrights = Copyrights::new(scan);
    let packages =
        packages.map(|(place, package)| component(package, names.at(place), scan, &copyrights));
    let loose = scan.unowned.iter().filter(|file| is_listed(file));
    let components = system(&scan.packages)
        .into_iter()
        .chain(packages)
        .chain(loose.map(file));
    let incomplete = Composition {
        bom_ref: None,
        aggregate: AggregateType::Incomplete,
        assemblies: Some(vec![BomReference::new(IMAGE)]),
        dependencies: None,
        vulnerabilities: None,
        signature: None,
    };
    Ok(Bom {
        serial_number: Some(UrnUuid(format!("urn:uuid:{}", sbom::uuid(report)?))),
        metadata: Some(metadata(report)?),
        components: Some(Components(components.collect())),
        dependencies: Some(dependencies(&scan.packages, &names)),
        compositions: (!scan.is_whole()).then(|| Compositions(vec![incomplete])),
        spec_version: SpecVersion::V1_5,
        ..Bom::default()
    })
}

/// The licence that a component is said to have: what was concluded, else what was declared.
pub fn chosen(package: &Package) -> Option<&str> {
    let licenses = &package.licenses;
    let concluded = licenses.concluded.as_deref();
    concluded.or(licenses.declared.as_deref())
}

fn metadata(report: &Envelope<Scan>) -> Result<Metadata, Error> {
    let scan = &report.result;
    let timestamp = DateTime::try_from(sbom::timestamp(report));
    let (name, version) = (&report.tool.name, &report.tool.version);
    let mut tool = Component::new(Classification::Application, name, version, None);
    tool.publisher = Some(NormalizedString::new("hpcctl"));
    Ok(Metadata {
        timestamp: Some(timestamp.map_err(|error| Error::CycloneDx(error.to_string()))?),
        tools: Some(Tools::Object {
            services: None,
            components: Some(Components(vec![tool])),
        }),
        component: Some(image(scan)),
        supplier: scan.image.supplier.as_deref().and_then(organization),
        ..Metadata::default()
    })
}

fn image(scan: &Scan) -> Component {
    let image = &scan.image;
    // A directory is no container; the specification has no better word for it than file.
    let kind = if subject::is_container(image) {
        Classification::Container
    } else {
        Classification::File
    };
    let mut component = Component::new(kind, &clean(&image.reference), "", Some(IMAGE.into()));
    component.version = image.digest.as_deref().map(NormalizedString::new);
    component.supplier = image.supplier.as_deref().and_then(organization);
    component.purl = subject::purl(image).as_deref().and_then(sbom::valid_purl);
    component.hashes = subject::sha256(image).map(|hex| {
        let (alg, content) = (HashAlgorithm::SHA_256, HashValue(hex.into()));
        Hashes(vec![Hash { alg, content }])
    });
    let format = property("hpcctl:format", &image.format);
    // What lies beside the packages, such as a signature: it goes wherever the image goes.
    let held = image.holds.iter().enumerate();
    let held = held.map(|(place, what)| property(format!("hpcctl:holds:{place}"), what));
    let rest = layers(image).into_iter().chain(held);
    let rest = rest.chain(counts(&scan.unowned));
    component.properties = Some(Properties(std::iter::once(format).chain(rest).collect()));
    component
}

fn layers(image: &Image) -> Vec<Property> {
    let mut properties = Vec::new();
    for (place, layer) in image.layers.iter().enumerate() {
        let facts = [
            ("digest", &layer.digest),
            ("diff_id", &layer.diff_id),
            ("created_by", &layer.created_by),
        ];
        for (what, value) in facts {
            let name = format!("hpcctl:layer:{place}:{what}");
            properties.extend(value.as_deref().map(|value| property(name, value)));
        }
    }
    properties
}

/// How many files no package owns, and how many bytes they have, by kind.
fn counts(files: &[UnownedFile]) -> Vec<Property> {
    let mut kinds: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for file in files {
        let (count, bytes) = kinds.entry(file.kind.as_str()).or_default();
        (*count, *bytes) = (*count + 1, bytes.saturating_add(file.size));
    }
    let kinds = kinds.into_iter().map(|(kind, (count, bytes))| {
        let value = format!("{count} files, {bytes} bytes");
        property(format!("hpcctl:unowned:{kind}"), &value)
    });
    kinds.collect()
}

/// The distribution: scanners of vulnerabilities ask for it.
fn system(packages: &[Package]) -> Option<Component> {
    let (name, version) = sbom::distribution(packages)?;
    let kind = Classification::OperatingSystem;
    let mut component = Component::new(kind, &clean(name), "", Some(SYSTEM.into()));
    component.version = version.map(|version| NormalizedString::new(&clean(version)));
    Some(component)
}

fn component<'a>(
    package: &'a Package,
    name: &str,
    scan: &Scan,
    copyrights: &Copyrights<'a>,
) -> Component {
    let kind = Classification::Library;
    let mut component = Component::new(kind, &clean(&package.name), "", Some(name.into()));
    component.version = match &*package.version {
        "" => None,
        version => Some(NormalizedString::new(&clean(version))),
    };
    component.purl = sbom::valid_purl(&package.purl);
    component.supplier = supplier::of(package, &scan.image).and_then(organization);
    component.licenses = chosen(package).map(license);
    component.evidence = Some(evidence(package, copyrights));
    component.properties = Some(properties(package));
    component
}

/// What was found in the files of a package.
fn evidence<'a>(package: &'a Package, copyrights: &Copyrights<'a>) -> ComponentEvidence {
    let paths = package.locations.iter();
    let paths = paths.map(|location| Occurrence::new(&clean(&location.path)));
    let statements = copyrights.of(package).into_iter();
    let statements = statements.map(|text| Copyright(clean(text).into_owned()));
    let statements: Vec<Copyright> = statements.collect();
    ComponentEvidence {
        licenses: package.licenses.detected.as_deref().map(license),
        copyright: (!statements.is_empty()).then_some(CopyrightTexts(statements)),
        occurrences: Some(Occurrences(paths.collect())),
        callstack: None,
        identity: None,
    }
}

/// Whether a file that no package owns is a component of its own.
fn is_listed(file: &UnownedFile) -> bool {
    use ContentKind::{Archive, Library, Object, Program};
    matches!(file.kind, Program | Library | Object | Archive)
}

fn file(file: &UnownedFile) -> Component {
    let path = clean(&file.path);
    let name = format!("file:{path}");
    let mut component = Component::new(Classification::File, &path, "", Some(name));
    component.version = None;
    let layer = file.layer.as_deref();
    let properties = [
        Some(property("hpcctl:unowned", file.kind.as_str())),
        Some(property("hpcctl:size", &file.size.to_string())),
        layer.map(|layer| property("hpcctl:layer", layer)),
    ];
    component.properties = Some(Properties(properties.into_iter().flatten().collect()));
    component
}

fn organization(text: &str) -> Option<OrganizationalEntity> {
    let text = clean(text);
    let (name, address) = supplier::name_and_address(&text)?;
    let mut organization = OrganizationalEntity::new(name);
    let contact = address.map(|address| OrganizationalContact::new(name, Some(address)));
    organization.contact = contact.map(|contact| vec![contact]);
    Some(organization)
}

/// An expression; where the text is not a valid one, a licence of that name.
fn license(text: &str) -> Licenses {
    Licenses(vec![match sbom::license_refs(text) {
        Some(_) => LicenseChoice::expression(text),
        None => LicenseChoice::License(License::named_license(&clean(text))),
    }])
}

fn property(name: impl Into<String>, value: &str) -> Property {
    Property::new(name.into(), &clean(value))
}

fn properties(package: &Package) -> Properties {
    let mut properties = vec![
        property("hpcctl:type", &package.kind),
        property("hpcctl:found_by", &package.found_by),
    ];
    let some = [
        ("hpcctl:source", &package.source),
        ("hpcctl:owned_by", &package.owned_by),
        ("hpcctl:license:declared", &package.licenses.declared),
    ];
    for (name, value) in some {
        properties.extend(value.as_deref().map(|value| property(name, value)));
    }
    if package.files > 0 {
        properties.push(property("hpcctl:files", &package.files.to_string()));
    }
    for (place, location) in package.locations.iter().enumerate() {
        let name = |what| format!("hpcctl:location:{place}:{what}");
        properties.push(property(name("path"), &location.path));
        let layer = location.layer.as_deref();
        properties.extend(layer.map(|layer| property(name("layer"), layer)));
    }
    for (place, path) in package.license_files.iter().enumerate() {
        properties.push(property(format!("hpcctl:license:file:{place}"), path));
    }
    Properties(properties)
}

/// The image holds every package that no other brought; a package needs others.
fn dependencies(packages: &[Package], names: &Names<'_>) -> Dependencies {
    let name = |place: usize| names.at(place).to_owned();
    let mut all: Vec<Dependency> = Vec::new();
    let own = packages.iter().enumerate();
    let own = own.filter(|(_, package)| package.owned_by.is_none());
    all.push(Dependency {
        dependency_ref: IMAGE.into(),
        dependencies: own.map(|(place, _)| name(place)).collect(),
    });
    for (place, package) in packages.iter().enumerate() {
        let needs: Vec<String> = names
            .needs(package)
            .filter(|other| *other != place)
            .map(name)
            .collect();
        if !needs.is_empty() {
            all.push(Dependency {
                dependency_ref: name(place),
                dependencies: needs,
            });
        }
    }
    Dependencies(all)
}

#[cfg(test)]
mod tests {
    use cyclonedx_bom::prelude::Validate;

    use super::*;
    use crate::sbom::tests::{package, report};

    #[test]
    fn a_bill_is_valid_and_its_licences_are_expressions_or_names() {
        let mut scan = report(vec![
            package("a", Some("MIT"), Some("MIT OR Apache-2.0")),
            package("a", Some("BSD style"), None),
            package("b", None, Some("LicenseRef-b")),
        ]);
        scan.result.complete = false;
        let bom = bom(&scan).unwrap();
        assert!(bom.validate().passed(), "{:?}", bom.validate());
        let components = bom.components.unwrap().0;
        let choices: Vec<_> = components
            .iter()
            .map(|c| c.licenses.clone().unwrap().0.remove(0))
            .collect();
        assert_eq!(choices[0], LicenseChoice::expression("MIT OR Apache-2.0"));
        assert_eq!(
            choices[1],
            LicenseChoice::License(License::named_license("BSD style"))
        );
        assert_eq!(choices[2], LicenseChoice::expression("LicenseRef-b"));
    }

    #[test]
    fn what_brought_what_and_who_needs_whom() {
        let mut scan = report(vec![package("a", None, None), package("b", None, None)]);
        let [a, b] = &mut scan.result.packages[..] else {
            panic!("two packages")
        };
        (a.kind, a.purl) = ("pypi".into(), "pkg:pypi/a@1".into());
        b.purl = "pkg:deb/debian/b@1?arch=all&distro=debian-12".into();
        a.owned_by = Some(b.purl.clone());
        a.depends = vec![b.purl.clone(), "pkg:pypi/gone".into()];
        let bom = bom(&scan).unwrap();
        let components = bom.components.unwrap().0;
        assert_eq!(
            components[0].component_type,
            Classification::OperatingSystem
        );
        assert_eq!(
            components[0].version.as_ref().map(|v| v.to_string()),
            Some("12".into())
        );
        let owned = components[1].properties.as_ref().unwrap().0.iter();
        assert!(owned.clone().any(|p| p.name == "hpcctl:owned_by"));
        let edges: Vec<_> = bom
            .dependencies
            .unwrap()
            .0
            .into_iter()
            .map(|edge| (edge.dependency_ref, edge.dependencies.len()))
            .collect();
        assert_eq!(
            edges,
            [("image".to_owned(), 1), ("pkg:pypi/a@1".to_owned(), 1)]
        );
    }

    #[test]
    fn only_code_that_nobody_owns_is_a_component() {
        let mut scan = report(Vec::new());
        let loose = |path: &str, kind| UnownedFile {
            path: path.into(),
            layer: Some("sha256:aa".into()),
            size: 7,
            kind,
        };
        scan.result.unowned = vec![
            loose("/opt/lib.so", ContentKind::Library),
            loose("/etc/hosts", ContentKind::Text),
        ];
        let bom = bom(&scan).unwrap();
        assert_eq!(bom.components.unwrap().0.len(), 1);
        let image = bom.metadata.unwrap().component.unwrap();
        let counts: Vec<_> = image.properties.unwrap().0;
        assert!(
            counts
                .iter()
                .any(|p| p.name == "hpcctl:unowned:text" && &*p.value == "1 files, 7 bytes")
        );
    }
}
