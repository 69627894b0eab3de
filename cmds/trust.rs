//! `--tls-verify`: whether registries must prove who they are, for every command that speaks to one.

use clap::{ArgAction, Args};
use hpcctl_registry::Settings;

use crate::failure::{Failure, chain};

/// How far registries are trusted.
#[derive(Debug, Clone, Copy, Args)]
pub struct Trust {
    /// Whether the registry must prove who it is and speak TLS, but for one on this machine
    /// (localhost), which may speak HTTP; mirrors must all the same
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true"
    )]
    tls_verify: bool,
}

impl Trust {
    /// Whether a registry need not prove who it is.
    pub fn is_blind(self) -> bool {
        !self.tls_verify
    }

    /// What a client of registries goes by on this node.
    pub fn settings(self) -> Result<Settings, Failure> {
        let mut settings = Settings::of_this_node().map_err(|error| {
            Failure::configuration(format!("cannot use the registry: {}", chain(&error)))
        })?;
        settings.tls_verify = self.tls_verify;
        Ok(settings)
    }
}
