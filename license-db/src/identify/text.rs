//! Finds licence texts in a file, whole or in part, one or many.
//!
//! Shared shingles propose a template and a place, the alignment decides, and between
//! templates that claim the same words the one that leaves the fewest unexplained wins.

use super::align::{self, Alignment};
use super::chain;
use super::index::{Index, SHINGLE, shingle_hash};

/// Below this score a text is not the template.
const ACCEPT: f64 = 0.82;

/// The same for a short text, whose few words others share.
const ACCEPT_SHORT: f64 = 0.87;

/// What a short text is, in words.
const SHORT: usize = 100;

/// Long texts are told from others by far more than this.
const ACCEPT_LONG: f64 = 0.72;

/// So many words in a row may be missing of a short text, or one in [`LOST_SHARE`].
const LOST: usize = 12;

const LOST_SHARE: usize = 6;

/// What a long text is, in words.
pub(crate) const LONG: usize = 900;

/// Above this score a text is the template.
pub(crate) const CERTAIN: f64 = 0.98;

/// One in so many of a template's shingles proposes it.
const PROPOSE: u32 = 5;

/// What a missing word of the template's own costs, in words.
const STRANGE: f64 = 6.0;

/// Larger files are read in parts of so many words, so that no part needs much memory.
const PART: usize = 40_000;

/// The words that two parts share: more than the longest template has.
const OVERLAP: usize = 12_000;

/// The most shingle hits that are kept of one part.
const MAX_HITS: usize = 3_000_000;

/// The most templates that are aligned with one stretch of a file.
const MAX_RIVALS: u8 = 24;

/// The words that a stretch has when rivals are counted.
const STRETCH: usize = 64;

/// A template found in a file.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) template: u16,
    /// Places among the counting words.
    pub(crate) at: Alignment,
    /// How many words that only this template has are missing.
    strange: usize,
}

impl Found {
    fn moved(mut self, by: usize) -> Self {
        self.at.start += by;
        self.at.end += by;
        for part in &mut self.at.parts {
            *part = part.start + by..part.end + by;
        }
        self
    }

    /// What decides between templates that claim the same words.
    fn value(&self) -> f64 {
        let strange = f64::from(u32::try_from(self.strange).unwrap_or(u32::MAX));
        self.at.value() - STRANGE * strange
    }
}

/// The texts in the counting words of a file, in its order, none inside another.
pub(crate) fn find(index: Index<'_>, file: &[u32]) -> Vec<Found> {
    if let Some(template) = index.exact(file) {
        return vec![Found {
            template,
            at: Alignment::whole(file.len()),
            strange: 0,
        }];
    }
    let mut found = Vec::new();
    let mut from = 0;
    loop {
        let to = (from + PART).min(file.len());
        let part = file.get(from..to).unwrap_or_default();
        found.extend(
            find_in_part(index, part)
                .into_iter()
                .map(|found| found.moved(from)),
        );
        if to == file.len() {
            return best(found);
        }
        from = to - OVERLAP;
    }
}

/// The texts in a part of a file, with places in the part.
fn find_in_part(index: Index<'_>, file: &[u32]) -> Vec<Found> {
    let chains = chains(index, hits(index, file));
    let found = chains.iter().filter_map(|chain| {
        let at = align::align(file, index.marked(chain.template), &chain.anchors)?;
        accepted(&at).then(|| Found {
            template: chain.template,
            strange: strange(index, chain.template, file, &at),
            at,
        })
    });
    let mut found: Vec<Found> = found.collect();
    twins(index, file, &mut found);
    best(found)
}

/// Two short texts that explain a place almost equally well are told apart by the words that only
/// one of them has: "sell" in the variants of HPND.
fn twins(index: Index<'_>, file: &[u32], found: &mut [Found]) {
    found.sort_by_key(|found| (found.at.start, found.template));
    let starts: Vec<usize> = found.iter().map(|found| found.at.start).collect();
    let beaten = |one: &Found| {
        // What overlaps so much of a short text begins near it.
        let near = 2 * MAX_TWIN;
        let from = starts.partition_point(|start| start + near < one.at.start);
        let to = starts.partition_point(|start| *start < one.at.end.min(one.at.start + near));
        let mut others = found.get(from..to).unwrap_or_default().iter();
        others.any(|other| outdone(index, file, one, other))
    };
    let beaten: Vec<bool> = found.iter().map(beaten).collect();
    for (found, _) in found.iter_mut().zip(beaten).filter(|(_, beaten)| *beaten) {
        found.strange += TWIN;
    }
}

