//! Which catalogers run, and which paths are left out, because whoever scans asked for it.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use hpcctl_model::scan::LeftOut;

use crate::catalog::CATALOGERS;
use crate::{Error, Options};

/// The cataloger that names the distribution, on which the purls of others depend.
const ALWAYS: &str = "os-release";

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Whether each row of the table runs.
    runs: Vec<bool>,
    paths: GlobSet,
    left_out: LeftOut,
}

impl Selection {
    /// Reads the names and globs of the options.
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let is_known = |name: &&String| CATALOGERS.iter().any(|row| row.id == **name);
        let mut asked = options.select.iter().chain(&options.exclude);
        if let Some(name) = asked.find(|name| !is_known(name)) {
            let known: Vec<&str> = CATALOGERS.iter().map(|row| row.id).collect();
            return Err(Error::NoCataloger {
                name: name.clone(),
                known: known.join(", "),
            });
        }
        let is_in = |list: &[String], id: &str| list.iter().any(|name| name == id);
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
            runs,
        })
    }

    /// Whether the cataloger of a row runs.
    pub(crate) fn runs(&self, row: usize) -> bool {
        self.runs.get(row).is_some_and(|runs| *runs)
    }

    /// Whether a path is looked at.
    pub(crate) fn takes(&self, path: &str) -> bool {
        self.paths.is_empty() || !self.paths.is_match(path)
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
        assert!(
            error.contains("rpms:") && error.contains(", rpm"),
            "{error}"
        );
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
    }
}
