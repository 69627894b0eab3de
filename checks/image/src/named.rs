//! Images by their names, in storages that hold many.

use std::fs::DirEntry;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::blob::Blob;
use crate::{Error, Limits};

/// Names that are told where none fits.
const TOLD: usize = 20;

/// An image of a storage.
#[derive(Debug)]
pub(crate) struct Named<T> {
    /// All its names, with their tags.
    pub(crate) names: Vec<String>,
    /// Its id, without the kind of digest; empty where it has none.
    pub(crate) id: String,
    /// The image.
    pub(crate) image: T,
}

/// Chooses the image of a name, of a name without its registry, or of the start of an id; where
/// none is given, the only image.
pub(crate) fn choose<T>(all: Vec<Named<T>>, name: &str, path: &Path) -> Result<Named<T>, Error> {
    let mut known: Vec<String> = all.iter().map(Named::known_as).collect();
    known.sort();
    let choices = |known: &[String]| match known.len() {
        0 => "none".to_owned(),
        more if more > TOLD => format!("{} and {} more", known[..TOLD].join(", "), more - TOLD),
        _ => known.join(", "),
    };
    let tests: [fn(&Named<T>, &str) -> bool; 3] = [Named::is, Named::ends_with, Named::has_id];
    for test in tests {
        let fits = all.iter().filter(|one| name.is_empty() || test(one, name));
        match fits.count() {
            0 => {}
            1 => {
                let found = all
                    .into_iter()
                    .find(|one| name.is_empty() || test(one, name));
                return found.ok_or_else(|| Error::Internal("an image is gone".to_owned()));
            }
            _ => {
                let fits = all.iter().filter(|one| name.is_empty() || test(one, name));
                let known: Vec<String> = fits.map(Named::known_as).collect();
                return Err(Error::Ambiguous {
                    path: path.to_owned(),
                    choices: choices(&known),
                });
            }
        }
    }
    let why = format!(
        "it has no image {name:?}; its images are: {}",
        choices(&known)
    );
    Err(Error::not_an_image(path, why))
}

impl<T> Named<T> {
    fn known_as(&self) -> String {
        self.names.first().unwrap_or(&self.id).clone()
    }

    fn is(&self, name: &str) -> bool {
        let tagged = tagged(name);
        self.names.iter().any(|one| one == name || *one == tagged)
    }

    fn ends_with(&self, name: &str) -> bool {
        let tagged = tagged(name);
        let fits = |one: &String| {
            one.strip_suffix(&tagged)
                .is_some_and(|head| head.ends_with('/'))
        };
        self.names.iter().any(fits)
    }

    fn has_id(&self, name: &str) -> bool {
        let id = name.strip_prefix("sha256:").unwrap_or(name);
        let id = id.strip_prefix('@').unwrap_or(id);
        id.len() >= 3 && self.id.starts_with(id)
    }
}

/// A name with its tag, which is `latest` where none is given.
pub(crate) fn tagged(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.contains([':', '@']) {
        true => name.to_owned(),
        false => format!("{name}:latest"),
    }
}

/// Whether a name from a document can be part of a path without leading elsewhere.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !name.is_empty() && name.len() <= 128 && name.bytes().all(plain)
}

/// Reads a JSON document of a storage.
pub(crate) fn document<T: DeserializeOwned>(path: &Path, limits: &Limits) -> Result<T, Error> {
    let bytes = Blob::open(path)?.bytes(limits.document_bytes);
    let bytes = bytes.map_err(|error| Error::unreadable(path, error))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::not_an_image(path, error.to_string()))
}

/// The directories in a folder, links left out, up to the number of images that is looked at.
pub(crate) fn folders(path: &Path, limits: &Limits) -> Result<Vec<String>, Error> {
    let entries = path
        .read_dir()
        .map_err(|error| Error::unreadable(path, error))?;
    let name = |entry: DirEntry| {
        let is_folder = entry.file_type().ok()?.is_dir();
        is_folder.then(|| entry.file_name().into_string().ok())?
    };
    let names = entries.flatten().take(limits.archive_entries);
    Ok(names.filter_map(name).collect())
}

/// Whether a folder and what is below it are there and no links.
pub(crate) fn is_real(root: &Path, below: &[&str]) -> bool {
    let mut path = root.to_owned();
    below.iter().all(|name| {
        path.push(name);
        path.symlink_metadata()
            .is_ok_and(|metadata| metadata.is_dir())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Vec<Named<u8>> {
        let image = |names: &[&str], id: &str, image| Named {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            id: id.to_owned(),
            image,
        };
        vec![
            image(
                &["docker.io/library/debian:12", "x/debian:latest"],
                "abcd12",
                1,
            ),
            image(&["localhost/debian:12"], "abef34", 2),
            image(&[], "ffff", 3),
        ]
    }

    fn chosen(name: &str) -> Result<u8, String> {
        let found = choose(images(), name, Path::new("store"));
        found
            .map(|one| one.image)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_fits_before_its_end_and_its_end_before_an_id() {
        assert_eq!(chosen("localhost/debian:12"), Ok(2));
        assert_eq!(chosen("library/debian:12"), Ok(1));
        assert_eq!(chosen("debian"), Ok(1));
        assert_eq!(chosen("abcd"), Ok(1));
        assert_eq!(chosen("sha256:ffff"), Ok(3));
        assert!(
            chosen("debian:12")
                .unwrap_err()
                .contains("localhost/debian:12")
        );
        assert!(chosen("ab").unwrap_err().contains("no image \"ab\""));
        assert!(chosen("").unwrap_err().contains("ffff"));
        let only = choose(images().drain(2..).collect(), "", Path::new("store"));
        assert_eq!(only.unwrap().image, 3);
    }

    #[test]
    fn names_that_lead_elsewhere_are_not_plain() {
        for name in ["", "..", "a/b", "a.b", "\0"] {
            assert!(!is_plain(name), "{name}");
        }
        assert!(is_plain("0123abcdef"));
    }
}
