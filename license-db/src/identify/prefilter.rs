//! The first gate: most files of an image hold no legal word, and leave here.
//!
//! One pass finds rare bytes with SIMD search, and only there compares whole words.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::Span;
use aho_corasick::packed::{Config, Searcher};
use memchr::memmem::Finder;

/// Fragments without which no licence text, notice, tag or reference was ever seen. Each is
/// searched in the cases in which it is written: lower, Title and UPPER.
const FRAGMENTS: &[&str] = &[
    "icen",
    "ICEN",
    "opyright",
    "OPYRIGHT",
    "opyleft",
    "ermission",
    "ERMISSION",
    "edistribut",
    "EDISTRIBUT",
    "arranty",
    "ARRANTY",
    "GPL",
    "gpl",
    "PDX-",
    "pdx-",
    "roprietary",
    "ROPRIETARY",
    "EULA",
    "iability",
    "IABILITY",
    "reely",
    "REELY",
    "izenz",
    "利用許諾",
    "nrestricted",
    "ublic domain",
    "ublic Domain",
    "UBLIC DOMAIN",
    "reative Commons",
    "REATIVE COMMONS",
    "ll rights reserved",
    "same terms as",
    "be distributed",
    "an use this",
    "modified versions",
    "pecial exception",
    "any responsib",
    "istributed under",
    "nder the terms",
    "cademic use",
    "ommercial use",
    "ommercial purpose",
    "ducational use",
    "esearch use",
    "esearch purpose",
];

/// Looks for all fragments in one pass.
enum Search {
    /// With the vectors of the processor.
    Packed(Searcher),
    /// One fragment after the other, where it has none that serve.
    Each(Vec<Finder<'static>>),
}

static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let packed = Config::new().builder().extend(FRAGMENTS).build();
    packed.map_or_else(
        || Search::Each(FRAGMENTS.iter().copied().map(Finder::new).collect()),
        Search::Packed,
    )
});

impl Search {
    /// Where the first fragment stands from a place on.
    fn from(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::Packed(searcher) => searcher
                .find_in(bytes, Span::from(from..bytes.len()))
                .map(|found| found.start()),
            Self::Each(finders) => {
                let rest = bytes.get(from..)?;
                let first = finders.iter().filter_map(|finder| finder.find(rest)).min();
                first.map(|at| from + at)
            }
        }
    }
}

/// Files up to this size are read whole once they hold a legal word.
const WHOLE: usize = 256 * 1024;

/// How much around a hit is read in a larger file.
const AROUND: usize = 8 * 1024;

/// No more than this is read of one file.
pub(crate) const MAX_READ: usize = 16 * 1024 * 1024;

/// Whether a text may bear a licence at all.
pub(crate) fn may_bear(bytes: &[u8]) -> bool {
    SEARCH.from(bytes, 0).is_some()
}

/// The parts of a text that are worth reading, in order and apart from each other.
pub(crate) fn windows(text: &str) -> Vec<Range<usize>> {
    if text.len() <= WHOLE {
        let whole = may_bear(text.as_bytes()).then_some(0..text.len());
        return whole.into_iter().collect();
    }
    let mut hits: Vec<usize> = Vec::new();
    let mut from = 0;
    // One hit in each stretch is enough: the window covers the others.
    while let Some(at) = SEARCH.from(text.as_bytes(), from.min(text.len())) {
        hits.push(at);
        from = at + AROUND / 2;
    }
    join(text, &hits)
}

fn join(text: &str, hits: &[usize]) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut total = 0;
    for hit in hits {
        let start = boundary(text, hit.saturating_sub(AROUND));
        let end = boundary(text, (hit + AROUND).min(text.len()));
        match out.last_mut() {
            Some(last) if last.end >= start => {
                total += end - last.end.min(end);
                last.end = last.end.max(end);
            }
            _ => {
                total += end - start;
                out.push(start..end);
            }
        }
        if total > MAX_READ {
            break;
        }
    }
    out
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_code_pass() {
        assert!(!may_bear(b"int main(void) { return 0; }"));
        for text in [
            "Licensed to",
            "COPYRIGHT",
            "SPDX-Lic",
            "under the GPL",
            "public domain",
        ] {
            assert!(may_bear(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn every_listed_text_passes() {
        for (id, text) in spdx::text::LICENSE_TEXTS {
            // Nine words without a legal one among them.
            assert!(may_bear(text.as_bytes()) || *id == "NOASSERTION", "{id}");
        }
    }

    #[test]
    fn large_files_are_read_around_the_hits() {
        let filler = "x = 1;\n".repeat(100_000);
        let text = format!("{filler}Licensed under MIT\n{filler}");
        let windows = windows(&text);
        assert_eq!(windows.len(), 1);
        assert!(windows[0].contains(&filler.len()) && windows[0].len() < 20_000);
    }
}
