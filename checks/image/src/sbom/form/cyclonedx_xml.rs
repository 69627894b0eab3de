//! CycloneDX in XML.

use std::io::Read;

use serde_json::json;

use super::cyclonedx::{
    self, Bom, Choice, Component, Components, Composition, Contact, Dependency, Evidence, Hash,
    License, Metadata, Occurrence, Organization, Property,
};
use super::element::{self, Element};
use super::properties::is_read;
use crate::Limits;
use crate::sbom::Bill;

/// Elements that are large and say nothing that is read.
const LEFT_OUT: [&str; 8] = [
    "vulnerabilities",
    "services",
    "formulation",
    "annotations",
    "externalReferences",
    "text",
    "pedigree",
    "description",
];

/// Reads a file.
pub(super) fn read(file: impl Read, limits: &Limits) -> Result<Bill, String> {
    let root = element::read(file, |element| match &*element.name {
        "property" => element.attribute("name").is_some_and(is_read),
        name => !LEFT_OUT.contains(&name),
    })?;
    let version = root
        .namespace
        .strip_prefix("http://cyclonedx.org/schema/bom/");
    let version = version.filter(|_| root.name == "bom");
    let version = version.ok_or("its first element is not the bom of CycloneDX")?;
    let none = Element::default();
    let metadata = root.child("metadata").unwrap_or(&none);
    let compositions = root.list("compositions").iter();
    let dependencies = root.list("dependencies").iter();
    let bom = Bom {
        spec_version: version.to_owned(),
        metadata: Metadata {
            tools: tools(metadata),
            component: metadata.child("component").map(component),
            supplier: metadata.child("supplier").map(organization),
        },
        components: components(&root),
        dependencies: dependencies.map(dependency).collect(),
        compositions: compositions.map(composition).collect(),
    };
    cyclonedx::bill(bom, limits)
}

/// The tools in the shape that they have in JSON; from 1.5 on they are components.
fn tools(metadata: &Element) -> serde_json::Value {
    let Some(tools) = metadata.child("tools") else {
        return json!(null);
    };
    let list = tools.child("components").unwrap_or(tools).children.iter();
    list.map(|tool| json!({"name": tool.text_of("name"), "version": tool.text_of("version")}))
        .collect()
}

fn components(within: &Element) -> Components {
    within.list("components").iter().map(component).collect()
}

fn component(element: &Element) -> Component {
    let none = Element::default();
    let evidence = element.child("evidence").unwrap_or(&none);
    let properties = element.list("properties").iter().map(|property| Property {
        name: property.attribute("name").unwrap_or_default().to_owned(),
        value: property.text.clone(),
    });
    let hashes = element.list("hashes").iter().map(|hash| Hash {
        alg: hash.attribute("alg").unwrap_or_default().to_owned(),
        content: hash.text.trim().to_owned(),
    });
    let occurrences = evidence.list("occurrences").iter();
    let occurrences = occurrences.filter_map(|occurrence| {
        let location = occurrence.text_of("location")?;
        Some(Occurrence { location })
    });
    Component {
        kind: element.attribute("type").unwrap_or_default().to_owned(),
        bom_ref: element.attribute("bom-ref").map(ToOwned::to_owned),
        group: element.text_of("group"),
        name: element.text_of("name").unwrap_or_default(),
        version: element.text_of("version").filter(|text| !text.is_empty()),
        purl: element.text_of("purl"),
        supplier: element.child("supplier").map(organization),
        publisher: element.text_of("publisher"),
        author: element.text_of("author"),
        hashes: hashes.collect(),
        licenses: choices(element),
        evidence: Evidence {
            licenses: choices(evidence),
            occurrences: occurrences.collect(),
        },
        properties: properties.collect(),
        components: components(element),
    }
}

fn organization(element: &Element) -> Organization {
    let contacts = element
        .children
        .iter()
        .filter(|child| child.name == "contact");
    Organization {
        name: element.text_of("name"),
        contact: contacts
            .map(|contact| Contact {
                email: contact.text_of("email"),
            })
            .collect(),
    }
}

/// The licences of a component; in XML an expression stands beside them.
fn choices(within: &Element) -> Vec<Choice> {
    let choices = within.list("licenses").iter().map(|one| {
        let acknowledgement = one.attribute("acknowledgement").map(ToOwned::to_owned);
        match &*one.name {
            "expression" => Choice {
                license: None,
                expression: Some(one.text.trim().to_owned()),
                acknowledgement,
            },
            _ => Choice {
                license: Some(License {
                    id: one.text_of("id"),
                    name: one.text_of("name"),
                    acknowledgement,
                }),
                ..Choice::default()
            },
        }
    });
    choices.collect()
}

fn dependency(element: &Element) -> Dependency {
    let of = |element: &Element| element.attribute("ref").unwrap_or_default().to_owned();
    Dependency {
        of: of(element),
        depends_on: element.children.iter().map(of).collect(),
    }
}

fn composition(element: &Element) -> Composition {
    let assemblies = element.list("assemblies").iter();
    Composition {
        aggregate: element.text_of("aggregate").unwrap_or_default(),
        assemblies: assemblies.map(|one| json!(one.attribute("ref"))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_says_what_json_says() {
        let text = r#"<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1">
  <metadata><tools><tool><vendor>v</vendor><name>t</name><version>3</version></tool></tools>
    <component type="container" bom-ref="image"><name>i</name><version>sha256:ab</version></component>
  </metadata>
  <components>
    <component type="library" bom-ref="a">
      <supplier><name>S</name><contact><email>s@example.org</email></contact></supplier>
      <name>a &amp; b</name><version>1</version>
      <licenses><license><id>MIT</id><text>long</text></license><license><name>GPLv2</name></license></licenses>
      <purl>pkg:generic/a@1</purl>
      <properties><property name="syft:location:0:path">/x/a</property>
        <property name="other">y</property></properties>
      <components><component type="library" bom-ref="b"><name>b</name></component></components>
    </component>
  </components>
  <dependencies><dependency ref="a"><dependency ref="b"/></dependency></dependencies>
</bom>"#;
        let bill = read(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(bill.tool, "t 3");
        assert_eq!(bill.digest.as_deref(), Some("sha256:ab"));
        assert_eq!(bill.components.len(), 2);
        let a = &bill.components[0];
        assert_eq!(a.name, "a & b");
        assert_eq!(a.supplier.as_deref(), Some("S <s@example.org>"));
        assert_eq!(a.declared.as_deref(), Some("MIT AND GPL-2.0-only"));
        assert_eq!(a.locations[0].path, "/x/a");
        assert_eq!(bill.needs, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(bill.holds, [("a".to_owned(), "b".to_owned())]);
    }
}
