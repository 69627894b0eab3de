//! The texts of vendors, whose sentences are theirs: known by samples of the hashes of their
//! word runs (`data/vendor.toml`), never by their words.
//!
//! A sample is the smallest numbers among all runs of a text, so the share of it that a file
//! holds tells which share of the text is there. A version that was never seen shares much with
//! the others of its family, and is told by the id of the family. What reads like the terms of a
//! vendor and is none of these is `terms`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use hpcctl_model::license::{Kind, State};

use super::finding::Finding;
use super::tables::{Section, Tables};
use super::words::Words;

mod bits;
#[cfg(test)]
pub(super) mod listed;
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

/// The vendors' texts among the words of a file, read in windows.
pub(super) fn findings(
    tables: &Tables,
    text: &str,
    windows: &[Range<usize>],
    words: &Words,
) -> Vec<Finding> {
    let (mut line, mut at) = (1u32, 0);
    let parts = windows.iter().filter_map(|window| {
        line = line.saturating_add(newlines(text.get(at..window.start)?));
        at = window.start;
        Some((text.get(window.clone())?, line))
    });
    let found = find(tables, parts).into_iter().map(|found| {
        let (first, last) = found.lines;
        let start = words.words.partition_point(|word| word.line < first);
        let end = words.words.partition_point(|word| word.line <= last);
        let mut finding = Finding::new(start..end, found.id, Kind::Text);
        finding.score = found.score;
        finding.state = if found.same {
            State::Certain
        } else {
            State::Likely
        };
        finding
    });
    found.collect()
}

fn newlines(text: &str) -> u32 {
    let count = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Drops what a vendor's text makes clear: its title, the mention of its vendor's terms, and the
/// listed text that most of it is made from.
pub(super) fn settle(vendors: &[Finding], findings: &mut Vec<Finding>) {
    let maker = |license: &str| license.split('-').nth(1).map(str::to_owned);
    findings.retain(|finding| {
        !vendors.iter().any(|vendor| {
            if finding.kind == Kind::Text {
                let start = finding.words.start.max(vendor.words.start);
                let shared = finding
                    .words
                    .end
                    .min(vendor.words.end)
                    .saturating_sub(start);
                return finding.license != vendor.license
                    && !finding.license.starts_with("LicenseRef-")
                    && shared * 5 > vendor.words.len() * 2;
            }
            finding.kind != Kind::Tag
                && finding.license.starts_with("LicenseRef-")
                && (finding.license == "LicenseRef-proprietary"
                    || maker(&finding.license) == maker(&vendor.license))
        })
    });
}

/// A run of a sample that stands in the file.
#[derive(Debug, Clone, Copy)]
struct Hit {
    text: u32,
    run: u32,
    line: u32,
    /// Which word of the file it ends with.
    at: usize,
}

/// The vendors' texts in the parts of a file, each with its first line; the surest first.
pub(super) fn find<'a>(
    tables: &'a Tables,
    parts: impl Iterator<Item = (&'a str, u32)>,
) -> Vec<Found<'a>> {
    let mut hits = hits(tables, parts);
    let mut out = Vec::new();
    while let Some(place) = best(tables, &hits) {
        let Some([id, family, ..]) = tables.row::<4>(Section::Vendors, place.text as usize) else {
            break;
        };
        let beside = !out.is_empty() && place.score < BESIDE;
        if !beside {
            let same = place.score >= SAME;
            out.push(Found {
                id: tables.name(if same { *id } else { *family }),
                same,
                score: place.score,
                lines: place.lines,
            });
        }
        // What stands there speaks for no other text.
        let (first, last) = place.words;
        let within = |at: usize| !beside && (first..=last).contains(&at);
        hits.retain(|hit| hit.text != place.text && !within(hit.at));
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
    let (mut before, mut last) = (0, 0);
    for (part, line) in parts {
        for run in runs(part, line) {
            last = before + run.at;
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
                at: last,
            }));
        }
        before = last + 1;
    }
    out
}

/// Where a text stands in the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    text: u32,
    family: u32,
    /// How many words the text has.
    len: u32,
    /// The share of its sample.
    score: f64,
    words: (usize, usize),
    lines: (u32, u32),
}

/// The text that the runs speak for most. Of the texts that are there whole the longest tells the
/// family, and of its versions the one of which most is there; else the largest share counts.
fn best(tables: &Tables, hits: &[Hit]) -> Option<Place> {
    let mut of_text: BTreeMap<u32, Vec<Hit>> = BTreeMap::new();
    for hit in hits {
        of_text.entry(hit.text).or_default().push(*hit);
    }
    let places: Vec<Place> = of_text
        .iter()
        .filter_map(|(text, hits)| place(tables, *text, hits))
        .collect();
    let whole = places.iter().filter(|place| place.score >= SAME);
    let family = whole.max_by_key(|place| place.len).map(|p| p.family);
    places
        .into_iter()
        .filter(|place| family.is_none_or(|family| place.family == family))
        .max_by(|a, b| a.score.total_cmp(&b.score).then(b.text.cmp(&a.text)))
}

/// The stretch of the file, as long as the text is, that holds most of its sample; none where
/// that is too little.
fn place(tables: &Tables, text: u32, hits: &[Hit]) -> Option<Place> {
    let [_, family, len, sample] = tables.row::<4>(Section::Vendors, text as usize)?;
    let reach = *len as usize + *len as usize / 4 + RUN;
    let mut within: HashMap<u32, u32> = HashMap::new();
    let (mut from, mut most) = (0, (0, 0, 0));
    for (to, hit) in hits.iter().enumerate() {
        *within.entry(hit.run).or_default() += 1;
        while let Some(first) = hits.get(from).filter(|first| hit.at - first.at > reach) {
            from += 1;
            if let Some(count) = within.get_mut(&first.run) {
                *count -= 1;
                if *count == 0 {
                    within.remove(&first.run);
                }
            }
        }
        most = most.max((within.len(), from, to));
    }
    let (count, from, to) = most;
    let (first, last) = (hits.get(from)?, hits.get(to)?);
    let score = f64::from(u32::try_from(count).ok()?) / f64::from((*sample).max(1));
    (count >= MIN_RUNS && score >= FAMILY).then_some(Place {
        text,
        family: *family,
        len: *len,
        score,
        words: (first.at, last.at),
        lines: (first.line, last.line),
    })
}

static TABLES: LazyLock<Tables> = LazyLock::new(super::listed::tables);

/// The ids of the built-in texts of vendors.
pub fn ids() -> Vec<&'static str> {
    let (rows, _) = TABLES.section(Section::Vendors).as_chunks::<4>();
    rows.iter().map(|[name, ..]| TABLES.name(*name)).collect()
}

/// The id that stands for all versions of a vendor's text, or none where it is not listed.
pub fn family_of(id: &str) -> Option<&'static str> {
    let (rows, _) = TABLES.section(Section::Vendors).as_chunks::<4>();
    let row = rows.iter().find(|[name, ..]| TABLES.name(*name) == id);
    row.map(|[_, family, ..]| TABLES.name(*family))
}

/// Whether an id is that of a built-in text of a vendor, or of all its versions.
pub fn is_listed(id: &str) -> bool {
    let (rows, _) = TABLES.section(Section::Vendors).as_chunks::<4>();
    let mut names = rows.iter().flat_map(|[name, family, ..]| [name, family]);
    names.any(|name| TABLES.name(*name) == id)
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
