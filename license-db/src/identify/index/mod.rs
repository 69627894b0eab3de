//! The licence texts to compare with, and which of them share words with a file.

use super::align;
use super::tables::{Section, Tables};

mod hash;
#[cfg(test)]
pub(super) mod listed;
pub(super) mod make;
pub(super) mod mark;
#[cfg(test)]
mod marks;

pub(crate) use hash::{SHINGLE, shingle_hash};
use hash::{bucket, whole};

/// One licence text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template<'a> {
    /// The id that stands for the text where nothing else decides.
    pub(crate) id: &'a str,
}

/// Where a shingle stands in a template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posting {
    pub(crate) template: u16,
    pub(crate) at: u16,
}

/// All templates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Index<'a> {
    tables: &'a Tables,
}

impl<'a> Index<'a> {
    pub(crate) fn new(tables: &'a Tables) -> Self {
        Self { tables }
    }

    /// How many templates there are.
    pub(crate) fn len(self) -> usize {
        self.tables.section(Section::Templates).len() / 4
    }

    fn row(self, template: u16) -> Option<&'a [u32; 4]> {
        self.tables.row(Section::Templates, template.into())
    }

    /// The template of a number.
    pub(crate) fn template(self, number: u16) -> Option<Template<'a>> {
        let [name, ..] = self.row(number)?;
        let id = self.tables.name(*name);
        Some(Template { id })
    }

    /// How many shingles of a template have postings.
    pub(crate) fn shingles(self, template: u16) -> u32 {
        self.row(template)
            .map_or(0, |[_, _, _, shingles]| *shingles)
    }

    /// The words of a template.
    pub(crate) fn words_of(self, template: u16) -> &'a [u32] {
        let range = self.row(template).map(|[_, start, len, _]| {
            let start = *start as usize;
            start..start + *len as usize
        });
        let words = self.tables.section(Section::Words);
        range.and_then(|range| words.get(range)).unwrap_or_default()
    }

    /// The words of a template with what each is.
    pub(crate) fn marked(self, template: u16) -> align::Template<'a> {
        let first = self
            .row(template)
            .map_or(0, |[_, start, ..]| *start as usize);
        align::Template {
            words: self.words_of(template),
            marks: self.tables.section(Section::Marks),
            first,
            is_reversed: false,
        }
    }

    /// The words of a short template that few others have.
    pub(crate) fn own_words(self, template: u16) -> &'a [u32] {
        let starts = self.tables.section(Section::OwnStarts);
        let at = usize::from(template);
        let (Some(start), Some(end)) = (starts.get(at), starts.get(at + 1)) else {
            return &[];
        };
        let own = self.tables.section(Section::Own);
        own.get(*start as usize..*end as usize).unwrap_or_default()
    }

    /// The places of a shingle in the templates.
    pub(crate) fn find(self, hash: u32) -> impl Iterator<Item = Posting> {
        let buckets = self.tables.section(Section::Buckets);
        let at = |n: usize| buckets.get(n).map_or(0, |at| *at as usize);
        let range = at(bucket(hash))..at(bucket(hash) + 1);
        let shingles = self.tables.section(Section::Shingles);
        let in_bucket = shingles.get(range.clone()).unwrap_or_default();
        let from = in_bucket.partition_point(|shingle| *shingle < hash);
        let same = in_bucket.iter().skip(from).take_while(move |s| **s == hash);
        let places = self.tables.section(Section::Places);
        let places = places.get(range.start + from..).unwrap_or_default();
        let half = |n: u32| u16::try_from(n & 0xffff).unwrap_or(0);
        same.zip(places).map(move |(_, place)| Posting {
            template: half(place >> 16),
            at: half(*place),
        })
    }

    /// The template with exactly these words.
    pub(crate) fn exact(self, words: &[u32]) -> Option<u16> {
        let hash = whole(words);
        let (rows, _) = self.tables.section(Section::Exact).as_chunks::<3>();
        let row = rows.partition_point(|[upper, lower, _]| [*upper, *lower] < hash);
        let [upper, lower, template] = rows.get(row)?;
        let same = [*upper, *lower] == hash;
        same.then(|| u16::try_from(*template).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::super::listed;
    use super::*;

    #[test]
    fn shared_texts_have_the_id_that_says_least() {
        let tables = listed::tables();
        let index = Index::new(&tables);
        let ids: Vec<&str> = (0..index.len())
            .map(|n| index.template(u16::try_from(n).unwrap()).unwrap().id)
            .collect();
        for id in [
            "GPL-2.0-only",
            "LGPL-2.1-only",
            "GFDL-1.3-only",
            "MPL-2.0",
            "OFL-1.1",
            "MIT",
        ] {
            assert!(ids.contains(&id), "{id}");
        }
        assert!(!ids.iter().any(|id| id.ends_with("-or-later")), "{ids:?}");
        assert!(ids.len() > 680);
    }

    #[test]
    fn postings_are_found() {
        let tables = listed::tables();
        let index = Index::new(&tables);
        let words = index.words_of(3);
        let found = words
            .windows(SHINGLE)
            .filter(|s| index.find(shingle_hash(s)).any(|p| p.template == 3))
            .count();
        assert!(found > 0);
        assert_eq!(index.exact(words), Some(3));
        assert_eq!(index.exact(&[1, 2, 3]), None);
        assert!(index.own_words(u16::MAX).is_empty() && index.words_of(u16::MAX).is_empty());
    }
}
