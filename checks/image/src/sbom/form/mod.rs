//! The formats of bills of materials; a format is a row, known by how its file begins.

mod cyclonedx;
mod cyclonedx_xml;
mod edges;
mod element;
mod extracted;
mod properties;
mod spdx;
mod spdx_tag_value;

use serde::de::DeserializeOwned;

use super::Bill;
use super::elements::Elements;
use crate::Limits;
use crate::blob::Blob;

/// The name of a format in reports, and the bill that was read.
type Named = (&'static str, Bill);

/// A format.
pub(super) struct Form {
    /// Whether a file that begins so may be one.
    pub(super) is: fn(&str) -> bool,
    /// Reads a file; also returns the name in reports.
    pub(super) read: fn(&Blob, &Limits) -> Result<Named, String>,
}

/// All formats.
pub(super) static FORMS: &[Form] = &[
    // The order of the fields in JSON is free, so the start tells only that it is JSON.
    Form {
        is: |text| text.starts_with('{'),
        read: json,
    },
    Form {
        is: |text| text.starts_with('<') && text.contains("cyclonedx.org/schema/bom"),
        read: |file, limits| {
            let bill = cyclonedx_xml::read(file.reader(None), limits)?;
            Ok(("cyclonedx-xml", bill))
        },
    },
    Form {
        is: |text| text.lines().any(|line| line.starts_with("SPDXVersion:")),
        read: |file, limits| {
            let bill = spdx_tag_value::read(file.reader(None), limits)?;
            Ok(("spdx-tag-value", bill))
        },
    },
];

/// The fields that tell which kind of JSON it is.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Kind {
    bom_format: Option<serde::de::IgnoredAny>,
    spdx_version: Option<serde::de::IgnoredAny>,
    #[serde(rename = "@context")]
    context: Option<serde::de::IgnoredAny>,
}

/// Reads a document as it comes: none is held as a whole.
fn document<T: DeserializeOwned>(file: &Blob) -> Result<T, String> {
    let elements = Elements::new(file.reader(None));
    let read = serde_json::from_reader(std::io::BufReader::new(elements));
    read.map_err(|error| error.to_string())
}

fn json(file: &Blob, limits: &Limits) -> Result<Named, String> {
    let kind: Kind = document(file)?;
    if kind.bom_format.is_some() {
        Ok(("cyclonedx-json", cyclonedx::bill(document(file)?, limits)?))
    } else if kind.spdx_version.is_some() {
        Ok(("spdx-json", spdx::bill(document(file)?, limits)?))
    } else if kind.context.is_some() {
        Err("it is SPDX 3 or other JSON-LD, which is not read".into())
    } else {
        Err("it has neither bomFormat nor spdxVersion".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Named, String> {
        let form = FORMS.iter().find(|form| (form.is)(text)).ok_or("no form")?;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        (form.read)(&Blob::open(file.path()).unwrap(), &Limits::default())
    }

    #[test]
    fn each_form_is_known_by_its_content() {
        let cases = [
            (
                "cyclonedx-json",
                r#"{"specVersion":"1.7","bomFormat":"CycloneDX"}"#,
            ),
            ("spdx-json", r#"{"packages":[],"spdxVersion":"SPDX-2.2"}"#),
            (
                "cyclonedx-xml",
                r#"<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4"/>"#,
            ),
            ("spdx-tag-value", "# made by hand\nSPDXVersion: SPDX-2.3\n"),
        ];
        for (id, text) in cases {
            assert_eq!(read(text).unwrap().0, id);
        }
    }

    #[test]
    fn what_is_no_bill_is_an_error() {
        for text in [
            "{}",
            "{",
            "[]",
            "",
            r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}"#,
            "<html></html>",
            "<bom xmlns='http://cyclonedx.org/schema/bom/1.4'><a>",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(read(&deep).is_err());
    }
}
