//! What a client goes by: the files and the environment of this node.

use hpcctl_host::{Host, Live};

use crate::authority::Authorities;
use crate::credentials::Keyring;
use crate::proxy::Proxies;
use crate::registries::Registries;
use crate::{Error, Patience};

/// What a client goes by.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How patient it is.
    pub patience: Patience,
    /// Whether the registry that is named must prove who it is; mirrors always must, unless
    /// registries.conf calls them insecure.
    pub tls_verify: bool,
    pub(crate) registries: Registries,
    pub(crate) keyring: Keyring,
    pub(crate) authorities: Authorities,
    pub(crate) proxies: Proxies,
}

impl Settings {
    /// Those of this node and this user.
    ///
    /// # Errors
    ///
    /// When a file of registries.conf(5) is not valid.
    pub fn of_this_node() -> Result<Self, Error> {
        Self::load(&|name| Live.env(name), "")
    }

    /// Those of an environment; `root` stands in front of the paths of the system.
    ///
    /// # Errors
    ///
    /// When a file of registries.conf(5) is not valid.
    pub fn load(env: &dyn Fn(&str) -> Option<String>, root: &str) -> Result<Self, Error> {
        Ok(Self {
            patience: Patience::default(),
            tls_verify: true,
            registries: Registries::load(env, root)?,
            keyring: Keyring::load(env, root, Live.caller().uid),
            authorities: Authorities::load(env, root),
            proxies: Proxies::read(env),
        })
    }
}
