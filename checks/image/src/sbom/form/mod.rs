//! The formats of bills of materials; a format is a row, known by how its file begins.

mod cyclonedx;
mod cyclonedx_json;
mod cyclonedx_xml;
mod element;
mod extracted;
mod properties;
mod spdx;
mod spdx_json;
mod spdx_tag_value;

use super::Bill;
use crate::Limits;

/// The name of a format in reports, and the bill that was read.
type Named = (&'static str, Bill);

/// A format.
pub(super) struct Form {
    /// Whether a file that begins so may be one.
    pub(super) is: fn(&str) -> bool,
    /// Reads a file; also returns the name in reports.
    pub(super) read: fn(&[u8], &Limits) -> Result<Named, String>,
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
        read: |bytes, limits| Ok(("cyclonedx-xml", cyclonedx_xml::read(bytes, limits)?)),
    },
    Form {
        is: |text| text.lines().any(|line| line.starts_with("SPDXVersion:")),
        read: |bytes, limits| Ok(("spdx-tag-value", spdx_tag_value::read(bytes, limits)?)),
    },
];

/// The fields that tell which kind of JSON it is.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Kind {
    bom_format: Option<serde_json::Value>,
    spdx_version: Option<serde_json::Value>,
    #[serde(rename = "@context")]
    context: Option<serde::de::IgnoredAny>,
}

fn json(bytes: &[u8], limits: &Limits) -> Result<Named, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let kind: Kind = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if kind.bom_format.is_some() {
        Ok(("cyclonedx-json", cyclonedx_json::read(bytes, limits)?))
    } else if kind.spdx_version.is_some() {
        Ok(("spdx-json", spdx_json::read(bytes, limits)?))
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
        (form.read)(text.as_bytes(), &Limits::default())
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
