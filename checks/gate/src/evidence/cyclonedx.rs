//! Vulnerabilities as CycloneDX writes them: a bill of materials with them, or a VEX document
//! beside one (https://cyclonedx.org/docs/1.6/json/#vulnerabilities).

use serde_json::Value;

use super::{Evidence, Severity, Vulnerability, digests};

/// The states of an analysis in which a vulnerability does not affect what ships.
const HARMLESS: [&str; 4] = [
    "resolved",
    "resolved_with_pedigree",
    "false_positive",
    "not_affected",
];

pub(super) fn read(bill: &Value) -> Result<Evidence, String> {
    let listed = bill["vulnerabilities"].as_array();
    let listed = listed.ok_or("it is CycloneDX with no list of vulnerabilities")?;
    let is_harmless = |one: &&Value| {
        let state = one["analysis"]["state"].as_str();
        state.is_some_and(|state| HARMLESS.contains(&state))
    };
    let (harmless, affecting): (Vec<&Value>, Vec<&Value>) = listed.iter().partition(is_harmless);
    let read = |all: Vec<&Value>| {
        all.into_iter()
            .map(|one| vulnerability(bill, one))
            .collect()
    };
    let made = bill["metadata"]["timestamp"].as_str();
    let made = made.and_then(|made| made.parse().ok());
    let subject = subject(&bill["metadata"]["component"]);
    // Who looked for vulnerabilities names the tool, and what it looked at.
    let is_list = |value: &Value| match value {
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
        _ => false,
    };
    let is_scan = is_list(&bill["components"]) && is_list(&bill["metadata"]["tools"]);
    Ok(Evidence {
        is_scan,
        harmless: read(harmless),
        ..Evidence::of_scanner(subject, made, read(affecting))
    })
}

fn vulnerability(bill: &Value, one: &Value) -> Vulnerability {
    let id = one["id"].as_str();
    Vulnerability {
        id: id.unwrap_or("a vulnerability without an id").to_owned(),
        severity: severity(one),
        place: place(bill, one),
    }
}

/// The worst of its ratings.
fn severity(vulnerability: &Value) -> Option<Severity> {
    let ratings = vulnerability["ratings"].as_array();
    let words = ratings.into_iter().flatten().filter_map(|rating| {
        let score = || rating["score"].as_f64().and_then(Severity::of_score);
        rating["severity"]
            .as_str()
            .and_then(Severity::of_word)
            .or_else(score)
    });
    words.max()
}

/// The package that it affects first: its purl, where the bill has it.
fn place(bill: &Value, vulnerability: &Value) -> String {
    let reference = vulnerability["affects"][0]["ref"].as_str().unwrap_or("");
    let components = bill["components"].as_array();
    let mut components = components.into_iter().flatten();
    let component = components.find(|one| one["bom-ref"] == reference);
    let purl = component.and_then(|one| one["purl"].as_str());
    purl.unwrap_or(reference).to_owned()
}

/// The digests of the image: in its purl, its version, its hashes or the properties of scanners.
fn subject(component: &Value) -> Vec<String> {
    let texts = ["purl", "version", "bom-ref", "name"].into_iter();
    let texts = texts.filter_map(|key| component[key].as_str());
    let properties = component["properties"].as_array().into_iter().flatten();
    let named = properties.filter(|property| {
        let name = property["name"].as_str().unwrap_or("");
        // The digests of layers are no digests of an image.
        !name.ends_with("DiffID") && !name.ends_with("LayerDigest")
    });
    let texts = texts.chain(named.filter_map(|property| property["value"].as_str()));
    let hashes = component["hashes"].as_array().into_iter().flatten();
    let hashes = hashes.filter(|hash| hash["alg"] == "SHA-256");
    let hashes = hashes.filter_map(|hash| Some(format!("sha256:{}", hash["content"].as_str()?)));
    texts.flat_map(digests).chain(hashes).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_affects_the_image_counts_with_its_worst_rating() {
        let hex = "ab".repeat(32);
        let layer = "cd".repeat(32);
        let mut bill = json!({
            "bomFormat": "CycloneDX",
            "metadata": {"timestamp": "2026-01-01T00:00:00Z", "component": {
                "purl": format!("pkg:oci/a@sha256%3A{hex}"),
                "properties": [{"name": "x:DiffID", "value": format!("sha256:{layer}")}],
            }},
            "components": [{"bom-ref": "1", "purl": "pkg:deb/debian/a@1"}],
            "vulnerabilities": [
                {"id": "CVE-1", "affects": [{"ref": "1"}],
                 "ratings": [{"severity": "low"}, {"score": 9.8}]},
                {"id": "CVE-2", "affects": [{"ref": "gone"}]},
                {"id": "CVE-3", "analysis": {"state": "not_affected"}},
                {"id": "CVE-4", "analysis": {"state": "exploitable"}, "ratings": [{"severity": "high"}]},
            ],
        });
        let found = read(&bill).unwrap();
        assert!(!found.is_scan);
        bill["metadata"]["tools"] = json!({"components": [{"name": "scanner"}]});
        assert!(read(&bill).unwrap().is_scan);
        bill["components"] = json!([]);
        assert!(!read(&bill).unwrap().is_scan);
        assert_eq!(found.digests, [format!("sha256:{hex}")]);
        let told: Vec<(&str, Option<Severity>, &str)> = found
            .vulnerabilities
            .iter()
            .map(|one| (one.id.as_str(), one.severity, one.place.as_str()))
            .collect();
        let expected = [
            ("CVE-1", Some(Severity::Critical), "pkg:deb/debian/a@1"),
            ("CVE-2", None, "gone"),
            ("CVE-4", Some(Severity::High), ""),
        ];
        assert_eq!(told, expected);
    }
}
