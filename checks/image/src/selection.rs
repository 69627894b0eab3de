//! Which catalogers run, and which paths are left out, because whoever scans asked for it.

use std::sync::atomic::{AtomicBool, Ordering};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use hpcctl_model::scan::LeftOut;

use crate::catalog::CATALOGERS;
use crate::{Error, Options};

/// The cataloger that names the distribution, on which the purls of others depend.
const ALWAYS: &str = "os-release";

/// The purl types that are not the id of a cataloger, and the catalogers that find packages of
/// each; `generic` is what has no type of its own.
const TYPES: &[(&str, &[&str])] = &[
    ("alpm", &["pacman"]),
    ("cargo", &["cargo-lock", "elf"]),
    ("composer", &["php", "php-lock"]),
    ("cpan", &["perl"]),
    ("cran", &["r"]),
    ("deb", &["dpkg"]),
    ("ebuild", &["portage"]),
    ("gem", &["ruby", "ruby-lock"]),
    (
        "generic",
        &[
            "easybuild",
            "elf",
            "modulefile",
            "opkg",
            "spack",
            "vendor-tree",
        ],
    ),
    ("golang", &["elf", "go-lock"]),
    ("guix", &["nix"]),
    ("hackage", &["haskell", "haskell-lock"]),
    ("luarocks", &["lua"]),
    ("maven", &["java"]),
    ("nuget", &["dotnet", "dotnet-lock"]),
    ("opam", &["ocaml"]),
    ("pypi", &["python", "python-lock"]),
];

/// The names of purl types by which catalogers can be chosen, beside their ids.
pub fn package_types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, _)| *name)
}

/// The catalogers that a name stands for; none where it is not known.
fn named(name: &str) -> Vec<&'static str> {
    let of_type = TYPES.iter().find(|(kind, _)| *kind == name);
    if let Some((_, ids)) = of_type {
        return ids.to_vec();
    }
    let mut rows = CATALOGERS.iter();
    rows.find(|row| row.id == name)
        .map(|row| row.id)
        .into_iter()
        .collect()
}

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Whether each row of the table runs.
    runs: Vec<bool>,
    paths: GlobSet,
    /// Whether a path was met for each glob, and for what is below it.
    met: Vec<AtomicBool>,
    left_out: LeftOut,
}

