//! Which licences the texts of an image bear; equal texts are looked at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use hpcctl_license_db::copyright::statements as statements_of;
use hpcctl_license_db::declared::debian;
use hpcctl_license_db::{Identification, Identifier, expression};
use hpcctl_model::license::Kind;
use sha2::{Digest, Sha256};

use crate::Purpose;
use crate::catalog;
use crate::tree::{FileLicense, Sha};

/// Texts whose answer is remembered.
const REMEMBERED: usize = 1_000_000;

/// The most copyright statements that are kept of one file.
const MOST_STATEMENTS: usize = 1000;

/// What a text is by its name and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// A copyright file of Debian.
    DebianCopyright,
    /// Another file that is named after a licence.
    LicenseFile,
    /// A README.
    Readme,
    /// Any other.
    Other,
}

impl Role {
    /// What the file with this path is.
    pub(crate) fn of(path: &str) -> Self {
        if catalog::is_debian_copyright(path) {
            Self::DebianCopyright
        } else if catalog::is_license_file(path) {
            Self::LicenseFile
        } else if catalog::is_readme(path) {
            Self::Readme
        } else {
            Self::Other
        }
    }

    /// Whether it is named after a licence.
    pub(crate) fn is_license_file(self) -> bool {
        matches!(self, Self::DebianCopyright | Self::LicenseFile)
    }
}

/// The digest of a text, and what it is.
type Key = (Sha, Role);

/// Looks for licences and remembers the answers.
#[derive(Debug)]
pub(crate) struct Licenses {
    purpose: Purpose,
    known: Mutex<HashMap<Key, Option<FileLicense>>>,
}

impl Licenses {
    /// Knows no text.
    pub(crate) fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            known: Mutex::default(),
        }
    }

    /// The digest of a text and its licences; none where nothing was found.
    pub(crate) fn of(&self, text: &[u8], role: Role) -> (Sha, Option<FileLicense>) {
        let sha256: Sha = Sha256::digest(text).into();
        let key: Key = (sha256, role);
        if let Some(known) = self.lock().get(&key) {
            return (sha256, known.clone());
        }
        let found = match role {
            Role::DebianCopyright => copyright(text, self.purpose),
            Role::LicenseFile | Role::Readme | Role::Other => identify(text),
        };
        let found = found.map(|license| FileLicense {
            sha256: Some(sha256),
            copyrights: match role {
                Role::DebianCopyright | Role::LicenseFile | Role::Readme => statements(text),
                Role::Other => Arc::default(),
            },
            ..license
        });
        let mut known = self.lock();
        if known.len() < REMEMBERED {
            known.insert(key, found.clone());
        }
        (sha256, found)
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
    let texts = texts(&found);
    found.expression.map(|expression| FileLicense {
        expression: Arc::from(expression),
        grants,
        sha256: None,
        copyrights: Arc::default(),
        texts,
    })
}

/// The licences of which the whole text is there, each once.
fn texts(found: &Identification) -> Arc<[String]> {
    let texts = found
        .matches
        .iter()
        .filter(|found| found.kind == Kind::Text);
    let texts: BTreeSet<&String> = texts.map(|found| &found.license).collect();
    texts.into_iter().cloned().collect()
}

/// The licence of the software itself; of the packaging only where nothing else is stated.
fn copyright(text: &[u8], purpose: Purpose) -> Option<FileLicense> {
    let stated = debian::copyright(Identifier::spdx(), text);
    let expression = stated.upstream.or(stated.packaging)?;
    let whole = || match stated.found {
        Some(found) => texts(&found),
        None => texts(&Identifier::spdx().identify(text)),
    };
    Some(FileLicense {
        expression: Arc::from(expression),
        grants: true,
        sha256: None,
        copyrights: Arc::default(),
        texts: match purpose {
            Purpose::Verdict => whole(),
            Purpose::Inventory => Arc::default(),
        },
    })
}

/// The copyright statements of a text, each once.
fn statements(text: &[u8]) -> Arc<[String]> {
    let mut told = HashSet::new();
    let all = statements_of(text).into_iter().map(|one| one.to_string());
    let each_once = all.filter(|statement| told.insert(statement.clone()));
    each_once.take(MOST_STATEMENTS).collect()
}

/// Whether no list has the text of some licence of an expression. What is in the public domain has
/// no terms.
pub(crate) fn is_of_no_list(expression: &str) -> bool {
    let parts = expression.split([' ', '(', ')']);
    let mut own =
        parts.filter(|part| part.contains("LicenseRef-") || part.contains("AdditionRef-"));
    own.any(|part| !part.contains("public-domain"))
}

/// All of these licences as one expression.
pub(crate) fn all_of<'a>(expressions: impl IntoIterator<Item = &'a str>) -> Option<String> {
    expression::and(expressions)
}
