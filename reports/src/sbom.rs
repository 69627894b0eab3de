//! What both bills of materials need: an identity, a time, licences, names that are unique.

use std::collections::HashMap;

use cyclonedx_bom::external_models::uri::{Purl, validate_purl};
use hpcctl_model::Envelope;
use hpcctl_model::scan::{Package, Scan};
use sha2::{Digest, Sha256};
use spdx::{AdditionItem, Expression, LicenseItem, ParseMode};

/// The most bytes of a licence expression, and how deep its parentheses may be: expressions
/// come out of package metadata, and parsers of them recurse.
const EXPRESSION_BYTES: usize = 4096;
const EXPRESSION_DEPTH: usize = 16;

/// A UUID that follows from the content alone: the same scan at the same time has the same.
///
/// Version 8 of RFC 9562, from SHA-256. The host is left out, so that a bill of materials
/// can be made again elsewhere.
pub fn uuid(report: &Envelope<Scan>) -> Result<String, serde_json::Error> {
    let content = (
        &report.tool,
        &report.started_at,
        &report.finished_at,
        &report.result,
    );
    let digest = Sha256::digest(serde_json::to_vec(&content)?);
    let mut bits = [0_u8; 16];
    bits.copy_from_slice(&digest[..16]);
    bits[6] = bits[6] & 0x0f | 0x80;
    bits[8] = bits[8] & 0x3f | 0x80;
    let hex = hex(&bits);
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    Ok(parts.join("-"))
}

/// The bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// When the report was made, in whole seconds: SPDX allows no fractions.
pub fn timestamp(report: &Envelope<Scan>) -> String {
    match report.finished_at.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => report.finished_at.clone(),
    }
}

/// A valid expression and the `LicenseRef-…` in it; none where the text is not one.
///
/// References into other documents and to exceptions are not valid here: SPDX 2.3 and
/// CycloneDX 1.5 give them no meaning in a document of their own.
pub fn license_refs(text: &str) -> Option<Vec<String>> {
    let depth = text.bytes().filter(|byte| *byte == b'(').count();
    if text.len() > EXPRESSION_BYTES || depth > EXPRESSION_DEPTH {
        return None;
    }
    let mode = ParseMode {
        allow_deprecated: true,
        ..ParseMode::STRICT
    };
    let expression = Expression::parse_mode(text, mode).ok()?;
    let mut refs = Vec::new();
    for part in expression.requirements() {
        if let Some(AdditionItem::Other(_)) = part.req.addition {
            return None;
        }
        if let LicenseItem::Other(license) = &part.req.license {
            if license.doc_ref.is_some() {
                return None;
            }
            refs.push(license.to_string());
        }
    }
    Some(refs)
}

/// The package URL, where it is one.
pub fn valid_purl(text: &str) -> Option<Purl> {
    let purl = text.parse::<Purl>().ok()?;
    validate_purl(&purl).is_ok().then_some(purl)
}

/// The two parts of `NAME <ADDRESS>`; none where there is no name.
pub fn name_and_address(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (name, Some(rest.trim().trim_end_matches('>'))),
        None => (text, None),
    };
    let name = name.trim();
    (!name.is_empty()).then_some((name, address.filter(|address| address.contains('@'))))
}

