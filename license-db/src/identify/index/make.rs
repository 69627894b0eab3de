//! Makes the tables of licence texts: their words, and the postings of word shingles, sorted.

use std::collections::HashMap;

use super::super::tables::{Maker, Section, to_u32};
use super::super::words::Words;
use super::hash::{BUCKET_BITS, SHINGLE, bucket, shingle_hash, whole};
use super::mark::{Mark, pack};

/// Longer templates keep one shingle in four.
const DENSE: usize = 400;

/// A shingle that more templates share tells nothing.
const MAX_SHARED: usize = 150;

/// A word that more templates have is not a template's own.
const MAX_OWN: u16 = 6;

struct Template {
    id: String,
    words: Vec<u32>,
    /// What each of the words is; empty where all have to be there.
    marks: Vec<Mark>,
    shingles: u32,
}

/// Where a shingle stands in a template.
#[derive(Clone, Copy)]
struct Posting {
    hash: u32,
    template: u16,
    at: u16,
}

/// Licence texts that become tables.
#[derive(Default)]
pub(crate) struct Texts {
    templates: Vec<Template>,
    exact: HashMap<[u32; 2], u16>,
}

impl Texts {
    /// Adds a text, unless one with the same words is there; answers its number.
    pub(crate) fn add(&mut self, id: &str, text: &str) -> Option<u16> {
        self.add_marked(id, text, |_, _| Vec::new())
    }

    /// The same with the marks of its words, which the function is given by hash and number.
    pub(crate) fn add_marked(
        &mut self,
        id: &str,
        text: &str,
        marks: impl FnOnce(u32, usize) -> Vec<Mark>,
    ) -> Option<u16> {
        let read = Words::of(text);
        let counting = read.counting();
        let words: Vec<u32> = counting
            .iter()
            .filter_map(|at| Some(read.words.get(*at as usize)?.hash))
            .collect();
        let whole = whole(&words);
        if let Some(known) = self.exact.get(&whole).copied() {
            self.rename(known, id);
            return Some(known);
        }
        if words.len() < SHINGLE || words.len() > usize::from(u16::MAX) {
            return None;
        }
        let number = u16::try_from(self.templates.len()).ok()?;
        self.templates.push(Template {
            id: id.to_owned(),
            marks: marks(shingle_hash(&words), words.len()),
            words,
            shingles: 0,
        });
        self.exact.insert(whole, number);
        Some(number)
    }

    /// Several ids share a text: the one that says least about the grant stands for it.
    pub(crate) fn rename(&mut self, number: u16, id: &str) {
        if let Some(template) = self.templates.get_mut(usize::from(number))
            && rank(id) < rank(&template.id)
        {
            id.clone_into(&mut template.id);
        }
    }

    /// Writes the tables.
    pub(crate) fn write(mut self, maker: &mut Maker) {
        let postings = self.postings();
        for posting in &postings {
            if let Some(template) = self.templates.get_mut(usize::from(posting.template)) {
                let at = usize::from(posting.at);
                let needed = template.marks.get(at).is_none_or(|m| *m == Mark::Own);
                template.shingles += u32::from(needed);
            }
        }
        let mut start = 0;
        let mut marks = Vec::new();
        for template in &self.templates {
            marks.resize(start as usize, Mark::Own);
            marks.extend(&template.marks);
            let name = maker.name(&template.id);
            let len = to_u32(template.words.len());
            maker
                .section(Section::Templates)
                .extend([name, start, len, template.shingles]);
            maker.section(Section::Words).extend(&template.words);
            start += len;
        }
        maker.section(Section::Marks).extend(pack(&marks));
        let hashes = postings.iter().map(|p| p.hash);
        maker.section(Section::Shingles).extend(hashes);
        let places = postings
            .iter()
            .map(|p| u32::from(p.template) << 16 | u32::from(p.at));
        maker.section(Section::Places).extend(places);
        maker.section(Section::Buckets).extend(buckets(&postings));
        let mut exact: Vec<[u32; 3]> = self
            .exact
            .iter()
            .map(|([upper, lower], number)| [*upper, *lower, u32::from(*number)])
            .collect();
        exact.sort_unstable();
        maker.section(Section::Exact).extend(exact.as_flattened());
        self.write_own(maker);
    }

    fn postings(&self) -> Vec<Posting> {
        let mut all = Vec::new();
        for (template, number) in self.templates.iter().zip(0u16..) {
            let dense = template.words.len() <= DENSE;
            for (shingle, at) in template.words.windows(SHINGLE).zip(0u16..) {
                let hash = shingle_hash(shingle);
                if dense || hash.is_multiple_of(4) {
                    all.push(Posting {
                        hash,
                        template: number,
                        at,
                    });
                }
            }
        }
        all.sort_unstable_by_key(|p| (p.hash, p.template, p.at));
        all.chunk_by(|a, b| a.hash == b.hash)
            .filter(|same| same.len() <= MAX_SHARED)
            .flatten()
            .copied()
            .collect()
    }

    /// The words that few templates have: names of holders and the like. Long templates differ
    /// in more than that.
    fn write_own(&self, maker: &mut Maker) {
        let slot = |word: &u32| (word ^ (word >> 16)) as usize & 0xffff;
        let mut seen = vec![(usize::MAX, 0u16); 1 << 16];
        for (number, template) in self.templates.iter().enumerate() {
            for word in &template.words {
                if let Some((last, count)) =
                    seen.get_mut(slot(word)).filter(|(last, _)| *last != number)
                {
                    *last = number;
                    *count += 1;
                }
            }
        }
        let rare = |word: &u32| {
            seen.get(slot(word))
                .is_some_and(|(_, count)| *count <= MAX_OWN)
        };
        for template in &self.templates {
            let words = &template.words;
            let short = if words.len() > DENSE { &[] } else { &**words };
            let needed = |at: usize| template.marks.get(at).is_none_or(|m| *m == Mark::Own);
            let own = short.iter().enumerate();
            let own = own.filter(|(at, word)| rare(word) && needed(*at));
            let mut own: Vec<u32> = own.map(|(_, word)| *word).collect();
            own.sort_unstable();
            own.dedup();
            let start = to_u32(maker.section(Section::Own).len());
            maker.section(Section::OwnStarts).push(start);
            maker.section(Section::Own).extend(own);
        }
        let end = to_u32(maker.section(Section::Own).len());
        maker.section(Section::OwnStarts).push(end);
    }
}

fn buckets(postings: &[Posting]) -> Vec<u32> {
    let count = 1usize << BUCKET_BITS;
    let mut out = vec![0u32; count + 1];
    for posting in postings {
        if let Some(n) = out.get_mut(bucket(posting.hash) + 1) {
            *n += 1;
        }
    }
    let mut sum = 0;
    for n in &mut out {
        sum += *n;
        *n = sum;
    }
    out
}

/// Lower stands for a shared text: `-only` before `-or-later`, then the shortest.
fn rank(id: &str) -> (bool, usize) {
    (id.ends_with("-or-later"), id.len())
}
