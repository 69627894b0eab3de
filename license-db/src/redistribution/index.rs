//! The rows, by what the patterns begin with, so that a file is compared with few of them.

use std::collections::HashMap;

use super::data::{self, Data};
use super::glob::{PathGlob, expand, fits, literal};
use super::{Hit, MatchedBy, Subject, Terms};

/// The table, ready for look-ups.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The rows.
    pub(super) rows: Vec<Terms>,
    /// Whether a row holds beside others.
    pub(super) also: Vec<bool>,
    /// What the conditions say, by their ids.
    pub(super) conditions: HashMap<String, String>,
    /// The files that show that a row stands for another.
    pub(super) beside: Vec<Beside>,
    names: Prefixes<Name>,
    trees: Prefixes<(usize, &'static str, PathGlob)>,
    packages: Vec<(usize, &'static str)>,
    build_ids: HashMap<&'static str, usize>,
}

/// A file that shows that a row stands for another.
#[derive(Debug)]
pub(super) struct Beside {
    /// The path of the file.
    pub(super) glob: PathGlob,
    /// What the path begins with.
    pub(super) start: &'static str,
    /// The row that then holds.
    pub(super) row: usize,
    /// The row that it stands for.
    pub(super) instead_of: usize,
}

/// A pattern that is told by the name of a file.
#[derive(Debug)]
struct Name {
    row: usize,
    pattern: &'static str,
    of: NameOf,
}

#[derive(Debug)]
enum NameOf {
    /// A file of any directory, or a SONAME.
    Library,
    /// A file of a directory of programs.
    Program,
    /// The SONAME of a file under another name.
    Renamed,
    /// The whole path has to fit.
    Path(PathGlob),
}

impl Index {
    /// The index of the table that is built in.
    pub(super) fn built_in() -> Self {
        Self::new(data::built_in())
    }

    fn new(data: Data) -> Self {
        let mut index = Self::default();
        let of = |id: &str| data.terms.iter().position(|row| row.id == id);
        for (row, read) in data.terms.iter().enumerate() {
            let instead_of = read.instead_of.as_deref().and_then(of);
            for glob in patterns(&read.beside) {
                index.beside.extend(instead_of.map(|instead_of| Beside {
                    glob: PathGlob::new(glob),
                    start: literal(glob),
                    row,
                    instead_of,
                }));
            }
            index.add(row, read);
        }
        index.names.link();
        index.trees.link();
        index.also = data.terms.iter().map(|row| row.also).collect();
        index.rows = data.terms.into_iter().map(terms).collect();
        let conditions = data.conditions.into_iter();
        index.conditions = conditions.flat_map(|all| all.texts).collect();
        index
    }

    fn add(&mut self, row: usize, read: &data::Row) {
        let lists: [(_, fn() -> NameOf); 3] = [
            (&read.libraries, || NameOf::Library),
            (&read.programs, || NameOf::Program),
            (&read.renamed, || NameOf::Renamed),
        ];
        for (list, of) in lists {
            for pattern in patterns(list) {
                let of = of();
                self.names
                    .insert(literal(pattern), Name { row, pattern, of });
            }
        }
        for pattern in patterns(&read.paths) {
            let glob = PathGlob::new(pattern);
            if glob.name() == "**" {
                let part = key_part(pattern);
                self.trees.insert(part, (row, pattern, glob));
            } else {
                let name = literal(glob.name());
                let of = NameOf::Path(glob);
                self.names.insert(name, Name { row, pattern, of });
            }
        }
        let packages = patterns(&read.packages);
        self.packages.extend(packages.map(|pattern| (row, pattern)));
        let ids = patterns(&read.build_ids);
        self.build_ids.extend(ids.map(|id| (id, row)));
    }

    /// Adds what fits the name, the path, the SONAME and the build-id of a file.
    pub(super) fn file(&self, subject: &Subject<'_>, hits: &mut Vec<Hit>) {
        let (directory, name) = subject.path.rsplit_once('/').unwrap_or(("", subject.path));
        self.names.each(name, |row| {
            let does = match &row.of {
                NameOf::Library => fits(row.pattern, name),
                NameOf::Program => fits(row.pattern, name) && is_of_programs(directory),
                NameOf::Renamed => false,
                // Most files differ in their names, which is told sooner.
                NameOf::Path(glob) => fits(glob.name(), name) && glob.fits(subject.path),
            };
            hits.extend(does.then_some(Hit {
                row: row.row,
                by: MatchedBy::Path,
                pattern: row.pattern,
            }));
        });
        let soname = subject.soname.unwrap_or("");
        let is_renamed = subject.purl.is_none() && !is_named_after(name, soname);
        self.names.each(soname, |row| {
            let is_of = match row.of {
                NameOf::Library => true,
                NameOf::Renamed => is_renamed,
                NameOf::Program | NameOf::Path(_) => false,
            };
            let does = is_of && fits(row.pattern, soname);
            hits.extend(does.then_some(Hit {
                row: row.row,
                by: MatchedBy::Soname,
                pattern: row.pattern,
            }));
        });
        let id = subject
            .build_id
            .and_then(|id| self.build_ids.get_key_value(id));
        hits.extend(id.map(|(pattern, row)| Hit {
            row: *row,
            by: MatchedBy::BuildId,
            pattern,
        }));
    }

    /// The trees that a directory is in.
    pub(super) fn trees(&self, directory: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        for part in directory.split('/') {
            self.trees.each(part, |(row, pattern, glob)| {
                hits.extend(glob.fits(directory).then_some(Hit {
                    row: *row,
                    by: MatchedBy::Tree,
                    pattern,
                }));
            });
        }
        hits
    }

    /// The patterns that a purl fits.
    pub(super) fn package(&self, purl: &str) -> Vec<Hit> {
        let plain = purl.split(['?', '#']).next().unwrap_or(purl);
        let plain = plain.rsplit_once('@').map_or(plain, |(plain, _)| plain);
        let rows = self.packages.iter().filter(|(_, pattern)| {
            let is_whole = pattern.contains(['=', '@']);
            fits(pattern, if is_whole { purl } else { plain })
        });
        let hit = |(row, pattern): &(usize, &'static str)| Hit {
            row: *row,
            by: MatchedBy::Package,
            pattern,
        };
        rows.map(hit).collect()
    }
}

fn terms(row: data::Row) -> Terms {
    Terms {
        id: row.id,
        holder: row.holder,
        product: row.product,
        state: row.state,
        conditions: row.conditions,
        advice: row.advice,
        source: row.source,
        date: row.date,
    }
}

/// The patterns of a list, kept for as long as the program runs: the table is read once.
fn patterns(list: &[String]) -> impl Iterator<Item = &'static str> {
    let globs = list.iter().flat_map(|glob| expand(glob));
    globs.map(|glob| -> &'static str { glob.leak() })
}

/// What the part of a glob begins with that tells the most.
fn key_part(glob: &'static str) -> &'static str {
    let parts = glob.split('/').map(literal);
    parts.max_by_key(|part| part.len()).unwrap_or("")
}

/// Whether a file has the name of its SONAME, whatever the version.
fn is_named_after(name: &str, soname: &str) -> bool {
    match (name.split_once(".so"), soname.split_once(".so")) {
        (Some((name, _)), Some((soname, _))) => name == soname,
        _ => false,
    }
}

/// Whether programs are kept in a directory of this name.
fn is_of_programs(directory: &str) -> bool {
    directory
        .split('/')
        .any(|part| part.starts_with("bin") || part == "sbin" || part == "exe")
}

/// Values by the start of a name.
#[derive(Debug)]
struct Prefixes<T> {
    /// Sorted by their starts, of which none comes twice.
    values: Vec<Start<T>>,
}

#[derive(Debug)]
struct Start<T> {
    start: &'static str,
    values: Vec<T>,
    /// The longest of the other starts that this one begins with.
    shorter: Option<usize>,
}

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self { values: Vec::new() }
    }
}