/// A name for each package that no other has: its purl, numbered where it stands there twice.
pub fn unique_names<'a>(packages: &'a [Package]) -> Vec<String> {
    let mut seen: HashMap<&'a str, usize> = HashMap::new();
    let name = |package: &'a Package| {
        let purl = &package.purl;
        let count = seen.entry(purl).or_insert(0);
        *count += 1;
        if *count == 1 {
            purl.clone()
        } else {
            format!("{purl}#{count}")
        }
    };
    packages.iter().map(name).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::scan::{Image, Layer, LeftOut, Licenses, Location, Outcome, Verdict};
    use hpcctl_model::{HostInfo, Tool};

    use super::*;

    /// A package with these licences.
    pub fn package(name: &str, declared: Option<&str>, concluded: Option<&str>) -> Package {
        Package {
            name: name.into(),
            version: "1.0-1".into(),
            kind: "deb".into(),
            purl: format!("pkg:deb/debian/{name}@1.0-1?arch=amd64"),
            licenses: Licenses {
                declared: declared.map(Into::into),
                detected: None,
                concluded: concluded.map(Into::into),
            },
            locations: vec![Location {
                path: "/var/lib/dpkg/status".into(),
                layer: Some("sha256:aa".into()),
                created_by: None,
            }],
            found_by: "dpkg".into(),
            supplier: Some("Jo Doe <jo@example.org>".into()),
            source: None,
            files: 0,
            owned_by: None,
            depends: Vec::new(),
        }
    }

    /// A report on an image with these packages.
    pub fn report(packages: Vec<Package>) -> Envelope<Scan> {
        let layer = Layer {
            digest: Some("sha256:aa".into()),
            diff_id: None,
            media_type: "application/vnd.oci.image.layer.v1.tar".into(),
            size: 2048,
            created_by: None,
        };
        Envelope {
            schema: "hpcctl.scan/1".into(),
            kind: "scan".into(),
            tool: Tool {
                name: "hpcctl".into(),
                version: "0.1.0".into(),
            },
            host: HostInfo {
                name: "n1".into(),
                kernel: "6.1".into(),
                arch: "x86_64".into(),
            },
            started_at: "2026-01-02T03:04:05.123456789Z".into(),
            finished_at: "2026-01-02T03:04:06.123456789Z".into(),
            result: Scan {
                image: Image {
                    reference: "docker-archive:a.tar".into(),
                    digest: Some("sha256:bb".into()),
                    format: "docker-archive".into(),
                    layers: vec![layer],
                },
                complete: true,
                left_out: LeftOut::default(),
                packages,
                files: Vec::new(),
                unowned: Vec::new(),
                verdict: Verdict {
                    outcome: Outcome::Publishable,
                    reasons: Vec::new(),
                    obligations: Vec::new(),
                },
            },
            unknowns: Vec::new(),
        }
    }

    #[test]
    fn the_identity_follows_from_the_content() {
        let one = report(vec![package("a", None, None)]);
        let mut other = one.clone();
        other.host.name = "n2".into();
        assert_eq!(uuid(&one).unwrap(), uuid(&other).unwrap());
        other.result.packages[0].version = "2".into();
        assert_ne!(uuid(&one).unwrap(), uuid(&other).unwrap());
        let shape: Vec<usize> = uuid(&one).unwrap().split('-').map(str::len).collect();
        assert_eq!(shape, [8, 4, 4, 4, 12]);
    }

    #[test]
    fn the_time_has_no_fraction() {
        assert_eq!(timestamp(&report(Vec::new())), "2026-01-02T03:04:06Z");
    }

    #[test]
    fn references_are_found_and_what_is_no_expression_is_refused() {
        assert_eq!(
            license_refs("MIT AND LicenseRef-x"),
            Some(vec!["LicenseRef-x".to_owned()])
        );
        assert_eq!(license_refs("GPL-2.0"), Some(Vec::new()));
        for text in [
            "",
            "BSD style",
            "DocumentRef-a:LicenseRef-b",
            "MIT WITH AdditionRef-x",
        ] {
            assert_eq!(license_refs(text), None, "{text}");
        }
        let deep = format!("{}MIT{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(license_refs(&deep), None);
    }

    #[test]
    fn what_is_no_purl_is_left_out() {
        assert_eq!(valid_purl("no purl"), None);
        assert!(valid_purl("pkg:npm/%40s/x@1").is_some());
    }

    #[test]
    fn names_are_unique() {
        let names = unique_names(&[package("a", None, None), package("a", None, None)]);
        assert_eq!(names[1], format!("{}#2", names[0]));
    }
}
