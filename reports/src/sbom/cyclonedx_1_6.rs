//! CycloneDX 1.6 (ECMA-424), made of the bill by 1.5.
//!
//! cyclonedx-bom ends at 1.5. Of the crates that have 1.6, serde-cyclonedx makes its types from
//! the JSON Schema while it is built, which brings a dozen packages and a second model of the
//! same bill, without XML. But 1.6 only adds to 1.5: every valid bill by 1.5 is one by 1.6 once it
//! says so. What 1.6 has words for is added here; the official validators judge the outcome.

use std::collections::HashMap;

use hpcctl_model::Envelope;
use hpcctl_model::scan::{Package, Scan};
use serde_json::{Map, Value, json};

use super::Names;
use super::cyclonedx::chosen;

/// The names of the two schemas in XML.
const NAMESPACES: [&str; 2] = [
    "http://cyclonedx.org/schema/bom/1.5",
    "http://cyclonedx.org/schema/bom/1.6",
];

/// Turns a bill by 1.5 into one by 1.6.
pub fn json(mut bom: Value, report: &Envelope<Scan>) -> Value {
    let packages = &report.result.packages;
    let names = Names::new(packages);
    let places = packages.iter().enumerate();
    let by_name: HashMap<&str, &Package> = places
        .map(|(place, package)| (names.at(place), package))
        .collect();
    let components = bom.get_mut("components").and_then(Value::as_array_mut);
    for component in components.into_iter().flatten() {
        let name = component["bom-ref"].as_str().unwrap_or_default();
        if let Some(package) = by_name.get(name) {
            acknowledge(component, package);
            occurrences(component, package);
        }
    }
    let mut lifted = Map::new();
    let schema = "http://cyclonedx.org/schema/bom-1.6.schema.json";
    lifted.insert("$schema".into(), json!(schema));
    if let Value::Object(fields) = bom {
        lifted.extend(fields);
    }
    lifted.insert("specVersion".into(), json!("1.6"));
    Value::Object(lifted)
}

/// Turns the text of a bill by 1.5 into one by 1.6.
pub fn xml(text: &str) -> String {
    text.replacen(NAMESPACES[0], NAMESPACES[1], 1)
}

/// Says of a licence whether its authors declare it or it was concluded from something else.
fn acknowledge(component: &mut Value, package: &Package) {
    let is_declared = package.licenses.declared.as_deref() == chosen(package);
    let word = if is_declared { "declared" } else { "concluded" };
    let licenses = component.get_mut("licenses").and_then(Value::as_array_mut);
    for choice in licenses.into_iter().flatten() {
        let place = match choice.get_mut("license") {
            Some(license) => license,
            None => choice,
        };
        place["acknowledgement"] = json!(word);
    }
}

/// Says of each occurrence which layer brought it, and which instruction made that layer.
fn occurrences(component: &mut Value, package: &Package) {
    let occurrences = component
        .pointer_mut("/evidence/occurrences")
        .and_then(Value::as_array_mut);
    let occurrences = occurrences.into_iter().flatten();
    for (occurrence, location) in occurrences.zip(&package.locations) {
        if let Some(layer) = &location.layer {
            let by = location.created_by.as_deref().map(|by| format!(": {by}"));
            let context = format!("layer {layer}{}", by.unwrap_or_default());
            occurrence["additionalContext"] = json!(context);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::cyclonedx;
    use crate::sbom::tests::{package, report};

    fn bill(report: &Envelope<Scan>) -> Value {
        let mut text = Vec::new();
        let bom = cyclonedx::bom(report).unwrap();
        bom.output_as_json_v1_5(&mut text).unwrap();
        json(serde_json::from_slice(&text).unwrap(), report)
    }

    #[test]
    fn licences_say_whether_they_are_declared_or_concluded() {
        let scan = report(vec![
            package("a", Some("MIT"), Some("MIT")),
            package("b", Some("MIT"), Some("MIT OR Zlib")),
            package("c", Some("BSD style"), None),
        ]);
        let bom = bill(&scan);
        assert_eq!(bom["specVersion"], "1.6");
        let choice = |place: usize| &bom["components"][place]["licenses"][0];
        assert_eq!(choice(0)["acknowledgement"], "declared");
        assert_eq!(choice(1)["acknowledgement"], "concluded");
        assert_eq!(choice(2)["license"]["acknowledgement"], "declared");
        assert_eq!(
            bom["components"][0]["evidence"]["occurrences"][0]["additionalContext"],
            "layer sha256:aa"
        );
    }

    #[test]
    fn xml_names_the_other_schema() {
        let text = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">"#;
        assert!(xml(text).contains("bom/1.6\" version"));
    }
}