impl<T> Prefixes<T> {
    fn insert(&mut self, start: &'static str, value: T) {
        match self.values.binary_search_by_key(&start, |one| one.start) {
            Ok(at) => self.values[at].values.push(value),
            Err(at) => self.values.insert(
                at,
                Start {
                    start,
                    values: vec![value],
                    shorter: None,
                },
            ),
        }
    }

    /// Links the starts, once all are there.
    fn link(&mut self) {
        for at in 0..self.values.len() {
            let start = self.values[at].start;
            let mut shorter = at.checked_sub(1);
            while let Some(before) =
                shorter.filter(|one| !start.starts_with(self.values[*one].start))
            {
                shorter = self.values[before].shorter;
            }
            self.values[at].shorter = shorter;
        }
    }

    /// Hands on every value whose start the name begins with. What a name begins with comes
    /// before it in order, and whatever stands between the two begins so, too.
    fn each<'t>(&'t self, name: &str, mut take: impl FnMut(&'t T)) {
        let after = self.values.partition_point(|one| one.start <= name);
        let mut at = after.checked_sub(1);
        while let Some(place) = at {
            let one = &self.values[place];
            if name.starts_with(one.start) {
                one.values.iter().for_each(&mut take);
            }
            at = one.shorter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STARTS: [&str; 7] = ["", "a", "ab", "abc", "b", "ba", "lib"];

    proptest! {
        #[test]
        fn every_start_is_found(name in "[abcil]{0,5}") {
            let mut prefixes = Prefixes::default();
            for start in STARTS {
                prefixes.insert(start, start);
            }
            prefixes.link();
            let mut found = Vec::new();
            prefixes.each(&name, |start| found.push(*start));
            found.sort_unstable();
            let plainly: Vec<&str> = STARTS.into_iter().filter(|start| name.starts_with(start)).collect();
            prop_assert_eq!(found, plainly);
        }
    }
}
