//! What lock files have in common: they name packages that an application asks for, which need
//! not be in the image. What of it is installed is one package with two places; the rest is
//! reported as found by the lock's own row and takes no part in the verdict.

use serde::de::DeserializeOwned;

use super::{Candidate, Source, is_word};

/// Directories of packages that were brought from elsewhere; a lock file in one of them is of
/// that package's own development.
const INSIDE: [&str; 16] = [
    "/node_modules/",
    "/site-packages/",
    "/dist-packages/",
    "/vendor/",
    "/gems/",
    "/.cargo/registry/",
    "/.cargo/git/",
    "/pkg/mod/",
    "/.julia/packages/",
    "/usr/share/nodejs/",
    "/usr/share/doc/",
    "/testdata/",
    "/usr/share/gocode/",
    "/usr/share/go-",
    "/usr/lib/go-",
    "/usr/local/go/src/",
];

/// Whether a lock file at this path is one of an application.
pub(super) fn counts(path: &str) -> bool {
    let path = format!("/{path}");
    !INSIDE.iter().any(|inside| path.contains(inside))
}

/// What the entries of one lock file are called: the file tells them apart from those of others.
pub(super) fn key(path: &str, entry: &str) -> String {
    format!("{path}#{entry}")
}

/// Whether a name and a version are such.
pub(super) fn is_locked(name: &str, version: &str) -> bool {
    is_word(name) && is_word(version)
}

/// A package that a lock file names, called by its name there; none where it has no name or
/// version.
pub(super) fn candidate(
    path: &str,
    kind: &'static str,
    name: &str,
    version: &str,
) -> Option<Candidate> {
    is_locked(name, version).then(|| Candidate {
        kind,
        name: name.to_owned(),
        version: version.to_owned(),
        key: Some(key(path, name)),
        ..Candidate::default()
    })
}

/// Signs of TOML between words; the reader holds many times as many bytes as there are of them.
const MOST_SIGNS: usize = 1_000_000;

/// Reads a document of TOML; the fault says what is wrong with it.
pub(super) fn toml<T: DeserializeOwned>(source: &Source<'_>) -> Result<T, String> {
    let is_sign = |byte: &&u8| b"[]{},=.\"'#\n".contains(byte);
    if source.bytes.iter().filter(is_sign).count() > MOST_SIGNS {
        return Err(format!("it has more than {MOST_SIGNS} parts"));
    }
    let text = String::from_utf8_lossy(source.bytes);
    toml::from_str(&text)
        .map_err(|error| format!("it is not the TOML that it should be: {}", error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_signs_only_is_not_read() {
        let signs = "a=".to_owned() + &"[".repeat(MOST_SIGNS);
        let read = toml::<toml::Table>(&Source::whole("Cargo.lock", signs.as_bytes()));
        assert_eq!(read.unwrap_err(), "it has more than 1000000 parts");
    }

    #[test]
    fn only_locks_of_applications() {
        assert!(counts("app/yarn.lock"));
        assert!(counts("package-lock.json"));
        assert!(!counts("node_modules/a/yarn.lock"));
        assert!(!counts(
            "usr/lib/python3/site-packages/jupyterlab/staging/yarn.lock"
        ));
    }
}
