//! The tables under `data/`, which are compiled in.

use serde::de::DeserializeOwned;

/// Reads a table; the tests read every one of them.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    toml::from_str(text).ok()
}
