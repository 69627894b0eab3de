//! The entries of an archive that tell what it is and what is in it.

use std::collections::HashMap;

use super::MOST_ARCHIVES;
use crate::catalog::is_license_file;
use crate::catalog::zip::Entry;

/// The endings of archives, in this cataloger's globs, too.
const ENDINGS: [&str; 9] = [
    ".jar", ".war", ".ear", ".par", ".sar", ".nar", ".jpi", ".hpi", ".kar",
];

/// `pom.properties` and `pom.xml` of one archive.
const MOST_POMS: usize = 5_000;

/// Licence texts of one archive.
const MOST_TEXTS: usize = 4;

/// The entries that count.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    pub(super) manifest: Option<Entry<'a>>,
    pub(super) properties: Vec<Entry<'a>>,
    pub(super) poms: HashMap<String, Entry<'a>>,
    pub(super) texts: Vec<Entry<'a>>,
    pub(super) nested: Vec<Entry<'a>>,
    pub(super) has_classes: bool,
}

impl<'a> Wanted<'a> {
    /// Takes an entry, if it counts.
    pub(super) fn take(&mut self, entry: Entry<'a>) {
        let name: &str = &entry.name;
        if name.ends_with(".class") {
            self.has_classes = true;
        } else if name.eq_ignore_ascii_case("META-INF/MANIFEST.MF") {
            self.manifest.get_or_insert(entry);
        } else if let Some(inside) = name.strip_prefix("META-INF/maven/") {
            if inside.ends_with("/pom.properties") && self.properties.len() < MOST_POMS {
                self.properties.push(entry);
            } else if let Some(directory) = inside.strip_suffix("/pom.xml")
                && self.poms.len() < MOST_POMS
            {
                self.poms.insert(directory.to_owned(), entry);
            }
        } else if is_archive(name) && self.nested.len() < MOST_ARCHIVES {
            self.nested.push(entry);
        } else if is_text(name) && self.texts.len() < MOST_TEXTS {
            self.texts.push(entry);
        }
    }
}

fn is_archive(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether an entry is the licence text of the archive: at its top or in `META-INF`.
fn is_text(name: &str) -> bool {
    let inside = name.strip_prefix("META-INF/").unwrap_or(name);
    let is_license = || {
        let lower = inside.to_ascii_lowercase();
        lower.starts_with("license") || lower.starts_with("licence") || lower.starts_with("copying")
    };
    !inside.contains('/') && is_license_file(inside) && is_license()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_texts_and_archives() {
        for name in ["LICENSE", "META-INF/LICENSE.txt", "META-INF/license"] {
            assert!(is_text(name), "{name}");
        }
        for name in ["META-INF/NOTICE", "META-INF/licenses/a", "org/LICENSE"] {
            assert!(!is_text(name), "{name}");
        }
        assert!(is_archive("WEB-INF/lib/a.jar"));
        assert!(!is_archive("a.jar.txt"));
    }
}
