//! What may leave a site: the terms of vendors for single files.
//!
//! The rows are `data/redistribution.toml`, each with its source and date. A file is known by its
//! path, its SONAME, its build-id or the package that owns it, so that a library under another
//! name, or copied out of its tree, is known as well. Nothing here is legal advice: the text of
//! the terms is what counts.

mod data;
mod glob;
mod index;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use self::glob::PathGlob;
use self::index::Index;

/// Whether a file may be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Yes.
    Yes,
    /// Yes, under the conditions.
    Conditional,
    /// The terms are not public, differ from site to site, or were not read.
    NeedsDecision,
    /// No.
    No,
}

impl State {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Conditional => "conditional",
            Self::NeedsDecision => "needs-decision",
            Self::No => "no",
        }
    }
}

/// How a row was found for a file, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchedBy {
    /// The file is below a directory.
    Tree,
    /// The package that owns it.
    Package,
    /// Its path.
    Path,
    /// The SONAME in it.
    Soname,
    /// The build-id in it.
    BuildId,
}

impl MatchedBy {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tree | Self::Path => "path",
            Self::Package => "package",
            Self::Soname => "soname",
            Self::BuildId => "build-id",
        }
    }
}

/// The terms of one product.
#[derive(Debug, PartialEq, Eq)]
pub struct Terms {
    /// The stable id, such as `nvidia.driver`.
    pub id: String,
    /// Who holds the rights.
    pub holder: String,
    /// What it is.
    pub product: String,
    /// Whether it may be passed on.
    pub state: State,
    /// Under which conditions, by their ids; for `needs-decision` those that are known.
    pub conditions: Vec<String>,
    /// What to do, where it may not be passed on just so.
    pub advice: Option<String>,
    /// The document, with its version and clauses.
    pub source: String,
    /// When that was looked at, as `YYYY-MM-DD`.
    pub date: String,
}

/// What is known about a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The path, without a slash in front.
    pub path: &'a str,
    /// The SONAME, of a library.
    pub soname: Option<&'a str>,
    /// The build-id, in lower-case hexadecimal digits.
    pub build_id: Option<&'a str>,
    /// The purl of the package that owns it.
    pub purl: Option<&'a str>,
}

/// A row that was found for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The row.
    pub terms: &'static Terms,
    /// By what it was found.
    pub by: MatchedBy,
    /// The glob or the build-id that fits.
    pub pattern: &'static str,
}

static INDEX: LazyLock<Index> = LazyLock::new(Index::built_in);

/// All rows, in the order of the table.
pub fn rows() -> &'static [Terms] {
    &INDEX.rows
}

/// What a condition says; none where there is no such condition.
pub fn condition(id: &str) -> Option<&'static str> {
    INDEX.conditions.get(id).map(String::as_str)
}

/// Whether some row names libraries of this SONAME.
pub fn names_library(soname: &str) -> bool {
    is_of_a_row(&Subject {
        soname: Some(soname),
        ..Subject::default()
    })
}

/// Whether some row names a build by its id.
pub fn names_build(id: &str) -> bool {
    is_of_a_row(&Subject {
        build_id: Some(id),
        ..Subject::default()
    })
}

fn is_of_a_row(subject: &Subject<'_>) -> bool {
    let mut hits = Vec::new();
    INDEX.file(subject, &mut hits);
    !hits.is_empty()
}

/// The directory that a pattern of a tree stands for, in the path of a file below it.
pub fn top_of<'p>(pattern: &'static str, path: &'p str) -> &'p str {
    let Some(tree) = pattern.strip_suffix("/**") else {
        return path;
    };
    let glob = PathGlob::new(tree);
    let mut ends = path.match_indices('/').map(|(end, _)| &path[..end]);
    ends.find(|top| glob.fits(top)).unwrap_or(path)
}

/// Finds the rows for the files of one image.
#[derive(Debug, Default)]
pub struct Finder {
    /// The rows that stand for others in this image.
    instead: HashMap<usize, usize>,
    /// What was found for the directory that was looked up last.
    tree: Option<(String, Vec<Hit>)>,
    /// What was found for each purl.
    packages: HashMap<String, Vec<Hit>>,
}

/// A pattern that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hit {
    row: usize,
    by: MatchedBy,
    pattern: &'static str,
}

impl Hit {
    /// The strongest first: by what, then the longest pattern, then the strictest state.
    fn strength(&self) -> (MatchedBy, usize, State) {
        let weight = self.pattern.bytes().filter(|byte| !b"*?".contains(byte));
        // A path is told as exactly as a SONAME: the longer pattern counts.
        let by = match self.by {
            MatchedBy::Soname => MatchedBy::Path,
            by => by,
        };
        (by, weight.count(), INDEX.rows[self.row].state)
    }
}

impl Finder {
    /// A finder for an image of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of a file of the image: some show that it was made from a base whose vendor has
    /// terms for images. All files are to be shown before the first look-up.
    pub fn see(&mut self, path: &str) {
        let may_be = INDEX
            .beside
            .iter()
            .filter(|row| path.starts_with(row.start));
        let stands = may_be.filter(|row| row.glob.fits(path));
        self.instead
            .extend(stands.map(|row| (row.instead_of, row.row)));
    }

    /// Whether some row is for the files of a package.
    pub fn names_package(&mut self, purl: &str) -> bool {
        !self.package(purl).is_empty()
    }

    /// The rows for a file, the one that is found for it before those that hold beside it. An
    /// empty file holds nothing and is not to be asked for.
    pub fn terms_of(&mut self, subject: &Subject<'_>) -> Vec<Found> {
        let mut hits = self.tree_of(subject.path);
        INDEX.file(subject, &mut hits);
        if let Some(purl) = subject.purl {
            hits.extend(self.package(purl));
        }
        let (also, own): (Vec<Hit>, Vec<Hit>) =
            hits.into_iter().partition(|hit| INDEX.also[hit.row]);
        let best = |hits: Vec<Hit>| hits.into_iter().max_by_key(Hit::strength);
        let found = best(own).into_iter().chain(best(also));
        found.map(|hit| self.found(hit)).collect()
    }

    fn found(&self, hit: Hit) -> Found {
        let row = self.instead.get(&hit.row).copied().unwrap_or(hit.row);
        Found {
            terms: &INDEX.rows[row],
            by: hit.by,
            pattern: hit.pattern,
        }
    }

    /// The trees that the file is in. Files come directory by directory, mostly.
    fn tree_of(&mut self, path: &str) -> Vec<Hit> {
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        if let Some((known, hits)) = &self.tree
            && known == directory
        {
            return hits.clone();
        }
        let hits = INDEX.trees(directory);
        self.tree = Some((directory.to_owned(), hits.clone()));
        hits
    }

    fn package(&mut self, purl: &str) -> Vec<Hit> {
        if let Some(hits) = self.packages.get(purl) {
            return hits.clone();
        }
        let hits = INDEX.package(purl);
        self.packages.insert(purl.to_owned(), hits.clone());
        hits
    }
}
