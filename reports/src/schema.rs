//! The JSON Schemas of the reports, as they are committed under `reports/schemas/`.

use hpcctl_model::Envelope;
use hpcctl_model::abi::Abi;
use hpcctl_model::bench::Bench;
use hpcctl_model::doctor::{Doctor, Listed};
use hpcctl_model::fleet::Fleet;
use hpcctl_model::gate::Gate;
use hpcctl_model::license::{Difference, Identified, Licensed};
use hpcctl_model::lint::Lints;
use hpcctl_model::matched::Match;
use hpcctl_model::nightly::Nightly;
use hpcctl_model::publish::{Publish, Verify};
use hpcctl_model::scan::Scan;
use hpcctl_model::stage::Stage;
use hpcctl_model::why::Why;
use schemars::{Schema, schema_for};
use serde_json::{Value, json};

/// A schema that is published.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// The kind of report.
    pub kind: &'static str,
    /// The number of the schema; a change that breaks readers raises it.
    pub number: u32,
    make: fn() -> Schema,
}

/// Every schema that is published.
pub static SCHEMAS: &[Published] = &[
    Published {
        kind: "doctor",
        number: 1,
        make: || schema_for!(Envelope<Doctor>),
    },
    Published {
        kind: "checks",
        number: 1,
        make: || schema_for!(Envelope<Vec<Listed>>),
    },
    Published {
        kind: "scan",
        number: 1,
        make: || schema_for!(Envelope<Scan>),
    },
    Published {
        kind: "license",
        number: 1,
        make: || schema_for!(Envelope<Vec<Identified>>),
    },
    Published {
        kind: "licenses",
        number: 1,
        make: || schema_for!(Envelope<Vec<Licensed>>),
    },
    Published {
        kind: "license-diff",
        number: 1,
        make: || schema_for!(Envelope<Difference>),
    },
    Published {
        kind: "lint",
        number: 1,
        make: || schema_for!(Envelope<Lints>),
    },
    Published {
        kind: "why",
        number: 1,
        make: || schema_for!(Envelope<Why>),
    },
    Published {
        kind: "gate",
        number: 1,
        make: || schema_for!(Envelope<Gate>),
    },
    Published {
        kind: "publish",
        number: 1,
        make: || schema_for!(Envelope<Publish>),
    },
    Published {
        kind: "verify",
        number: 1,
        make: || schema_for!(Envelope<Verify>),
    },
    Published {
        kind: "stage",
        number: 1,
        make: || schema_for!(Envelope<Stage>),
    },
    Published {
        kind: "abi",
        number: 1,
        make: || schema_for!(Envelope<Abi>),
    },
    Published {
        kind: "bench",
        number: 1,
        make: || schema_for!(Envelope<Bench>),
    },
    Published {
        kind: "fleet",
        number: 1,
        make: || schema_for!(Envelope<Fleet>),
    },
    Published {
        kind: "match",
        number: 1,
        make: || schema_for!(Envelope<Match>),
    },
    Published {
        kind: "nightly",
        number: 1,
        make: || schema_for!(Envelope<Nightly>),
    },
];

impl Published {
    /// The name, as reports carry it.
    pub fn name(&self) -> String {
        format!("hpcctl.{}/{}", self.kind, self.number)
    }

    /// The name of the file under `reports/schemas/`.
    pub fn file(&self) -> String {
        format!("hpcctl.{}-{}.json", self.kind, self.number)
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// When the schema cannot be turned into JSON.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let mut schema = (self.make)();
        schema.insert("title".into(), json!(self.name()));
        for (field, value) in [("schema", self.name()), ("kind", self.kind.into())] {
            let property = schema.pointer_mut(&format!("/properties/{field}"));
            if let Some(property) = property.and_then(Value::as_object_mut) {
                property.insert("const".into(), json!(value));
            }
        }
        Ok(serde_json::to_string_pretty(&schema)? + "\n")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `HPCCTL_BLESS=1 cargo test -p hpcctl-reports` writes the schemas anew.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the files under test are our own"
    )]
    fn the_committed_schemas_are_those_of_the_types() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let mut known = Vec::new();
        for row in SCHEMAS {
            let (file, text) = (row.file(), row.text().unwrap());
            let path = dir.join(&file);
            if std::env::var_os("HPCCTL_BLESS").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                committed == text,
                "reports/schemas/{file} has drifted: set HPCCTL_BLESS=1"
            );
            assert!(
                text.contains("\"const\": \"hpcctl."),
                "{file} does not fix its name"
            );
            known.push(file);
        }
        for entry in std::fs::read_dir(&dir).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            assert!(
                known.contains(&name),
                "{name} is no schema that is published"
            );
        }
    }
}
