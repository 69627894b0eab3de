//! `cyclonedx-json`: a bill of materials by CycloneDX 1.5 (ECMA-424).

use std::io::Write;

use cyclonedx_bom::external_models::date_time::DateTime;
use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::models::bom::{Bom, BomReference, SpecVersion, UrnUuid};
use cyclonedx_bom::models::component::{
    Classification, Component, ComponentEvidence, Components, Occurrence, Occurrences,
};
use cyclonedx_bom::models::composition::{AggregateType, Composition, Compositions};
use cyclonedx_bom::models::license::{License, LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::models::organization::{OrganizationalContact, OrganizationalEntity};
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::models::tool::Tools;
use hpcctl_model::Envelope;
use hpcctl_model::scan::{Package, Scan};

use crate::report::{Error, Kind, Options, Report};
use crate::sbom;
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "cyclonedx-json",
    versions: &["1.5"],
    kinds: &[Kind::Scan],
    write,
};

/// The reference of the image itself.
const IMAGE: &str = "image";

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut text = Vec::new();
    bom(report.scan()?)?
        .output_as_json_v1_5(&mut text)
        .map_err(|error| Error::CycloneDx(error.to_string()))?;
    out.write_all(&text)?;
    Ok(writeln!(out)?)
}

fn bom(report: &Envelope<Scan>) -> Result<Bom, Error> {
    let serial = UrnUuid(format!("urn:uuid:{}", sbom::uuid(report)?));
    let scan = &report.result;
    let names = sbom::unique_names(&scan.packages);
    let components = scan
        .packages
        .iter()
        .zip(names)
        .map(|(package, name)| component(package, name));
    let incomplete = Composition {
        bom_ref: None,
        aggregate: AggregateType::Incomplete,
        assemblies: Some(vec![BomReference::new(IMAGE)]),
        dependencies: None,
        vulnerabilities: None,
        signature: None,
    };
    Ok(Bom {
        serial_number: Some(serial),
        metadata: Some(metadata(report)?),
        components: Some(Components(components.collect())),
        compositions: (!scan.complete).then(|| Compositions(vec![incomplete])),
        spec_version: SpecVersion::V1_5,
        ..Bom::default()
    })
}

fn metadata(report: &Envelope<Scan>) -> Result<Metadata, Error> {
    let image = &report.result.image;
    let timestamp = DateTime::try_from(sbom::timestamp(report));
    let mut tool = Component::new(
        Classification::Application,
        &report.tool.name,
        &report.tool.version,
        None,
    );
    tool.publisher = Some(NormalizedString::new("hpcctl"));
    // A directory is no container; the specification has no better word for it than file.
    let kind = match &image.digest {
        Some(_) => Classification::Container,
        None => Classification::File,
    };
    let version = image.digest.as_deref().unwrap_or_default();
    let mut subject = Component::new(kind, &image.reference, version, Some(IMAGE.into()));
    subject.version = image.digest.as_deref().map(NormalizedString::new);
    let layers = image
        .layers
        .iter()
        .enumerate()
        .filter_map(|(place, layer)| {
            let digest = layer.digest.as_deref()?;
            Some(Property::new(format!("hpcctl:layer:{place}"), digest))
        });
    let properties = std::iter::once(Property::new("hpcctl:format", &image.format)).chain(layers);
    subject.properties = Some(Properties(properties.collect()));
    Ok(Metadata {
        timestamp: Some(timestamp.map_err(|error| Error::CycloneDx(error.to_string()))?),
        tools: Some(Tools::Object {
            services: None,
            components: Some(Components(vec![tool])),
        }),
        component: Some(subject),
        ..Metadata::default()
    })
}

fn component(package: &Package, name: String) -> Component {
    let kind = Classification::Library;
    let mut component = Component::new(kind, &package.name, &package.version, Some(name));
    component.purl = sbom::valid_purl(&package.purl);
    component.supplier = package.supplier.as_deref().and_then(supplier);
    let licenses = &package.licenses;
    let chosen = licenses
        .concluded
        .as_deref()
        .or(licenses.declared.as_deref());
    component.licenses = chosen.map(license);
    let paths = package
        .locations
        .iter()
        .map(|location| Occurrence::new(&location.path));
    component.evidence = Some(ComponentEvidence {
        licenses: licenses.detected.as_deref().map(license),
        copyright: None,
        occurrences: Some(Occurrences(paths.collect())),
        callstack: None,
        identity: None,
    });
    component.properties = Some(properties(package));
    component
}

fn supplier(text: &str) -> Option<OrganizationalEntity> {
    let (name, address) = sbom::name_and_address(text)?;
    let mut supplier = OrganizationalEntity::new(name);
    supplier.contact = address.map(|address| vec![OrganizationalContact::new(name, Some(address))]);
    Some(supplier)
}

/// An expression; where the text is not a valid one, a licence of that name.
fn license(text: &str) -> Licenses {
    Licenses(vec![match sbom::license_refs(text) {
        Some(_) => LicenseChoice::expression(text),
        None => LicenseChoice::License(License::named_license(text)),
    }])
}

fn properties(package: &Package) -> Properties {
    let mut properties = vec![
        Property::new("hpcctl:type", &package.kind),
        Property::new("hpcctl:found_by", &package.found_by),
    ];
    let some = [
        ("hpcctl:source", &package.source),
        ("hpcctl:license:declared", &package.licenses.declared),
    ];
    for (name, value) in some {
        properties.extend(value.as_deref().map(|value| Property::new(name, value)));
    }
    for (place, location) in package.locations.iter().enumerate() {
        properties.push(Property::new(
            format!("hpcctl:location:{place}:path"),
            &location.path,
        ));
        let layer = location.layer.as_deref();
        properties.extend(
            layer.map(|layer| Property::new(format!("hpcctl:location:{place}:layer"), layer)),
        );
    }
    Properties(properties)
}

#[cfg(test)]
mod tests {
    use cyclonedx_bom::prelude::Validate;

    use super::*;
    use crate::sbom::tests::{package, report};

    #[test]
    fn a_bill_is_valid_and_the_same_twice() {
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
        let text = || {
            let mut text = Vec::new();
            let options = Options {
                verbose: false,
                width: 80,
                color: false,
            };
            write(&Report::Scan(&scan), None, &options, &mut text).unwrap();
            text
        };
        assert_eq!(text(), text());
    }
}
