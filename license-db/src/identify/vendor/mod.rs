//! The texts of vendors, whose sentences are theirs: known by samples of the hashes of their
//! word runs (`data/vendor.toml`), never by their words.
//!
//! A sample is the smallest numbers among all runs of a text, so the share of it that a file
//! holds tells which share of the text is there. A version that was never seen shares much with
//! the others of its family, and is told by the id of the family. What reads like the terms of a
//! vendor and is none of these is `terms`.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use super::listed;
use super::tables::{Section, Tables};

mod bits;
#[cfg(test)]
pub(super) mod make;
mod sketch;
pub(super) mod terms;

use bits::bit;
use sketch::{RUN, runs};

/// The most runs of a sample.
const SAMPLE: usize = 128;

/// From this share of its sample on, a file holds a text in this version.
const SAME: f64 = 0.95;

/// From this share on, it holds the text in some version.
const FAMILY: f64 = 0.2;

/// What explains less than this share behind a better text is only like it.
const BESIDE: f64 = 0.5;

/// Fewer runs are chance.
const MIN_RUNS: usize = 8;

/// The most runs that are kept of a file.
const MAX_HITS: usize = 100_000;

/// A vendor's text in a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found<'a> {
    /// The id of the version, or that of the family.
    pub(super) id: &'a str,
    /// Whether it is this version.
    pub(super) same: bool,
    /// The share of the sample that is there.
    pub(super) score: f64,
    /// The first and the last line.
    pub(super) lines: (u32, u32),
}

struct Hit {
    text: u32,
    run: u32,
    line: u32,
}

/// The vendors' texts in the parts of a file, each with its first line; the surest first.
pub(super) fn find<'a>(
    tables: &'a Tables,
    parts: impl Iterator<Item = (&'a str, u32)>,
) -> Vec<Found<'a>> {
    let mut hits = hits(tables, parts);
    let mut out = Vec::new();
    while let Some((text, score)) = best(tables, &hits) {
        let beside = !out.is_empty() && score < BESIDE;
        let Some([id, family, ..]) = tables.row::<4>(Section::Vendors, text as usize) else {
            break;
        };
        let own: BTreeSet<u32> = hits
            .iter()
            .filter(|h| h.text == text)
            .map(|h| h.run)
            .collect();
        if !beside {
            let same = score >= SAME;
            out.push(Found {
                id: tables.name(if same { *id } else { *family }),
                same,
                score,
                lines: extent(&hits, text),
            });
        }
        // What this text explains speaks for no other.
        hits.retain(|hit| hit.text != text && !own.contains(&hit.run));
    }
    out
}

fn hits<'a>(tables: &Tables, parts: impl Iterator<Item = (&'a str, u32)>) -> Vec<Hit> {
    let bits = tables.section(Section::VendorBits);
    let (known, _) = tables.section(Section::VendorRuns).as_chunks::<2>();
    let may = |run: u32| {
        let at = bit(run);
        bits.get(at / 32)
            .is_some_and(|word| word >> (at % 32) & 1 == 1)
    };
    let mut out = Vec::new();
    for run in parts.flat_map(|(part, line)| runs(part, line)) {
        if !may(run.hash) || out.len() >= MAX_HITS {
            continue;
        }
        let from = known.partition_point(|[hash, _]| *hash < run.hash);
        let rest = known.get(from..).unwrap_or_default();
        let same = rest.iter().take_while(|[hash, _]| *hash == run.hash);
        out.extend(same.map(|[_, text]| Hit {
            text: *text,
            run: run.hash,
            line: run.line,
        }));
    }
    out
}

/// The text that the runs speak for most: of those that are there whole the longest, else the one
/// with the largest share.
fn best(tables: &Tables, hits: &[Hit]) -> Option<(u32, f64)> {
    let texts = tables.section(Section::Vendors).len() / 4;
    let mut seen: HashSet<(u32, u32)> = HashSet::new();
    let mut counts = vec![0usize; texts];
    for hit in hits {
        if let Some(count) = counts.get_mut(hit.text as usize)
            && seen.insert((hit.text, hit.run))
        {
            *count += 1;
        }
    }
    let scored = counts.iter().zip(0u32..).filter_map(|(count, text)| {
        let [_, _, words, sample] = tables.row::<4>(Section::Vendors, text as usize)?;
        let count_f = f64::from(u32::try_from(*count).ok()?);
        let score = count_f / f64::from((*sample).max(1));
        (*count >= MIN_RUNS && score >= FAMILY).then_some((text, score, *words))
    });
    let rank = |score: f64, words: u32| {
        let whole = score >= SAME;
        (whole, if whole { f64::from(words) } else { score }, score)
    };
    scored
        .max_by(|a, b| {
            let (a, b) = (rank(a.1, a.2), rank(b.1, b.2));
            a.0.cmp(&b.0)
                .then(a.1.total_cmp(&b.1))
                .then(a.2.total_cmp(&b.2))
        })
        .map(|(text, score, _)| (text, score))
}

fn extent(hits: &[Hit], text: u32) -> (u32, u32) {
    let lines = hits.iter().filter(|h| h.text == text).map(|h| h.line);
    let last = lines.clone().max().unwrap_or(1);
    (lines.min().unwrap_or(1).min(last), last)
}

/// The id that stands for all versions of a vendor's text, or none where it is not listed.
pub fn family_of(id: &str) -> Option<&'static str> {
    static TABLES: LazyLock<Tables> = LazyLock::new(listed::tables);
    let (rows, _) = TABLES.section(Section::Vendors).as_chunks::<4>();
    let row = rows.iter().find(|[name, ..]| TABLES.name(*name) == id);
    row.map(|[_, family, ..]| TABLES.name(*family))
}

/// The sample of a text, without the runs that the texts of the SPDX list have: an attachment
/// with somebody else's licence is not the vendor's text. Answers its words, too.
///
/// `license-db/examples/fingerprint.rs` makes the rows of `data/vendor.toml` with it.
pub fn sample(text: &str) -> (usize, Vec<u32>) {
    let listed = spdx::text::LICENSE_TEXTS
        .iter()
        .chain(spdx::text::EXCEPTION_TEXTS);
    let known: HashSet<u32> = listed
        .flat_map(|(_, text)| runs(text, 1))
        .map(|run| run.hash)
        .collect();
    let own: BTreeSet<u32> = runs(text, 1)
        .map(|run| run.hash)
        .filter(|hash| !known.contains(hash))
        .collect();
    let words = runs(text, 1).count() + RUN - 1;
    (words, own.into_iter().take(SAMPLE).collect())
}

#[cfg(test)]
mod tests;
