//! The configuration of an image: which layers it has and how they came about.
//!
//! The fields are those of the OCI image specification ("Image Configuration"); Docker's are
//! the same.

use serde::Deserialize;

use crate::Platform;

/// The part of a configuration that is read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Config {
    #[serde(flatten)]
    platform: Option<Platform>,
    #[serde(default)]
    rootfs: RootFs,
    #[serde(default)]
    history: Option<Vec<Step>>,
}

#[derive(Debug, Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Step {
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

impl Config {
    /// Reads a configuration.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("its configuration: {error}"))
    }

    /// The platform that the image is for.
    pub(crate) fn platform(&self) -> Option<&Platform> {
        self.platform.as_ref()
    }

    /// The digests of the plain layers, lowest first.
    pub(crate) fn diff_ids(&self) -> &[String] {
        &self.rootfs.diff_ids
    }

    /// The instruction behind each of `layers` layers; none where the history does not fit.
    pub(crate) fn created_by(&self, layers: usize) -> Vec<Option<String>> {
        let steps = self
            .history
            .iter()
            .flatten()
            .filter(|step| !step.empty_layer);
        let made: Vec<_> = steps.map(|step| step.created_by.clone()).collect();
        if made.len() == layers {
            made
        } else {
            vec![None; layers]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_layers_are_passed_over() {
        let text = br#"{"rootfs":{"type":"layers","diff_ids":["sha256:a","sha256:b"]},"history":[
            {"created_by":"ADD x"},{"created_by":"ENV a=b","empty_layer":true},{"comment":"c"}]}"#;
        let config = Config::read(text).unwrap();
        assert_eq!(config.diff_ids(), ["sha256:a", "sha256:b"]);
        assert_eq!(config.created_by(2), [Some("ADD x".to_owned()), None]);
        assert_eq!(config.created_by(3), [None, None, None]);
        assert_eq!(config.platform(), None);
        let platform = Config::read(br#"{"os":"linux","architecture":"arm64","variant":"v8"}"#);
        let platform = platform.unwrap().platform().map(ToString::to_string);
        assert_eq!(platform.as_deref(), Some("linux/arm64/v8"));
        assert!(Config::read(b"{").is_err());
    }
}