impl Selection {
    /// Reads the names and globs of the options.
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let mut asked = options.select.iter().chain(&options.exclude);
        if let Some(name) = asked.find(|name| named(name).is_empty()) {
            let known = CATALOGERS.iter().map(|row| row.id);
            let known: Vec<&str> = known.chain(package_types()).collect();
            return Err(Error::NoCataloger {
                name: name.clone(),
                known: known.join(", "),
            });
        }
        let is_in = |list: &[String], id: &str| list.iter().any(|name| named(name).contains(&id));
        let runs = CATALOGERS.iter().map(|row| {
            let selected = options.select.is_empty() || row.id == ALWAYS;
            (selected || is_in(&options.select, row.id)) && !is_in(&options.exclude, row.id)
        });
        let runs: Vec<bool> = runs.collect();
        let mut paths = GlobSetBuilder::new();
        for glob in &options.exclude_paths {
            let bad = |error: globset::Error| Error::BadGlob {
                glob: glob.clone(),
                why: error.kind().to_string(),
            };
            let plain = glob.trim_matches('/');
            // What is below a directory that is left out is left out, too.
            for glob in [plain.to_owned(), format!("{plain}/**")] {
                let mut builder = GlobBuilder::new(&glob);
                paths.add(builder.literal_separator(true).build().map_err(bad)?);
            }
        }
        let idle = CATALOGERS.iter().zip(&runs).filter(|(_, runs)| !**runs);
        Ok(Self {
            left_out: LeftOut {
                catalogers: idle.map(|(row, _)| row.id.to_owned()).collect(),
                paths: options.exclude_paths.clone(),
            },
            paths: paths
                .build()
                .map_err(|error| Error::Internal(error.to_string()))?,
            met: std::iter::repeat_with(AtomicBool::default)
                .take(options.exclude_paths.len())
                .collect(),
            runs,
        })
    }

    /// Whether the cataloger of a row runs.
    pub(crate) fn runs(&self, row: usize) -> bool {
        self.runs.get(row).is_some_and(|runs| *runs)
    }

    /// Whether a path is looked at.
    pub(crate) fn takes(&self, path: &str) -> bool {
        let matches = self.paths.matches(path);
        for place in &matches {
            self.met[place / 2].store(true, Ordering::Relaxed);
        }
        matches.is_empty()
    }

    /// The globs of paths that nothing was met for.
    pub(crate) fn unmet(&self) -> Vec<String> {
        let globs = self.left_out.paths.iter().zip(&self.met);
        let unmet = globs.filter(|(_, met)| !met.load(Ordering::Relaxed));
        unmet.map(|(glob, _)| glob.clone()).collect()
    }

    /// What is not looked at.
    pub(crate) fn left_out(&self) -> &LeftOut {
        &self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn selection(select: &[&str], exclude: &[&str], paths: &[&str]) -> Result<Selection, Error> {
        Selection::new(&Options {
            select: words(select),
            exclude: words(exclude),
            exclude_paths: words(paths),
            ..Options::default()
        })
    }

    fn running(selection: &Selection) -> Vec<&str> {
        let rows = CATALOGERS.iter().enumerate();
        rows.filter(|(row, _)| selection.runs(*row))
            .map(|(_, row)| row.id)
            .collect()
    }

    #[test]
    fn names_decide_which_catalogers_run() {
        let all = selection(&[], &[], &[]).unwrap();
        assert_eq!(running(&all).len(), CATALOGERS.len());
        assert!(all.left_out().is_empty());
        let two = selection(&["rpm", "apk"], &["apk"], &[]).unwrap();
        assert_eq!(running(&two), ["os-release", "rpm"]);
        assert_eq!(two.left_out().catalogers.len(), CATALOGERS.len() - 2);
        let most = selection(&[], &["os-release"], &[]).unwrap();
        assert_eq!(most.left_out().catalogers, ["os-release"]);
        let error = selection(&["rpms"], &[], &[]).unwrap_err().to_string();
        let types = selection(&["deb", "pypi"], &["python-lock"], &[]).unwrap();
        assert_eq!(running(&types), ["dpkg", "os-release", "python"]);
        assert!(
            error.contains("rpms:") && error.contains(", rpm") && error.contains(", pypi"),
            "{error}"
        );
    }

    #[test]
    fn types_stand_for_catalogers_that_there_are() {
        let ids: Vec<&str> = CATALOGERS.iter().map(|row| row.id).collect();
        for (name, catalogers) in TYPES {
            assert!(!ids.contains(name), "{name} is a cataloger");
            assert!(catalogers.iter().all(|id| ids.contains(id)), "{name}");
        }
    }

    #[test]
    fn globs_leave_out_what_is_below() {
        let some = selection(&[], &[], &["/usr/share/doc/", "*.pyc", "**/cache"]).unwrap();
        for path in [
            "usr/share/doc",
            "usr/share/doc/a/b",
            "a.pyc",
            "cache/x",
            "a/cache",
        ] {
            assert!(!some.takes(path), "{path}");
        }
        for path in ["usr/share", "usr/share/docs", "a/b.pyc", "cached"] {
            assert!(some.takes(path), "{path}");
        }
        assert!(selection(&[], &[], &["a[b"]).is_err());
        assert!(some.unmet().is_empty());
        let other = selection(&[], &[], &["opt", "usr/shear"]).unwrap();
        assert!(!other.takes("opt/a") && other.takes("usr/share"));
        assert_eq!(other.unmet(), ["usr/shear"]);
    }
}
