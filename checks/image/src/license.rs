//! Which licences the texts of an image bear; equal texts are looked at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hpcctl_license_db::declared::debian;
use hpcctl_license_db::{Identifier, expression};
use hpcctl_model::license::Kind;
use sha2::{Digest, Sha256};

use crate::tree::{FileLicense, Sha};

/// Texts whose answer is remembered.
const REMEMBERED: usize = 1_000_000;

/// The digest of a text, and whether it is a copyright file of Debian.
type Key = (Sha, bool);

/// Looks for licences and remembers the answers.
#[derive(Debug, Default)]
pub(crate) struct Licenses {
    known: Mutex<HashMap<Key, Option<FileLicense>>>,
}

impl Licenses {
    /// The licences of a text; none where nothing was found.
    pub(crate) fn of(&self, text: &[u8], is_copyright: bool) -> Option<FileLicense> {
        let sha256: Sha = Sha256::digest(text).into();
        let key: Key = (sha256, is_copyright);
        if let Some(known) = self.lock().get(&key) {
            return known.clone();
        }
        let found = if is_copyright {
            copyright(text)
        } else {
            identify(text)
        };
        let found = found.map(|license| FileLicense {
            sha256: Some(sha256),
            ..license
        });
        let mut known = self.lock();
        if known.len() < REMEMBERED {
            known.insert(key, found.clone());
        }
        found
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Option<FileLicense>>> {
        // What is in the map is whole even if another thread panicked.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identify(text: &[u8]) -> Option<FileLicense> {
    let found = Identifier::spdx().identify(text);
    let grants = found
        .matches
        .iter()
        .any(|found| found.kind != Kind::Reference);
    found.expression.map(|expression| FileLicense {
        expression: Arc::from(expression),
        grants,
        sha256: None,
    })
}

/// The licence of the software itself; of the packaging only where nothing else is stated.
fn copyright(text: &[u8]) -> Option<FileLicense> {
    let stated = debian::copyright(Identifier::spdx(), text);
    let expression = stated.upstream.or(stated.packaging)?;
    Some(FileLicense {
        expression: Arc::from(expression),
        grants: true,
        sha256: None,
    })
}

/// All of these licences as one expression.
pub(crate) fn all_of<'a>(expressions: impl IntoIterator<Item = &'a str>) -> Option<String> {
    expression::and(expressions)
}
