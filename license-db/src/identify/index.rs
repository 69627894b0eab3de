//! The licence texts to compare with, and which of them share words with a file.
//!
//! The texts are those of the SPDX licence list in the `spdx` crate. The index is flat arrays
//! only: hashes of the words of all templates, and postings of word shingles, sorted.

use std::collections::HashMap;

use serde::Deserialize;

use super::align::{self, Mark};
use super::words::Words;

/// Words in a shingle.
pub(crate) const SHINGLE: usize = 4;

/// Longer templates keep one shingle in four.
const DENSE: usize = 400;

/// A shingle that more templates share tells nothing.
const MAX_SHARED: usize = 150;

/// A word that more templates have is not a template's own.
const MAX_OWN: u16 = 6;

/// The buckets of the postings, by the upper bits of the hash.
const BUCKET_BITS: u32 = 16;

/// One licence text.
#[derive(Debug)]
pub(crate) struct Template {
    /// The id that stands for the text where nothing else decides.
    pub(crate) id: &'static str,
    start: u32,
    len: u32,
    /// How many of its shingles have postings.
    pub(crate) shingles: u32,
}

/// Where a shingle stands in a template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posting {
    hash: u32,
    pub(crate) template: u16,
    pub(crate) at: u16,
}

/// All templates.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) templates: Vec<Template>,
    words: Vec<u32>,
    /// What each of the words is.
    marks: Vec<Mark>,
    postings: Vec<Posting>,
    buckets: Vec<u32>,
    exact: HashMap<u64, u16>,
    /// For each template the words that it shares with few others.
    own: Vec<Vec<u32>>,
}

impl Index {
    /// Builds the index of the SPDX licence list.
    pub(crate) fn spdx() -> Self {
        let mut index = Self {
            templates: Vec::new(),
            words: Vec::new(),
            marks: Vec::new(),
            postings: Vec::new(),
            buckets: Vec::new(),
            exact: HashMap::new(),
            own: Vec::new(),
        };
        let licenses = spdx::text::LICENSE_TEXTS
            .iter()
            .map(|(id, text)| (*id, *text));
        let exceptions = spdx::text::EXCEPTION_TEXTS
            .iter()
            .map(|(id, text)| (*id, *text));
        let mut seen: HashMap<(*const u8, usize), u16> = HashMap::new();
        for (id, text) in licenses
            .chain(exceptions)
            .filter(|(id, _)| !is_deprecated(id))
        {
            // Ids that share a text mostly share its address as well.
            match seen.get(&(text.as_ptr(), text.len())) {
                Some(known) => index.rename(*known, id),
                None => {
                    if let Some(number) = index.add(id, text) {
                        seen.insert((text.as_ptr(), text.len()), number);
                    }
                }
            }
        }
        for variant in variants() {
            if let Some((id, text)) = variant.text() {
                index.add(id, &text);
            }
        }
        index.post();
        index.single_out();
        index
    }

    /// Adds a text, unless one with the same words is there.
    fn add(&mut self, id: &'static str, text: &str) -> Option<u16> {
        let words = Words::of(text);
        let counting = words.counting();
        let hashes = counting
            .iter()
            .filter_map(|at| Some(words.words.get(*at as usize)?.hash));
        let start = self.words.len();
        self.words.extend(hashes);
        let len = self.words.len() - start;
        let whole = whole(self.words.get(start..).unwrap_or_default());
        let known = self.exact.get(&whole).copied();
        if len < SHINGLE || len > usize::from(u16::MAX) || known.is_some() {
            self.words.truncate(start);
            if let Some(known) = known {
                self.rename(known, id);
            }
            return known;
        }
        let number = u16::try_from(self.templates.len()).ok()?;
        let (start, len) = (u32::try_from(start).ok()?, u32::try_from(len).ok()?);
        self.templates.push(Template {
            id,
            start,
            len,
            shingles: 0,
        });
        self.exact.insert(whole, number);
        Some(number)
    }

    /// Several ids share a text: the one that says least about the grant stands for it.
    fn rename(&mut self, number: u16, id: &'static str) {
        if let Some(template) = self.templates.get_mut(usize::from(number))
            && rank(id) < rank(template.id)
        {
            template.id = id;
        }
    }

    fn post(&mut self) {
        let mut postings = Vec::new();
        for number in 0..self.templates.len() {
            let Ok(template) = u16::try_from(number) else {
                break;
            };
            let words = self.words_of(template);
            let dense = words.len() <= DENSE;
            for (at, shingle) in words.windows(SHINGLE).enumerate() {
                let hash = shingle_hash(shingle);
                if (dense || hash.is_multiple_of(4))
                    && let Ok(at) = u16::try_from(at)
                {
                    postings.push(Posting { hash, template, at });
                }
            }
        }
        postings.sort_unstable_by_key(|p| (p.hash, p.template, p.at));
        for same in postings.chunk_by(|a, b| a.hash == b.hash) {
            if same.len() <= MAX_SHARED {
                self.postings.extend_from_slice(same);
            }
        }
        for posting in &self.postings {
            if let Some(template) = self.templates.get_mut(usize::from(posting.template)) {
                template.shingles += 1;
            }
        }
        self.buckets = buckets(&self.postings);
    }

