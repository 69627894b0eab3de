//! CycloneDX 1.2 to 1.7 (ECMA-424): what both of its formats say.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::properties::{self, Known};
use crate::Limits;
use crate::fault::Faults;
use crate::sbom::bill::{self, Bill};
use crate::sbom::lenient::List;
use crate::sbom::licenses;

/// How deep components may lie in one another.
const DEPTH: usize = 32;

/// Elements of a list that are kept.
const MOST: usize = 50_000;

/// Components that lie beside one another.
pub(super) type Components = List<Component, MOST>;

/// A document.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Bom {
    pub(super) spec_version: String,
    pub(super) metadata: Metadata,
    pub(super) components: Components,
    pub(super) dependencies: List<Dependency, MOST>,
    pub(super) compositions: List<Composition, MOST>,
}

/// What it is about and who wrote it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    /// A list of tools, or from 1.5 on an object with a list of components.
    pub(super) tools: Value,
    pub(super) component: Option<Component>,
    pub(super) supplier: Option<Organization>,
}

/// A component.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Component {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: Option<String>,
    pub(super) group: Option<String>,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) supplier: Option<Organization>,
    pub(super) publisher: Option<String>,
    pub(super) author: Option<String>,
    pub(super) hashes: Vec<Hash>,
    pub(super) licenses: Vec<Choice>,
    pub(super) evidence: Evidence,
    pub(super) properties: Vec<Property>,
    pub(super) components: Components,
}

/// Who supplies something.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Organization {
    pub(super) name: Option<String>,
    pub(super) contact: Vec<Contact>,
}

/// A person at an organisation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Contact {
    pub(super) email: Option<String>,
}

/// A digest.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Hash {
    pub(super) alg: String,
    pub(super) content: String,
}

/// A licence or an expression.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) license: Option<License>,
    pub(super) expression: Option<String>,
    pub(super) acknowledgement: Option<String>,
}

/// A licence by its id or its name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct License {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) acknowledgement: Option<String>,
}

/// How it is known that a component is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Evidence {
    pub(super) licenses: Vec<Choice>,
    pub(super) occurrences: Vec<Occurrence>,
}

/// A place at which a component was found.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Occurrence {
    pub(super) location: String,
}

/// Something that only one tool has a word for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
}

/// What a component needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    pub(super) of: String,
    pub(super) depends_on: Vec<String>,
}

/// How much of something the bill lists.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Composition {
    pub(super) aggregate: String,
    pub(super) assemblies: Vec<Value>,
}

/// Turns a document into the one form of all bills.
pub(super) fn bill(bom: Bom, limits: &Limits) -> Result<Bill, String> {
    let mut faults = Faults::default();
    match bom.spec_version.split_once('.') {
        Some(("1", "2" | "3" | "4" | "5" | "6" | "7")) => {}
        Some(("1", _)) => {
            let why = "this version is not known; it was read as if it were 1.7";
            faults.add(format!("CycloneDX {}", bom.spec_version), why);
        }
        _ => return Err(format!("CycloneDX {:?} is not read", bom.spec_version)),
    }
    let subject = bom.metadata.component.unwrap_or_default();
    let supplier = bom.metadata.supplier.and_then(organization);
    let supplier = supplier.or_else(|| subject.supplier.and_then(organization));
    let needs: Vec<(String, String)> = bom
        .dependencies
        .good("dependency", &mut faults)
        .into_iter()
        .flat_map(|edge| {
            let of = edge.of;
            let needs = edge.depends_on.into_iter();
            needs.map(move |need| (of.clone(), need))
        })
        .collect();
    for composition in bom.compositions.good("composition", &mut faults) {
        if composition.aggregate.starts_with("incomplete") && !composition.assemblies.is_empty() {
            faults.add(
                "bill of materials",
                "it says of itself that it is incomplete",
            );
        }
    }
    let instructions = properties::instructions(&subject.properties);
    let beside = properties::beside(&subject.properties);
    let mut reading = Reading {
        groups: needs.iter().map(|(of, _)| of.clone()).collect(),
        instructions,
        most: limits.packages,
        components: Vec::new(),
        holds: Vec::new(),
        faults,
    };
    reading.add(bom.components, None, 0);
    Ok(Bill {
        tool: tool(&bom.metadata.tools),
        digest: digest(subject.version, &subject.hashes, &subject.properties),
        supplier,
        beside,
        components: reading.components,
        needs,
        holds: reading.holds,
        faults: reading.faults,
    })
}

