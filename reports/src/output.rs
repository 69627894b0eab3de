//! `FORMAT[@VERSION][=FILE]`, the value of `-o`.

use std::path::PathBuf;

use crate::report::Kind;
use crate::writer::{INVENTORIES, Writer, of_kind};

/// A format and where it goes.
#[derive(Debug, Clone)]
pub struct Output {
    /// The writer.
    pub format: &'static Writer,
    /// The version of the format that was asked for; none is the newest.
    pub version: Option<String>,
    /// The file to write; none is standard output.
    pub file: Option<PathBuf>,
}

/// Why an output cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// No writer has this name for this kind of report.
    #[error("there is no format {name:?} here: choose one of {available}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The formats there are.
        available: String,
    },
    /// The writer does not write this version.
    #[error(
        "{name} is not written in version {version:?}: {available}{}",
        why(name, version)
    )]
    Version {
        /// The format.
        name: &'static str,
        /// The version that was asked for.
        version: String,
        /// The versions there are.
        available: String,
    },
    /// An equals sign without a file.
    #[error("no file follows the equals sign in {0:?}")]
    NoFile(String),
}

/// Why a version that somebody may well ask for is not written, behind the ones that are.
fn why(name: &str, version: &str) -> &'static str {
    let is_spdx_3 = name == "spdx-json" && version.starts_with("3");
    match is_spdx_3 {
        true => "; no Rust crate that is kept up writes SPDX 3.0 (JSON-LD)",
        false => "",
    }
}

impl Output {
    /// The formats of a kind of report, with their versions.
    pub fn available(kind: Kind) -> String {
        let names: Vec<String> = of_kind(kind)
            .map(|writer| match writer.versions {
                [] => writer.name.to_owned(),
                versions => format!("{}[@{}]", writer.name, versions.join("|@")),
            })
            .collect();
        names.join(", ")
    }

    /// Whether it tells of packages and their licences alone, see [`INVENTORIES`].
    pub fn is_inventory(&self) -> bool {
        INVENTORIES.iter().any(|row| row.name == self.format.name)
    }

    /// Reads `FORMAT[@VERSION][=FILE]` for a kind of report.
    ///
    /// # Errors
    ///
    /// When there is no such format or version for this kind, or the file is missing.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, OutputError> {
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err(OutputError::NoFile(text.into())),
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let (name, version) = match format.split_once('@') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (format, None),
        };
        let found = of_kind(kind).find(|writer| writer.name == name);
        let format = found.ok_or_else(|| OutputError::Unknown {
            name: name.into(),
            available: Self::available(kind),
        })?;
        if let Some(version) = version.as_deref().filter(|v| !format.versions.contains(v)) {
            return Err(OutputError::Version {
                name: format.name,
                version: version.into(),
                available: match format.versions {
                    [] => "it has no versions".into(),
                    versions => format!("choose one of {}", versions.join(", ")),
                },
            });
        }
        Ok(Self {
            format,
            version,
            file,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_version_and_file_are_read() {
        let output = Output::parse("cyclonedx-json@1.5=a=b.json", Kind::Scan).unwrap();
        assert_eq!(output.format.name, "cyclonedx-json");
        assert_eq!(output.version.as_deref(), Some("1.5"));
        assert_eq!(output.file, Some(PathBuf::from("a=b.json")));
        let plain = Output::parse("table", Kind::Doctor).unwrap();
        assert_eq!((plain.version, plain.file), (None, None));
    }

    #[test]
    fn what_is_not_there_names_what_is() {
        let error = |text, kind| Output::parse(text, kind).unwrap_err().to_string();
        assert_eq!(
            error("spdx-json", Kind::Doctor),
            "there is no format \"spdx-json\" here: choose one of table, json, line, nhc, markdown, \
             html, openmetrics, junit, sarif"
        );
        assert_eq!(
            error("cyclonedx-json@9", Kind::Scan),
            "cyclonedx-json is not written in version \"9\": choose one of 1.6, 1.5"
        );
        assert_eq!(
            error("spdx-json@3.0", Kind::Scan),
            "spdx-json is not written in version \"3.0\": choose one of 2.3; no Rust crate that is \
             kept up writes SPDX 3.0 (JSON-LD)"
        );
        assert!(error("json@1", Kind::Scan).ends_with("it has no versions"));
        assert_eq!(
            error("json=", Kind::Scan),
            "no file follows the equals sign in \"json=\""
        );
    }
}