    /// Finds the words that few templates have: names of holders and the like. Long templates
    /// differ in more than that.
    fn single_out(&mut self) {
        let slot = |word: &u32| (word ^ (word >> 16)) as usize & 0xffff;
        let mut seen = vec![(u16::MAX, 0u16); 1 << 16];
        for number in 0..self.templates.len() {
            let Ok(number) = u16::try_from(number) else {
                break;
            };
            for word in self.words_of(number) {
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
        for number in 0..self.templates.len() {
            let words = u16::try_from(number)
                .map(|n| self.words_of(n))
                .unwrap_or_default();
            let mut own: Vec<u32> = if words.len() > DENSE {
                Vec::new()
            } else {
                words.iter().filter(|w| rare(w)).copied().collect()
            };
            own.sort_unstable();
            own.dedup();
            self.own.push(own);
        }
    }

    /// The words of a short template that few others have.
    pub(crate) fn own_words(&self, template: u16) -> &[u32] {
        self.own
            .get(usize::from(template))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The words of a template.
    pub(crate) fn words_of(&self, template: u16) -> &[u32] {
        let range = self.templates.get(usize::from(template)).map(|t| {
            let start = t.start as usize;
            start..start + t.len as usize
        });
        range
            .and_then(|range| self.words.get(range))
            .unwrap_or_default()
    }

    /// The words of a template with what each is.
    pub(crate) fn marked(&self, template: u16) -> align::Template<'_> {
        let (words, at) = (self.words_of(template), self.start_of(template));
        let marks = self.marks.get(at..at + words.len()).unwrap_or_default();
        align::Template { words, marks }
    }

    fn start_of(&self, template: u16) -> usize {
        let template = self.templates.get(usize::from(template));
        template.map_or(0, |t| t.start as usize)
    }

    /// The places of a shingle in the templates.
    pub(crate) fn find(&self, hash: u32) -> &[Posting] {
        let bucket = (hash >> (32 - BUCKET_BITS)) as usize;
        let (Some(start), Some(end)) = (self.buckets.get(bucket), self.buckets.get(bucket + 1))
        else {
            return &[];
        };
        let in_bucket = self
            .postings
            .get(*start as usize..*end as usize)
            .unwrap_or_default();
        let from = in_bucket.partition_point(|p| p.hash < hash);
        let rest = in_bucket.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|p| p.hash == hash).count();
        rest.get(..count).unwrap_or_default()
    }

    /// The template with exactly these words.
    pub(crate) fn exact(&self, words: &[u32]) -> Option<u16> {
        self.exact.get(&whole(words)).copied()
    }

    pub(crate) fn template(&self, number: u16) -> Option<&Template> {
        self.templates.get(usize::from(number))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variants {
    variant: Vec<Variant>,
}

/// A wording in common use that differs from the listed text in a few places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    id: String,
    #[serde(default)]
    replace: Vec<[String; 2]>,
    /// The last words that are kept: what follows, such as advice on how to apply the licence,
    /// is often left out.
    #[serde(default)]
    until: Option<String>,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

impl Variant {
    /// The listed text with the replacements made.
    fn text(&self) -> Option<(&'static str, String)> {
        let license = spdx::license_id(&self.id)?;
        let text = license.text();
        let end = self
            .until
            .as_ref()
            .and_then(|last| Some(text.find(last.as_str())? + last.len()));
        let text = text.get(..end.unwrap_or(text.len()))?.to_owned();
        let replaced = self
            .replace
            .iter()
            .fold(text, |text, [from, to]| text.replace(from, to));
        Some((license.name, replaced))
    }
}

fn variants() -> Vec<Variant> {
    let data: Option<Variants> = crate::declared::data(include_str!("../../data/variants.toml"));
    data.map(|data| data.variant).unwrap_or_default()
}

/// The hash of one shingle.
pub(crate) fn shingle_hash(words: &[u32]) -> u32 {
    let mixed = words.iter().fold(0x9e37_79b9_7f4a_7c15u64, |hash, word| {
        (hash.rotate_left(23) ^ u64::from(*word)).wrapping_mul(0xff51_afd7_ed55_8ccd)
    });
    u32::try_from(mixed >> 32).unwrap_or(0)
}

fn whole(words: &[u32]) -> u64 {
    words.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, word| {
        (hash.rotate_left(7) ^ u64::from(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

fn buckets(postings: &[Posting]) -> Vec<u32> {
    let count = 1usize << BUCKET_BITS;
    let mut out = vec![0u32; count + 1];
    for posting in postings {
        if let Some(n) = out.get_mut((posting.hash >> (32 - BUCKET_BITS)) as usize + 1) {
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

/// The text of a deprecated id is that of the id that replaced it, or differs by accident.
fn is_deprecated(id: &str) -> bool {
    id == "NOASSERTION"
        || id.ends_with('+')
        || spdx::license_id(id).is_some_and(|license| license.is_deprecated())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_texts_have_the_id_that_says_least() {
        let ids: Vec<&str> = Index::spdx().templates.iter().map(|t| t.id).collect();
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
    fn every_variant_differs_where_it_says_so() {
        assert!(variants().len() > 3);
        for variant in variants() {
            let text = spdx::license_id(&variant.id).unwrap().text();
            assert!(
                variant
                    .until
                    .iter()
                    .all(|last| text.contains(last.as_str())),
                "{}",
                variant.id
            );
            for [from, to] in &variant.replace {
                assert!(text.contains(from.as_str()), "{}: {from}", variant.id);
                assert_ne!(from, to);
            }
        }
    }

    #[test]
    fn postings_are_found() {
        let index = Index::spdx();
        let words = index.words_of(3);
        let found = words
            .windows(SHINGLE)
            .filter(|s| !index.find(shingle_hash(s)).is_empty())
            .count();
        assert!(found > 0);
        assert!(
            index.find(0xdead_beef).is_empty() || index.find(0xdead_beef)[0].hash == 0xdead_beef
        );
    }
}