/// The name and the version of the first tool.
fn tool(tools: &Value) -> String {
    let list = tools.get("components").unwrap_or(tools);
    let first = list.get(0).unwrap_or(&Value::Null);
    let of = |field: &str| first[field].as_str().unwrap_or_default();
    match (of("name"), of("version")) {
        ("", _) => "unknown tool".into(),
        (name, "") => name.into(),
        (name, version) => format!("{name} {version}"),
    }
}

fn digest(version: Option<String>, hashes: &[Hash], properties: &[Property]) -> Option<String> {
    let version = version.filter(|text| text.starts_with("sha256:"));
    let hash = hashes.iter().find(|hash| hash.alg == "SHA-256");
    let named = properties
        .iter()
        .find(|property| property.name == "aquasecurity:trivy:ImageID");
    version
        .or_else(|| hash.map(|hash| format!("sha256:{}", hash.content)))
        .or_else(|| named.map(|property| property.value.clone()))
}

/// `NAME` or `NAME <ADDRESS>`.
fn organization(organization: Organization) -> Option<String> {
    let name = organization.name.filter(|name| !name.trim().is_empty())?;
    let address = organization.contact.into_iter().find_map(|one| one.email);
    Some(match address.filter(|_| !name.contains('<')) {
        Some(address) => format!("{name} <{address}>"),
        None => name,
    })
}

/// The components that are packages, gathered from however deep they lie.
struct Reading {
    /// The components that need others.
    groups: HashSet<String>,
    instructions: HashMap<String, String>,
    most: usize,
    components: Vec<bill::Component>,
    holds: Vec<(String, String)>,
    faults: Faults,
}

impl Reading {
    fn add(&mut self, list: Components, within: Option<&str>, depth: usize) {
        for mut component in list.good("component", &mut self.faults) {
            if self.components.len() >= self.most {
                let why = format!("more than {} packages", self.most);
                return self.faults.add("components", why);
            }
            let place = self.components.len();
            let id = component
                .bom_ref
                .take()
                .unwrap_or_else(|| format!("#{place}"));
            let inner = std::mem::take(&mut component.components);
            if component.name.is_empty() && component.purl.is_none() {
                self.faults.add(format!("component {id}"), "it has no name");
            } else if self.is_package(&component, &id) {
                self.holds
                    .extend(within.map(|within| (within.to_owned(), id.clone())));
                let package = self.package(component, id.clone());
                self.components.push(package);
            }
            if depth < DEPTH {
                self.add(inner, Some(&id), depth + 1);
            } else if !inner.is_empty() {
                let why = format!("more than {DEPTH} components lie in one another");
                self.faults.add(format!("component {id}"), why);
            }
        }
    }

    /// Whether a component is a package: not the system, a file, or what only groups others.
    fn is_package(&self, component: &Component, id: &str) -> bool {
        if component.purl.is_some() {
            return true;
        }
        let groups = component.version.is_none()
            && component.licenses.is_empty()
            && self.groups.contains(id);
        match &*component.kind {
            "application" => !groups,
            "library"
            | "framework"
            | "platform"
            | "firmware"
            | "device-driver"
            | "machine-learning-model" => true,
            _ => false,
        }
    }

    fn package(&self, component: Component, id: String) -> bill::Component {
        let known = Known::new(&component, &self.instructions);
        let (declared, concluded) = acknowledged(&component.licenses);
        let supplier = component.supplier.and_then(organization);
        let purl = component.purl.as_deref().unwrap_or_default();
        let name = match component.group.filter(|group| !group.is_empty()) {
            // The full name of an npm package has its scope.
            Some(group) if purl.starts_with("pkg:npm/") => format!("{group}/{}", component.name),
            _ => component.name,
        };
        bill::Component {
            id,
            name,
            version: component.version.unwrap_or_default(),
            purl: component.purl,
            kind: known.kind,
            declared: known.declared.or(declared),
            concluded,
            detected: licenses::all(component.evidence.licenses.iter().filter_map(words)),
            supplier: supplier.or(component.publisher).or(component.author),
            source: known.source,
            files: known.files,
            owned_by: known.owned_by,
            locations: known.locations,
            license_files: known.license_files,
        }
    }
}

