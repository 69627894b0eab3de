//! Bills of materials: the documents that the writers of each format print.
//!
//! Here is what all of them need: an identity, a time, licences, names that are unique.

mod copyrights;
pub mod cyclonedx;
pub mod cyclonedx_1_6;
pub mod spdx_2_3;
mod spdx_licenses;
mod spdx_relations;
mod subject;
mod supplier;

pub use copyrights::Copyrights;
pub use supplier::of as supplier_of;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use cyclonedx_bom::external_models::uri::{Purl, validate_purl};
use hpcctl_model::scan::{Package, Scan};
use hpcctl_model::{Envelope, hex};
use sha2::{Digest, Sha256};
use spdx::expression::ExpressionReq;
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
    // Written into the digest, since as a text it may be larger than all the rest.
    let mut hashing = Hashing::default();
    serde_json::to_writer(&mut hashing, &content)?;
    let digest = hashing.finish();
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

/// A writer that keeps the digest of what is written.
#[derive(Default)]
struct Hashing {
    hash: Sha256,
    /// What was written in small parts and is still to be hashed.
    parts: Vec<u8>,
}

impl Hashing {
    /// What is hashed at a time.
    const PARTS: usize = 16 * 1024;

    fn finish(mut self) -> [u8; 32] {
        self.hash.update(&self.parts);
        self.hash.finalize().into()
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.parts.extend_from_slice(bytes);
        if self.parts.len() >= Self::PARTS {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hash.update(&self.parts);
        self.parts.clear();
        Ok(())
    }
}

/// When the report was made, in whole seconds: SPDX allows no fractions.
pub fn timestamp(report: &Envelope<Scan>) -> String {
    match report.finished_at.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => report.finished_at.clone(),
    }
}

/// A valid expression; none where the text is not one.
///
/// References into other documents and to exceptions are not valid here: SPDX 2.3 and
/// CycloneDX 1.5 give them no meaning in a document of their own.
fn expression(text: &str) -> Option<Expression> {
    let depth = text.bytes().filter(|byte| *byte == b'(').count();
    if text.len() > EXPRESSION_BYTES || depth > EXPRESSION_DEPTH {
        return None;
    }
    let mode = ParseMode {
        allow_deprecated: true,
        ..ParseMode::STRICT
    };
    let expression = Expression::parse_mode(text, mode).ok()?;
    let is_own = |part: &ExpressionReq| {
        let is_elsewhere =
            matches!(&part.req.license, LicenseItem::Other(license) if license.doc_ref.is_some());
        !is_elsewhere && !matches!(part.req.addition, Some(AdditionItem::Other(_)))
    };
    let is_valid = expression.requirements().all(is_own);
    is_valid.then_some(expression)
}

/// The `LicenseRef-…` in a valid expression; none where the text is not one.
pub fn license_refs(text: &str) -> Option<Vec<String>> {
    let expression = expression(text)?;
    let licenses = expression.requirements().map(|part| &part.req.license);
    let refs = licenses.filter(|license| matches!(license, LicenseItem::Other(_)));
    Some(refs.map(ToString::to_string).collect())
}

/// The package URL, where it is one.
pub fn valid_purl(text: &str) -> Option<Purl> {
    // Parsers take what is no character of an address for part of a name.
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let purl = text.parse::<Purl>().ok()?;
    validate_purl(&purl).is_ok().then_some(purl)
}

