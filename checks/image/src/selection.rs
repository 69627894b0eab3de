//! Which catalogers run, which of the packages that they find are taken, and which paths are left
//! out, because whoever scans asked for it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use hpcctl_model::scan::LeftOut;

use crate::catalog::CATALOGERS;
use crate::{Error, Options};

/// The cataloger that names the distribution, on which the purls of others depend.
const ALWAYS: &str = "os-release";

/// The purl types, and the catalogers that find packages of each; `generic` is what has no type of
/// its own.
const TYPES: &[(&str, &[&str])] = &[
    ("alpm", &["elf", "pacman"]),
    ("apk", &["apk", "elf"]),
    ("bioconductor", &["r"]),
    ("cargo", &["cargo-lock", "elf"]),
    ("composer", &["php", "php-lock"]),
    ("conda", &["conda", "conda-lock"]),
    ("cpan", &["perl"]),
    ("cran", &["r"]),
    ("deb", &["dpkg", "elf"]),
    ("ebuild", &["portage"]),
    ("gem", &["ruby", "ruby-lock"]),
    (
        "generic",
        &[
            "easybuild",
            "elf",
            "java",
            "modulefile",
            "opkg",
            "spack",
            "vendor-tree",
        ],
    ),
    ("golang", &["elf", "go-lock"]),
    ("guix", &["nix"]),
    ("hackage", &["haskell", "haskell-lock"]),
    ("julia", &["julia", "julia-lock"]),
    ("luarocks", &["lua"]),
    ("maven", &["java"]),
    ("nix", &["nix"]),
    ("npm", &["npm", "npm-lock", "yarn"]),
    ("nuget", &["dotnet", "dotnet-lock"]),
    ("opam", &["ocaml"]),
    ("pear", &["pear"]),
    ("pypi", &["conda-lock", "python", "python-lock"]),
    ("rpm", &["elf", "rpm"]),
];

/// The names that stand for the packages of a purl type, beside the ids of catalogers.
pub fn package_types() -> impl Iterator<Item = &'static str> {
    let types = TYPES.iter().map(|(name, _)| *name);
    types.filter(|name| !is_id(name))
}

fn is_id(name: &str) -> bool {
    CATALOGERS.iter().any(|row| row.id == name)
}

/// The types of the packages that a cataloger finds.
pub(crate) fn types_of(id: &str) -> impl Iterator<Item = &'static str> {
    let types = TYPES.iter().filter(move |(_, ids)| ids.contains(&id));
    types.map(|(name, _)| *name)
}

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Whether each row of the table runs.
    runs: Vec<bool>,
    /// The types of packages that are not taken from each row.
    passed: Vec<Vec<&'static str>>,
    paths: GlobSet,
    /// Whether a path was met for each glob, and for what is below it.
    met: Vec<AtomicBool>,
    left_out: LeftOut,
}

impl Selection {
    /// Reads the names and globs of the options.
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let mut asked = options.select.iter().chain(&options.exclude);
        let is_type = |name: &str| TYPES.iter().any(|(kind, _)| *kind == name);
        if let Some(name) = asked.find(|name| !is_id(name) && !is_type(name)) {
            let known = CATALOGERS.iter().map(|row| row.id);
            let known: Vec<&str> = known.chain(package_types()).collect();
            return Err(Error::NoCataloger {
                name: name.clone(),
                known: known.join(", "),
            });
        }
        let (mut runs, mut passed) = (Vec::new(), Vec::new());
        for row in CATALOGERS {
            let names = |list: &[String], kind: &str| {
                let mut list = list.iter();
                list.any(|name| name == row.id || name == kind)
            };
            let is_passed = |kind: &&str| {
                let is_selected = options.select.is_empty() || names(&options.select, kind);
                !is_selected || names(&options.exclude, kind)
            };
            let (left, taken): (Vec<_>, Vec<_>) = types_of(row.id).partition(is_passed);
            runs.push(match row.id {
                ALWAYS => !names(&options.exclude, ALWAYS),
                _ => !taken.is_empty(),
            });
            passed.push(left);
        }
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
        let of_running = passed.iter().zip(&runs).filter(|(_, runs)| **runs);
        let types: BTreeSet<&str> = of_running.flat_map(|(kinds, _)| kinds).copied().collect();
        Ok(Self {
            left_out: LeftOut {
                catalogers: idle.map(|(row, _)| row.id.to_owned()).collect(),
                types: types.into_iter().map(str::to_owned).collect(),
                paths: options.exclude_paths.clone(),
            },
            paths: paths
                .build()
                .map_err(|error| Error::Internal(error.to_string()))?,
            met: std::iter::repeat_with(AtomicBool::default)
                .take(options.exclude_paths.len())
                .collect(),
            runs,
            passed,
        })
    }

    /// Whether the cataloger of a row runs.
    pub(crate) fn runs(&self, row: usize) -> bool {
        self.runs.get(row).is_some_and(|runs| *runs)
    }

    /// Whether packages of a type are taken from the cataloger of a row.
    pub(crate) fn takes_type(&self, row: usize, kind: &str) -> bool {
        self.passed
            .get(row)
            .is_none_or(|passed| !passed.contains(&kind))
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
        let two = selection(&["dpkg", "opkg"], &["opkg"], &[]).unwrap();
        assert_eq!(running(&two), ["dpkg", "os-release"]);
        assert_eq!(two.left_out().catalogers.len(), CATALOGERS.len() - 2);
        assert!(two.left_out().types.is_empty());
        let most = selection(&[], &["os-release"], &[]).unwrap();
        assert_eq!(most.left_out().catalogers, ["os-release"]);
        let error = selection(&["rpms"], &[], &[]).unwrap_err().to_string();
        let types = selection(&["deb", "pypi"], &["python-lock", "conda"], &[]).unwrap();
        let running_for_types = ["conda-lock", "dpkg", "elf", "os-release", "python"];
        assert_eq!(running(&types), running_for_types);
        assert!(
            error.contains("rpms:") && error.contains(", rpm") && error.contains(", pypi"),
            "{error}"
        );
    }

    #[test]
    fn a_type_stands_for_its_packages_whoever_finds_them() {
        let row = |id: &str| CATALOGERS.iter().position(|row| row.id == id).unwrap();
        let none = selection(&[], &["deb", "npm"], &[]).unwrap();
        assert_eq!(
            none.left_out().catalogers,
            ["dpkg", "npm", "npm-lock", "yarn"]
        );
        assert_eq!(none.left_out().types, ["deb"]);
        let elf = row("elf");
        assert!(!none.takes_type(elf, "deb") && none.takes_type(elf, "golang"));
        let one = selection(&["golang"], &[], &[]).unwrap();
        assert!(one.takes_type(elf, "golang") && !one.takes_type(elf, "generic"));
        assert!(!one.runs(row("spack")) && one.runs(row("go-lock")));
        let all = selection(&["elf"], &["rpm"], &[]).unwrap();
        assert!(all.takes_type(elf, "deb") && !all.takes_type(elf, "rpm"));
    }

    #[test]
    fn types_stand_for_catalogers_that_there_are() {
        assert!(TYPES.is_sorted_by_key(|(name, _)| name));
        for (name, catalogers) in TYPES {
            assert!(catalogers.iter().all(|id| is_id(id)), "{name}");
            assert!(catalogers.is_sorted(), "{name}");
        }
        for row in CATALOGERS.iter().filter(|row| row.id != ALWAYS) {
            assert!(types_of(row.id).next().is_some(), "{}", row.id);
        }
        assert!(package_types().all(|name| !is_id(name)));
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
