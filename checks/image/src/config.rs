//! The configuration of an image: which layers it has and how they came about.
//!
//! The fields are those of the OCI image specification ("Image Configuration"); Docker's are
//! the same.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Platform;
use crate::documents::{DocumentText, texts};

/// The part of a configuration that is read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Config {
    #[serde(flatten)]
    platform: Option<Platform>,
    #[serde(default)]
    rootfs: RootFs,
    #[serde(default)]
    history: Option<Vec<Step>>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    config: Option<Execution>,
    /// Every string of it.
    #[serde(skip)]
    texts: Vec<DocumentText>,
}

/// How its processes are started, and what the image says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Execution {
    user: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
}

/// What a configuration says of its image.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) labels: BTreeMap<String, String>,
    /// When it was made (RFC 3339).
    pub(crate) created: Option<String>,
    /// The user that its processes run as.
    pub(crate) user: Option<String>,
    /// Its variables, as `NAME=VALUE`.
    pub(crate) env: Vec<String>,
    /// What is started: the entry point and its arguments.
    pub(crate) command: Vec<String>,
    /// Every string of its documents.
    pub(crate) texts: Vec<DocumentText>,
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
    /// What it sets in the environment of its processes, `NAME=VALUE` each.
    pub(crate) fn environment(&self) -> Vec<String> {
        let set = self.config.as_ref().and_then(|config| config.env.clone());
        set.unwrap_or_default()
    }

    /// Reads a configuration.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let read = serde_json::from_slice(bytes);
        let read: Self = read.map_err(|error| format!("its configuration: {error}"))?;
        Ok(Self {
            texts: texts("config", bytes),
            ..read
        })
    }

    /// The platform that the image is for.
    pub(crate) fn platform(&self) -> Option<&Platform> {
        self.platform.as_ref()
    }

    /// What it says of its image.
    pub(crate) fn about(&self) -> About {
        let execution = self.config.as_ref();
        let user = execution.and_then(|execution| execution.user.clone());
        let command = execution.into_iter().flat_map(|execution| {
            let both = [&execution.entrypoint, &execution.cmd]
                .into_iter()
                .flatten();
            both.flatten().cloned()
        });
        About {
            command: command.collect(),
            labels: execution
                .and_then(|execution| execution.labels.clone())
                .unwrap_or_default(),
            created: self.created.clone(),
            user: user.filter(|user| !user.is_empty()),
            env: self.environment(),
            texts: self.texts.clone(),
        }
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

    #[test]
    fn an_image_says_who_it_is() {
        let text = br#"{"created":"2026-01-02T03:04:05Z","config":{"User":"","Labels":{"a":"b"}}}"#;
        let about = Config::read(text).unwrap().about();
        assert_eq!(about.created.as_deref(), Some("2026-01-02T03:04:05Z"));
        assert_eq!(about.labels["a"], "b");
        assert_eq!(about.user, None);
        let none = Config::read(br#"{"config":{"Labels":null,"User":"1000"}}"#)
            .unwrap()
            .about();
        assert!(none.labels.is_empty());
        assert_eq!(none.user.as_deref(), Some("1000"));
    }
}
