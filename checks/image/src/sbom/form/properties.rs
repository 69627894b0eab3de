//! The properties that hpcctl, syft and trivy add to the components of CycloneDX.

use std::collections::HashMap;

use hpcctl_model::scan::Location;

use super::cyclonedx::{Component, Property};
use crate::sbom::licenses;

/// Whether a tool's property is one that is read.
pub(super) fn is_read(property: &str) -> bool {
    ["hpcctl:", "syft:location:", "aquasecurity:trivy:"]
        .iter()
        .any(|prefix| property.starts_with(prefix))
}

/// The instructions that made the layers, which the properties of the image may tell.
pub(super) fn instructions(properties: &[Property]) -> HashMap<String, String> {
    let of = |what: &str| -> HashMap<&str, &str> {
        let rows = properties.iter().filter_map(|property| {
            let place = property.name.strip_prefix("hpcctl:layer:")?;
            Some((place.strip_suffix(what)?, &*property.value))
        });
        rows.collect()
    };
    let made = of(":created_by");
    let digests = of(":digest").into_iter();
    digests
        .filter_map(|(place, digest)| Some((digest.to_owned(), (*made.get(place)?).to_owned())))
        .collect()
}

/// What else the image holds.
pub(super) fn beside(properties: &[Property]) -> Vec<String> {
    let held = properties
        .iter()
        .filter(|property| property.name.starts_with("hpcctl:holds:"));
    held.map(|property| property.value.clone()).collect()
}

/// What the properties of hpcctl, syft and trivy say.
#[derive(Default)]
pub(super) struct Known {
    pub(super) kind: Option<String>,
    pub(super) declared: Option<String>,
    pub(super) source: Option<String>,
    pub(super) owned_by: Option<String>,
    pub(super) files: u64,
    pub(super) locations: Vec<Location>,
    pub(super) license_files: Vec<String>,
}

impl Known {
    /// Reads the properties of a component; where none tells a place, its occurrences do.
    pub(super) fn new(component: &Component, instructions: &HashMap<String, String>) -> Self {
        let mut known = Self::default();
        // By place in the component, path and layer.
        let mut places: HashMap<&str, (Option<&str>, Option<&str>)> = HashMap::new();
        let mut trivy = [None, None];
        for property in &component.properties {
            let value = &*property.value;
            match &*property.name {
                "hpcctl:type" => known.kind = Some(value.into()),
                "hpcctl:source" => known.source = Some(value.into()),
                "hpcctl:owned_by" => known.owned_by = Some(value.into()),
                "hpcctl:license:declared" => known.declared = licenses::of_text(value),
                "hpcctl:files" => known.files = value.parse().unwrap_or(0),
                "aquasecurity:trivy:SrcName" => trivy[0] = Some(value),
                "aquasecurity:trivy:SrcVersion" => trivy[1] = Some(value),
                "aquasecurity:trivy:FilePath" => places.entry("").or_default().0 = Some(value),
                "aquasecurity:trivy:LayerDigest" => places.entry("").or_default().1 = Some(value),
                "aquasecurity:trivy:LayerDiffID" => {
                    places.entry("").or_default().1.get_or_insert(value);
                }
                name => {
                    if name.starts_with("hpcctl:license:file:") {
                        known.license_files.push(value.into());
                    }
                    let numbered = name.strip_prefix("hpcctl:location:");
                    let numbered = numbered.or_else(|| name.strip_prefix("syft:location:"));
                    match numbered.and_then(|rest| rest.split_once(':')) {
                        Some((place, "path")) => places.entry(place).or_default().0 = Some(value),
                        Some((place, "layer" | "layerID")) => {
                            places.entry(place).or_default().1 = Some(value);
                        }
                        _ => {}
                    }
                }
            }
        }
        if let [Some(name), version] = trivy {
            known.source = Some(
                format!("{name} {}", version.unwrap_or_default())
                    .trim()
                    .into(),
            );
        }
        let location = |path: &str, layer: Option<&str>| Location {
            path: format!("/{}", path.trim_start_matches('/')),
            layer: layer.map(Into::into),
            created_by: layer.and_then(|layer| instructions.get(layer).cloned()),
        };
        let told = places.into_values();
        let told = told.filter_map(|(path, layer)| Some(location(path?, layer)));
        known.locations = told.collect();
        if known.locations.is_empty() {
            let occurrences = component.evidence.occurrences.iter();
            known.locations = occurrences
                .map(|occurrence| location(&occurrence.location, None))
                .collect();
        }
        known.locations.sort();
        known.locations.dedup();
        known
    }
}