/// The text without the characters that no version of XML 1.0 can hold.
pub fn clean(text: &str) -> Cow<'_, str> {
    let is_bad = |c: char| {
        let is_blank = matches!(c, '\t' | '\n' | '\r');
        (c.is_control() && !is_blank) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if text.contains(is_bad) {
        Cow::Owned(text.replace(is_bad, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The name and the version of a source package, from `NAME VERSION`.
pub fn source(text: &str) -> (&str, Option<&str>) {
    match text.split_once(' ') {
        Some((name, version)) => (name, Some(version.trim()).filter(|text| !text.is_empty())),
        None => (text, None),
    }
}

/// The id and the version of the distribution, as package URLs name it (`distro=debian-12`).
pub fn distribution(packages: &[Package]) -> Option<(&str, Option<&str>)> {
    let distro = packages.iter().find_map(|package| {
        let (_, qualifiers) = package.purl.split_once('?')?;
        let mut qualifiers = qualifiers.split('&');
        qualifiers.find_map(|part| part.strip_prefix("distro="))
    })?;
    Some(match distro.rsplit_once('-') {
        Some((id, version)) => (id, Some(version)),
        None => (distro, None),
    })
}

/// The names of packages in a bill: each has one, and no two have the same.
pub struct Names<'a> {
    names: Vec<String>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    /// Names packages by their purl, or by what makes them up where they have none; one that is
    /// there twice gets a number.
    pub fn new(packages: &'a [Package]) -> Self {
        let mut places = HashMap::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut names = Vec::with_capacity(packages.len());
        for (place, package) in packages.iter().enumerate() {
            places.entry(&*package.purl).or_insert(place);
            let base = match &*package.purl {
                "" => format!("{}:{}@{}", package.kind, package.name, package.version),
                purl => purl.to_owned(),
            };
            let base = clean(&base).into_owned();
            let count = seen.entry(base.clone()).or_insert(0);
            *count += 1;
            names.push(match count {
                1 => base,
                count => format!("{base}#{count}"),
            });
        }
        Self { names, places }
    }

    /// The name of the package at a place of the list.
    pub fn at(&self, place: usize) -> &str {
        &self.names[place]
    }

    /// The place of the first package with this purl.
    pub fn place(&self, purl: &str) -> Option<usize> {
        self.places.get(purl).copied().filter(|_| !purl.is_empty())
    }

    /// The places of the packages that a package needs.
    pub fn needs(&self, package: &Package) -> impl Iterator<Item = usize> {
        package.depends.iter().filter_map(|purl| self.place(purl))
    }
}
#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use hpcctl_model::scan::{
        File, Image, Layer, LeftOut, Licenses, Location, Outcome, Totals, Verdict,
    };
    use hpcctl_model::{HostInfo, Tool};

    use super::*;

    /// A licence file with these copyright statements.
    pub fn bearing(path: &str, copyrights: &[&str]) -> File {
        File {
            path: path.into(),
            layer: None,
            licenses: Some("MIT".into()),
            judged: false,
            sha256: None,
            copyrights: copyrights.iter().map(|&text| text.to_owned()).collect(),
            texts: Vec::new(),
        }
    }

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
            license_files: Vec::new(),
            readmes: Vec::new(),
            found_by: "dpkg".into(),
            supplier: Some("Jo Doe <jo@example.org>".into()),
            source: None,
            files: 0,
            owned_files: Vec::new(),
            owned_by: None,
            depends: Vec::new(),
            judged: true,
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
                    platform: None,
                    other_platforms: Vec::new(),
                    supplier: None,
                    layers: vec![layer],
                    holds: Vec::new(),
                    labels: BTreeMap::new(),
                    created: None,
                    user: None,
                },
                complete: true,
                left_out: LeftOut::default(),
                packages,
                files: Vec::new(),
                unowned: Vec::new(),
                sensitive: Vec::new(),
                privileged: Vec::new(),
                restricted: Vec::new(),
                removed: Vec::new(),
                conflicts: Vec::new(),
                texts: Default::default(),
                totals: Totals::default(),
                verdict: Verdict {
                    outcome: Outcome::Publishable,
                    reasons: Vec::new(),
                    obligations: Vec::new(),
                    choices: Vec::new(),
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
        for text in ["no purl", "pkg:deb/debian/a\nb@1", "pkg:deb/debian/a b@1"] {
            assert_eq!(valid_purl(text), None, "{text}");
        }
        assert!(valid_purl("pkg:npm/%40s/x@1").is_some());
    }

    #[test]
    fn names_are_unique_and_a_purl_leads_to_the_first() {
        let mut nameless = package("c", None, None);
        nameless.purl = String::new();
        let packages = [package("a", None, None), package("a", None, None), nameless];
        let names = Names::new(&packages);
        assert_eq!(names.at(1), format!("{}#2", names.at(0)));
        assert_eq!(names.at(2), "deb:c@1.0-1");
        assert_eq!(names.place(&packages[1].purl), Some(0));
        assert_eq!((names.place(""), names.place("pkg:x/y")), (None, None));
    }

    #[test]
    fn sources_are_split_and_texts_cleaned() {
        assert_eq!(source("glibc 2.36-9"), ("glibc", Some("2.36-9")));
        assert_eq!(source("glibc"), ("glibc", None));
        assert_eq!(clean("a\u{1b}b\n"), "a\u{fffd}b\n");
    }
}