/// What the words of a twin that are there cost a text, in words of its own that are missing.
const TWIN: usize = 3;

/// The most words of a text that has twins.
const MAX_TWIN: usize = 400;

/// How much of a text's value its twin has.
const NEAR: f64 = 0.9;

/// Whether the words that only one of two texts has are all there, and none of the other's.
fn outdone(index: Index<'_>, file: &[u32], one: &Found, other: &Found) -> bool {
    let near = other.value() <= one.value() && other.value() >= NEAR * one.value();
    let overlap = other.at.start.max(one.at.start)..other.at.end.min(one.at.end);
    if !near || overlap.len() * 4 < (one.at.end - one.at.start) * 3 {
        return false;
    }
    let place = other.at.start..other.at.end;
    let (one, other) = (index.marked(one.template), index.marked(other.template));
    if one.words.len().max(other.words.len()) > MAX_TWIN {
        return false;
    }
    let here = file.get(place).unwrap_or_default();
    let mut lacking = other.only(one).peekable();
    lacking.peek().is_some()
        && lacking.all(|word| here.contains(&word))
        && !one.only(other).any(|word| here.contains(&word))
}

/// Counts the words that only this template has, such as the name of its holder, and that the
/// file does not have.
fn strange(index: Index<'_>, template: u16, file: &[u32], at: &Alignment) -> usize {
    let own = index.own_words(template);
    let here = file.get(at.start..at.end).unwrap_or_default();
    own.iter().filter(|word| !here.contains(word)).count()
}

fn accepted(at: &Alignment) -> bool {
    let template = at.agree + at.missing;
    if template >= LONG {
        return at.score() >= ACCEPT_LONG;
    }
    // A whole clause that is missing makes another licence: the disclaimer of BSD alone grants
    // nothing.
    let whole = at.lost <= LOST || at.lost * LOST_SHARE <= template;
    let least = if template < SHORT {
        ACCEPT_SHORT
    } else {
        ACCEPT
    };
    whole && at.score() >= least
}

#[derive(Debug, Clone, Copy, Default)]
struct Hit {
    template: u16,
    at: u16,
    file: u32,
}

/// Every shingle that the file shares with a template, by template, then in the file's order.
fn hits(index: Index<'_>, file: &[u32]) -> Vec<Hit> {
    let mut counts = vec![0u32; index.len()];
    let mut hits: Vec<Hit> = Vec::new();
    for (place, shingle) in file.windows(SHINGLE).enumerate() {
        let Ok(place) = u32::try_from(place) else {
            break;
        };
        for posting in index.find(shingle_hash(shingle)) {
            hits.push(Hit {
                template: posting.template,
                at: posting.at,
                file: place,
            });
            if let Some(count) = counts.get_mut(usize::from(posting.template)) {
                *count += 1;
            }
        }
        if hits.len() > MAX_HITS {
            break;
        }
    }
    by_template(index, &hits, counts)
}

/// The hits of the templates that have enough, by template; what is in the file's order stays so.
fn by_template(index: Index<'_>, hits: &[Hit], mut counts: Vec<u32>) -> Vec<Hit> {
    let mut total = 0;
    for (count, template) in counts.iter_mut().zip(0u16..) {
        let enough = *count >= needed(index.shingles(template));
        let start = if enough { total } else { u32::MAX };
        total += if enough { *count } else { 0 };
        *count = start;
    }
    let mut starts = counts;
    let mut out = vec![Hit::default(); total as usize];
    for hit in hits {
        let Some(next) = starts.get_mut(usize::from(hit.template)) else {
            continue;
        };
        if let Some(place) = out.get_mut(*next as usize) {
            *place = *hit;
            *next += 1;
        }
    }
    out
}

/// How many of a template's shingles propose it: one in [`PROPOSE`], and two at least, as one
/// may be chance.
fn needed(shingles: u32) -> u32 {
    shingles.div_ceil(PROPOSE).max(2)
}

