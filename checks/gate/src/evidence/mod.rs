//! Results of other programs about the same image: those of hpcctl's other commands, and the
//! vulnerabilities that a scanner found, as CycloneDX (VEX included) or SARIF.
//!
//! A result counts only for the image whose digest it names.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

mod cyclonedx;
mod hpcctl;
mod sarif;

/// The kinds of results that a policy may ask for.
pub(crate) const KINDS: [&str; 4] = ["doctor", "bench", ABI, VULNERABILITIES];

/// The kind of a result that tells which libraries of a host work in the image.
pub(crate) const ABI: &str = "abi";

/// The kind of a scanner's result.
pub(crate) const VULNERABILITIES: &str = "vulnerabilities";

/// A result that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// `doctor`, `bench`, `abi` or `vulnerabilities`.
    pub kind: String,
    /// The file that it was read from.
    pub file: String,
    /// The digests by which it names the image that it is about.
    pub digests: Vec<String>,
    /// When it was made, where it says so.
    pub made: Option<Timestamp>,
    /// What speaks against publishing, a sentence each.
    pub against: Vec<String>,
    /// Whether it says that somebody looked; a VEX document only says what was made of it.
    pub is_scan: bool,
    /// The vulnerabilities that a scanner found.
    pub vulnerabilities: Vec<Vulnerability>,
    /// The vulnerabilities that do not affect what ships, by an analysis (VEX).
    pub harmless: Vec<Vulnerability>,
}

/// A vulnerability that affects the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vulnerability {
    /// The id, such as `CVE-2026-1234`.
    pub id: String,
    /// How bad it is; none where nobody rated it.
    pub severity: Option<Severity>,
    /// The package, as a purl or a name, or the file.
    pub place: String,
}

impl Vulnerability {
    /// Whether `other` is the same in the same package, as far as both name one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let package = |one: &Self| {
            let purl = one.place.find("pkg:").map(|at| &one.place[at..]);
            purl.map(|purl| purl.split('?').next().unwrap_or(purl).to_owned())
        };
        let (mine, others) = (package(self), package(other));
        self.id == other.id && mine.zip(others).is_none_or(|(a, b)| a == b)
    }
}

/// How bad a vulnerability is, as CVSS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// 0.1 to 3.9.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 and above.
    Critical,
}

impl Severity {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Of a score of CVSS.
    fn of_score(score: f64) -> Option<Self> {
        match score {
            9.0.. => Some(Self::Critical),
            7.0.. => Some(Self::High),
            4.0.. => Some(Self::Medium),
            0.1.. => Some(Self::Low),
            _ => None,
        }
    }

    /// Of a word of CycloneDX.
    fn of_word(word: &str) -> Option<Self> {
        // "info" and "none" are ratings, too.
        if matches!(word, "info" | "none") {
            return Some(Self::Low);
        }
        let all = [Self::Low, Self::Medium, Self::High, Self::Critical];
        all.into_iter().find(|one| one.as_str() == word)
    }
}

impl Evidence {
    /// Reads a result by what it holds; `file` is its name in messages.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or nothing that is known: what is wrong with it.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let read = if value["bomFormat"] == "CycloneDX" {
            cyclonedx::read(&value)
        } else if value["runs"].is_array() {
            sarif::read(&value)
        } else {
            hpcctl::read(&value)
        };
        let evidence = read?;
        Ok(Self {
            file: file.to_owned(),
            ..evidence
        })
    }

    /// Whether it names this digest.
    pub(crate) fn is_about(&self, digest: Option<&str>) -> bool {
        digest.is_some_and(|digest| self.digests.iter().any(|named| named == digest))
    }

    /// A scanner's result.
    fn of_scanner(
        digests: Vec<String>,
        made: Option<Timestamp>,
        vulnerabilities: Vec<Vulnerability>,
    ) -> Self {
        Self {
            kind: VULNERABILITIES.to_owned(),
            file: String::new(),
            digests,
            made,
            against: Vec::new(),
            is_scan: true,
            vulnerabilities,
            harmless: Vec::new(),
        }
    }
}

/// The digests in a text, such as `name@sha256:…`.
fn digests(text: &str) -> impl Iterator<Item = String> {
    const ALGORITHM: &str = "sha256:";
    let text = text.replace("%3A", ":").replace("%3a", ":");
    let found: Vec<String> = text
        .match_indices(ALGORITHM)
        .filter_map(|(at, _)| text.get(at..at + ALGORITHM.len() + 64))
        .filter(|digest| {
            digest[ALGORITHM.len()..]
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
        })
        .map(str::to_ascii_lowercase)
        .collect();
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_result_is_refused() {
        for (text, why) in [
            ("{", "EOF"),
            ("[]", "no report of hpcctl"),
            (r#"{"kind":"scan"}"#, "a report of scan"),
            (r#"{"kind":"doctor"}"#, "when it was made"),
            (r#"{"bomFormat":"CycloneDX"}"#, "no list of vulnerabilities"),
        ] {
            let error = Evidence::read("f", text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn digests_are_found_in_references() {
        let hex = "ab".repeat(32);
        let found: Vec<String> =
            digests(&format!("pkg:oci/a@sha256%3A{hex}?x, sha256:12")).collect();
        assert_eq!(found, [format!("sha256:{hex}")]);
    }
}
