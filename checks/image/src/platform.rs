//! The platform that an image is for: `OS/ARCHITECTURE[/VARIANT]`.
//!
//! The names are those of the OCI image specification ("Image Index", `platform`), which are
//! Go's; what uname(2) calls a machine is taken as well.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The platform that an image is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// The operating system, such as `linux`.
    pub os: String,
    /// The architecture, such as `amd64`.
    pub architecture: String,
    /// The variant of the architecture, such as `v8`.
    #[serde(default)]
    pub variant: Option<String>,
}

/// Why a text is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no platform: it is OS/ARCHITECTURE[/VARIANT], such as linux/arm64")]
pub struct PlatformError(String);

impl Platform {
    /// Linux on this machine.
    pub fn here() -> Self {
        Self {
            os: "linux".to_owned(),
            architecture: architecture(std::env::consts::ARCH).to_owned(),
            variant: None,
        }
    }

    /// Whether it is that of a machine, as uname(2) names it.
    pub fn is_of(&self, machine: &str) -> bool {
        self.architecture == architecture(machine)
    }

    /// Whether what is offered will do; a variant counts only where one is asked for.
    pub(crate) fn takes(&self, offered: &Self) -> bool {
        self.os == offered.os
            && self.architecture == offered.architecture
            && (self.variant.is_none() || self.level() == offered.level())
    }

    /// Of what is offered, the place of what will do best: the plainest variant first.
    pub(crate) fn choose(&self, offered: &[Option<&Self>]) -> Option<usize> {
        let fits = |place: &usize| offered[*place].is_some_and(|one| self.takes(one));
        let plain = |place: &usize| offered[*place].is_some_and(|one| one.level() == self.level());
        let mut all = (0..offered.len()).filter(fits);
        let first = all.clone().next();
        all.find(plain).or(first)
    }

    /// The variant, with the one that is meant where none is named.
    fn level(&self) -> &str {
        match (self.variant.as_deref(), self.architecture.as_str()) {
            (None | Some(""), "arm64") => "v8",
            (None | Some(""), "arm") => "v7",
            (None | Some(""), "amd64") => "v1",
            (variant, _) => variant.unwrap_or_default(),
        }
    }
}

/// An architecture by Go's name.
fn architecture(name: &str) -> &str {
    match name {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" | "powerpc64le" => "ppc64le",
        "x86" | "i386" | "i686" => "386",
        other => other,
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &&str| {
            let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            !part.is_empty() && part.len() <= 40 && part.bytes().all(known)
        };
        match parts.as_slice() {
            [os, arch, variant @ ..] if variant.len() <= 1 && parts.iter().all(word) => Ok(Self {
                os: os.to_ascii_lowercase(),
                architecture: architecture(&arch.to_ascii_lowercase()).to_owned(),
                variant: variant.first().map(|variant| variant.to_ascii_lowercase()),
            }),
            _ => Err(PlatformError(text.to_owned())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn platforms_are_read_and_printed() {
        assert_eq!(platform("linux/aarch64").to_string(), "linux/arm64");
        assert_eq!(platform("Linux/arm/v7").to_string(), "linux/arm/v7");
        assert_eq!(platform(&Platform::here().to_string()), Platform::here());
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/v7/x",
            "linux/a b",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_plainest_variant_is_taken_first() {
        let offered = [
            "linux/amd64/v3",
            "linux/amd64",
            "linux/arm/v6",
            "linux/arm64/v8",
        ];
        let offered = offered.map(platform);
        let choose = |wanted: &str| {
            let offered: Vec<_> = offered.iter().map(Some).collect();
            platform(wanted).choose(&offered)
        };
        assert_eq!(choose("linux/amd64"), Some(1));
        assert_eq!(choose("linux/amd64/v3"), Some(0));
        assert_eq!(choose("linux/arm64"), Some(3));
        assert_eq!(
            (choose("linux/arm"), choose("linux/arm/v7")),
            (Some(2), None)
        );
        assert_eq!(choose("windows/amd64"), None);
    }
}