/// The words of a choice.
fn words(choice: &Choice) -> Option<&str> {
    let license = choice.license.as_ref();
    let named = license.and_then(|license| license.id.as_deref().or(license.name.as_deref()));
    choice.expression.as_deref().or(named)
}

/// What is declared and what was concluded; before 1.6 nothing tells them apart.
fn acknowledged(choices: &[Choice]) -> (Option<String>, Option<String>) {
    let is_concluded = |choice: &&Choice| {
        let license = choice.license.as_ref();
        let inner = license.and_then(|license| license.acknowledgement.as_deref());
        choice.acknowledgement.as_deref().or(inner) == Some("concluded")
    };
    let (concluded, declared): (Vec<&Choice>, Vec<&Choice>) =
        choices.iter().partition(is_concluded);
    let all = |list: Vec<&Choice>| licenses::all(list.into_iter().filter_map(words));
    (all(declared), all(concluded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Bill {
        let bom = serde_json::from_str(text).unwrap();
        bill(bom, &Limits::default()).unwrap()
    }

    #[test]
    fn packages_are_found_at_any_depth_and_groups_are_not() {
        let bill = read(
            r#"{"specVersion":"1.6","metadata":{"tools":{"components":[{"name":"t","version":"2"}]}},
            "components":[
              {"type":"operating-system","name":"debian","version":"12"},
              {"type":"application","name":"package-lock.json","bom-ref":"lock","components":[
                {"type":"library","group":"@s","name":"a","version":"1","purl":"pkg:npm/%40s/a@1",
                 "licenses":[{"license":{"id":"MIT"}},{"license":{"name":"GPLv2+"}}]}]},
              {"type":"library","name":7},
              {"type":"library"}],
            "dependencies":[{"ref":"lock","dependsOn":["x"]}]}"#,
        );
        assert_eq!(bill.tool, "t 2");
        assert_eq!(bill.components.len(), 1);
        let a = &bill.components[0];
        assert_eq!((&*a.name, &*a.version), ("@s/a", "1"));
        assert_eq!(a.declared.as_deref(), Some("MIT AND GPL-2.0-or-later"));
        assert_eq!(bill.holds[0].0, "lock");
        assert_eq!(bill.faults.into_unknowns("bill").len(), 2);
    }

    #[test]
    fn what_was_concluded_is_told_from_what_is_declared() {
        let bill = read(
            r#"{"specVersion":"1.6","components":[{"type":"library","name":"a","licenses":
            [{"expression":"MIT OR Zlib","acknowledgement":"concluded"}],
            "properties":[{"name":"hpcctl:license:declared","value":"MIT"}]}]}"#,
        );
        let a = &bill.components[0];
        assert_eq!(a.declared.as_deref(), Some("MIT"));
        assert_eq!(a.concluded.as_deref(), Some("MIT OR Zlib"));
    }

    #[test]
    fn an_incomplete_bill_says_so_and_other_versions_are_told() {
        let bill = read(
            r#"{"specVersion":"1.9","compositions":[{"aggregate":"incomplete","assemblies":["image"]}]}"#,
        );
        assert_eq!(bill.faults.into_unknowns("bill").len(), 2);
        let bom = serde_json::from_str(r#"{"specVersion":"2.0"}"#).unwrap();
        assert!(super::bill(bom, &Limits::default()).is_err());
    }

    #[test]
    fn too_many_packages_and_too_deep_ones_are_told() {
        let mut inner = r#"{"type":"library","name":"a"}"#.to_owned();
        for _ in 0..40 {
            inner = format!(r#"{{"type":"library","name":"a","components":[{inner}]}}"#);
        }
        let text = format!(r#"{{"specVersion":"1.5","components":[{inner}]}}"#);
        let read = |packages| {
            let limits = Limits {
                packages,
                ..Limits::default()
            };
            bill(serde_json::from_str(&text).unwrap(), &limits).unwrap()
        };
        let deep = read(1000);
        assert_eq!(deep.components.len(), DEPTH + 1);
        assert_eq!(deep.faults.into_unknowns("bill").len(), 1);
        let many = read(3);
        assert_eq!(many.components.len(), 3);
        assert!(!many.faults.into_unknowns("bill").is_empty());
    }
}