struct Chain {
    template: u16,
    anchors: Vec<(u32, u32)>,
    /// The words explained, estimated from the anchors.
    estimate: f64,
}

/// Joins the hits of each template to runs that rise on both sides, best first, and drops what
/// rivals for the same stretch outdo.
fn chains(index: Index<'_>, hits: Vec<Hit>) -> Vec<Chain> {
    let mut chains = Vec::new();
    for of_template in hits.chunk_by(|a, b| a.template == b.template) {
        let Some(template) = of_template.first().map(|hit| hit.template) else {
            continue;
        };
        let len = index.words_of(template).len();
        let shingles = index.shingles(template);
        let hits = of_template.iter().map(|hit| (hit.file, u32::from(hit.at)));
        let least = needed(shingles) as usize;
        for anchors in chain::chains(hits, len, least) {
            let count = u32::try_from(anchors.len()).unwrap_or(u32::MAX);
            let share = (f64::from(count) / f64::from(shingles.max(1))).min(1.0);
            let words = f64::from(u32::try_from(len).unwrap_or(u32::MAX));
            chains.push(Chain {
                template,
                anchors,
                estimate: (2.0 * share - 1.0) * words,
            });
        }
    }
    chains.sort_by(|a, b| b.estimate.total_cmp(&a.estimate));
    let mut rivals: std::collections::HashMap<usize, u8> = std::collections::HashMap::new();
    chains.retain(|chain| {
        let middle = chain
            .anchors
            .get(chain.anchors.len() / 2)
            .map_or(0, |a| a.0 as usize);
        let rivals = rivals.entry(middle / STRETCH).or_default();
        *rivals = rivals.saturating_add(1);
        *rivals <= MAX_RIVALS
    });
    chains
}

/// Takes the most valuable first; what then overlaps what was taken is dropped.
fn best(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|a, b| {
        b.value()
            .total_cmp(&a.value())
            .then(a.template.cmp(&b.template))
    });
    let end = found.iter().map(|f| f.at.end).max().unwrap_or(0);
    let mut words = vec![false; end];
    found.retain(|candidate| {
        let Some(range) = words.get_mut(candidate.at.start..candidate.at.end) else {
            return false;
        };
        let free = range.iter().filter(|taken| **taken).count() * 4 <= range.len();
        if free {
            range.fill(true);
        }
        free
    });
    found.sort_by_key(|found| found.at.start);
    found
}

#[cfg(test)]
mod tests {
    use super::super::index::make::Texts;
    use super::super::tables::{Maker, Tables};
    use super::super::words::Words;
    use super::*;

    /// The text that is found in a file, of these.
    fn found(texts: &[(&str, &str)], file: &str) -> Vec<String> {
        let mut made = Texts::default();
        for (id, text) in texts {
            made.add(id, text);
        }
        let mut maker = Maker::default();
        made.write(&mut maker);
        let tables = Tables::new(maker.finish());
        let index = Index::new(&tables);
        let words: Vec<u32> = Words::of(file).words.iter().map(|word| word.hash).collect();
        let found = find(index, &words).into_iter();
        found
            .filter_map(|found| Some(index.template(found.template)?.id.to_owned()))
            .collect()
    }

    #[test]
    fn twins_are_told_apart_by_the_words_that_only_one_has() {
        let half = "use copy modify and distribute this software for any purpose with or \
            without fee provided that the above notice appears in all copies of it";
        let plain = format!("{half} {half}");
        let turned = half.replace("with or", "or with");
        let sell = format!("sell {half} {turned}");
        let texts = [("Plain", &*plain), ("Sell", &*sell)];
        assert_eq!(found(&texts, &format!("please {plain} thanks")), ["Plain"]);
        assert_eq!(
            found(&texts, &format!("please sell {plain} thanks")),
            ["Sell"]
        );
    }

    #[test]
    fn a_short_text_needs_more_agreement() {
        let of = |times: usize| Alignment {
            agree: 50 * times,
            missing: 9 * times,
            extra: 8 * times,
            lost: 9,
            ..Alignment::default()
        };
        assert!(!accepted(&of(1)) && accepted(&of(2)));
    }
}
