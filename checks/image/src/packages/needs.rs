//! Which packages of the image a package needs.
//!
//! Metadata name what is needed in the words of their ecosystem: a key, a name, or something
//! that another package provides. What is not in the image is left out.

use std::collections::HashMap;

use super::claims::Place;

/// By which words packages are known.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    keys: HashMap<(usize, &'a str), Place>,
    names: HashMap<(&'static str, &'a str), Vec<Place>>,
}

impl<'a> Names<'a> {
    /// Notes that lists and dependencies of one cataloger call a package `key`.
    pub(super) fn key(&mut self, row: usize, key: &'a str, place: Place) {
        self.keys.entry((row, key)).or_insert(place);
    }

    /// Notes a name of a package among those of its kind.
    pub(super) fn name(&mut self, kind: &'static str, name: &'a str, place: Place) {
        let places = self.names.entry((kind, name)).or_default();
        if places.last() != Some(&place) {
            places.push(place);
        }
    }

    /// The package that lists of files of one cataloger call so.
    pub(super) fn by_key(&self, row: usize, key: &str) -> Option<Place> {
        self.keys.get(&(row, key)).copied()
    }

    /// The packages of a type that have or provide a name.
    pub(super) fn named<'s>(&'s self, kind: &'s str, name: &'s str) -> &'s [Place] {
        let names: &'s HashMap<(&'s str, &'s str), Vec<Place>> = &self.names;
        names.get(&(kind, name)).map_or(&[], Vec::as_slice)
    }

    /// The package that `need` names; of several the one that lies nearest to `from`.
    ///
    /// `path` gives the path at which a package was found.
    pub(super) fn find(
        &self,
        row: usize,
        kind: &'static str,
        need: &str,
        from: &str,
        path: impl Fn(Place) -> &'a str,
    ) -> Option<Place> {
        need.split('|').find_map(|name| {
            if let Some(place) = self.by_key(row, name) {
                return Some(place);
            }
            match self.named(kind, name) {
                [one] => Some(*one),
                places => places
                    .iter()
                    .copied()
                    .max_by_key(|place| (shared(from, path(*place)), std::cmp::Reverse(*place))),
            }
        })
    }
}

/// How many directories two paths have in common.
fn shared(a: &str, b: &str) -> usize {
    let pairs = a.split('/').zip(b.split('/'));
    pairs.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_alternative_that_is_there_and_the_nearest_of_several() {
        let paths = ["/a/x", "/a/n/dep", "/b/n/dep", "/c"];
        let mut names = Names::default();
        names.key(0, "hash", 3);
        names.name("npm", "dep", 1);
        names.name("npm", "dep", 2);
        let find = |need: &str, from: &str| names.find(0, "npm", need, from, |at| paths[at]);
        assert_eq!(find("dep", "/a/x"), Some(1));
        assert_eq!(find("dep", "/b/y"), Some(2));
        assert_eq!(find("gone|hash", ""), Some(3));
        assert_eq!(find("gone", ""), None);
    }
}
