//! How well a stretch of a file agrees with a template, word by word.
//!
//! Shared shingles are anchors; between them words are paired greedily, skipping few words on
//! either side where they differ. What the SPDX template marks as optional may be missing, and
//! other words may stand for what it marks as replaceable (SPDX matching guidelines, annex B of
//! the specification 2.3).

use std::ops::Range;

use super::index::mark::{Mark, mark_at};

/// The most words skipped on one side to find agreement again.
const MAX_SKIP: usize = 40;

/// What a word that has to be there and is not costs.
const MISSING: f64 = 0.8;

/// What a word of the file that is not the template's costs.
const OTHER: f64 = 0.8;

/// What an optional word that is not there costs: enough to tell twins apart.
const LEFT_OUT: f64 = 0.02;

/// A part that is longer was left out on purpose.
const LONG_PART: usize = 60;

/// So many words may stand for a replaceable part, and two for each of its words.
const REPLACED: usize = 6;

/// A text to compare with: hashes of words, and what each is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template<'a> {
    pub(crate) words: &'a [u32],
    /// Packed marks, those of other texts before them.
    pub(crate) marks: &'a [u32],
    /// Where the marks of these words begin.
    pub(crate) first: usize,
    /// Whether the words stand in the reverse order of the marks.
    pub(crate) is_reversed: bool,
}

impl Template<'_> {
    /// What the SPDX template says of a word.
    pub(crate) fn mark(&self, at: usize) -> Mark {
        let at = match self.is_reversed {
            true => self.words.len().saturating_sub(at + 1),
            false => at,
        };
        mark_at(self.marks, self.first + at)
    }

    /// The words that have to be there and that another text does not have.
    pub(crate) fn only<'a>(&'a self, other: Template<'a>) -> impl Iterator<Item = u32> + 'a {
        let words = self.words.iter().enumerate();
        let own = words.filter(|(at, _)| self.mark(*at) == Mark::Own);
        own.map(|(_, word)| *word)
            .filter(move |word| !other.words.contains(word))
    }

    /// How many words of a part have to be there.
    fn own(&self, part: Range<usize>) -> usize {
        part.filter(|at| self.mark(*at) == Mark::Own).count()
    }

    /// How many words of a part others may stand for.
    fn replaceable(&self, part: Range<usize>) -> usize {
        part.filter(|at| self.mark(*at) == Mark::Replaceable)
            .count()
    }
}

/// The words of a file that agree with a template.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Alignment {
    /// The first word in the file.
    pub(crate) start: usize,
    /// Behind the last word in the file.
    pub(crate) end: usize,
    /// How many words agree.
    pub(crate) agree: usize,
    /// Words of the template that have to be there and are not.
    pub(crate) missing: usize,
    /// Optional words of the template that are not there.
    pub(crate) left_out: usize,
    /// Words of the file that the template does not have.
    pub(crate) extra: usize,
    /// Words of the file that stand for replaceable ones.
    pub(crate) replaced: usize,
    /// The most words of the template in a row that are missing.
    pub(crate) lost: usize,
    /// The parts of the file that agree, in order.
    pub(crate) parts: Vec<Range<usize>>,
}

impl Alignment {
    /// A file that is the template and nothing else.
    pub(crate) fn whole(len: usize) -> Self {
        let mut whole = Self {
            end: len,
            agree: len,
            ..Self::default()
        };
        whole.parts.push(0..len);
        whole
    }

    /// The same without its parts.
    fn counts(&self) -> Self {
        Self {
            parts: Vec::new(),
            ..*self
        }
    }

    /// Twice the agreement over the words of both, from 0 to 1.
    pub(crate) fn score(&self) -> f64 {
        share(2 * self.agree, self.missing + self.extra)
    }

    /// The share of the template that is there, from 0 to 1.
    pub(crate) fn coverage(&self) -> f64 {
        share(self.agree, self.missing)
    }

    /// What the match explains, less what it leaves unexplained; decides between near twins.
    /// One long part that was left out, such as a preamble, says little.
    pub(crate) fn value(&self) -> f64 {
        let part = self.lost.saturating_sub(LONG_PART);
        let missing = as_f64(self.missing - part) + as_f64(part) / 4.0;
        let left_out = LEFT_OUT * as_f64(self.left_out);
        as_f64(self.agree) - MISSING * missing - OTHER * self.other() - left_out
    }

    /// The words of the file that are not the template's. A text that names the holder is closer
    /// than one that leaves it open.
    fn other(&self) -> f64 {
        as_f64(self.extra) + as_f64(self.replaced) / 4.0
    }
}

fn share(of: usize, beside: usize) -> f64 {
    if of == 0 {
        0.0
    } else {
        as_f64(of) / as_f64(of + beside)
    }
}

fn as_f64(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Aligns a file with a template along anchors (word of the file, word of the template), which
/// rise on both sides.
pub(crate) fn align(
    file: &[u32],
    template: Template<'_>,
    anchors: &[(u32, u32)],
) -> Option<Alignment> {
    let (first_file, first_template) = pair(anchors.first()?);
    if first_file > file.len() || first_template > template.words.len() {
        return None;
    }
    let mut pairing = Pairing::new(file, template);
    pairing.backward(first_file, first_template);
    (pairing.in_file, pairing.in_template) = (first_file, first_template);
    for anchor in anchors {
        let (next_file, next_template) = pair(anchor);
        let behind = next_file < pairing.in_file || next_template < pairing.in_template;
        if behind || next_file > file.len() || next_template > template.words.len() {
            continue;
        }
        pairing.forward(next_file, next_template);
        pairing.run(file.len(), template.words.len());
    }
    pairing.tail();
    Some(pairing.found)
}

fn pair(anchor: &(u32, u32)) -> (usize, usize) {
    (anchor.0 as usize, anchor.1 as usize)
}

fn run(file: &[u32], template: &[u32]) -> usize {
    file.iter()
        .zip(template)
        .take_while(|(a, b)| a == b)
        .count()
}

/// Walks through both and keeps count.
struct Pairing<'a> {
    file: &'a [u32],
    template: Template<'a>,
    in_file: usize,
    in_template: usize,
    found: Alignment,
}

impl<'a> Pairing<'a> {
    fn new(file: &'a [u32], template: Template<'a>) -> Self {
        Self {
            file,
            template,
            in_file: 0,
            in_template: 0,
            found: Alignment::default(),
        }
    }

    /// Takes the words that agree from here, to these ends.
    fn run(&mut self, file_end: usize, template_end: usize) -> usize {
        let file = self.file.get(self.in_file..file_end).unwrap_or_default();
        let words = self.template.words;
        let template = words.get(self.in_template..template_end);
        let len = run(file, template.unwrap_or_default());
        let end = self.in_file + len;
        self.found.agree += len;
        if len > 0 {
            match self.found.parts.last_mut() {
                Some(last) if last.end == self.in_file => last.end = end,
                _ => self.found.parts.push(self.in_file..end),
            }
            self.found.end = end;
        }
        self.in_file = end;
        self.in_template += len;
        len
    }

    /// Passes over words that differ.
    fn skip(&mut self, in_file: usize, in_template: usize) {
        let part = self.in_template..self.in_template + in_template;
        let missing = self.template.own(part.clone());
        self.found.missing += missing;
        self.found.left_out += part.len() - missing;
        self.found.lost = self.found.lost.max(missing);
        let replaced = match self.template.replaceable(part) {
            0 => 0,
            words => in_file.min(REPLACED + words * 2),
        };
        self.found.replaced += replaced;
        self.found.extra += in_file - replaced;
        self.in_file += in_file;
        self.in_template += in_template;
    }

    /// Pairs words greedily up to these ends, and passes over the rest.
    fn forward(&mut self, file_end: usize, template_end: usize) {
        self.pairs(file_end, template_end);
        self.skip(
            file_end.saturating_sub(self.in_file),
            template_end.saturating_sub(self.in_template),
        );
    }

    fn pairs(&mut self, file_end: usize, template_end: usize) {
        while self.in_file < file_end && self.in_template < template_end {
            if self.run(file_end, template_end) > 0 {
                continue;
            }
            let file = self.file.get(self.in_file..file_end).unwrap_or_default();
            let words = self.template.words;
            let template = words.get(self.in_template..template_end);
            let Some((in_file, in_template)) = resync(file, template.unwrap_or_default()) else {
                return;
            };
            self.skip(in_file, in_template);
        }
    }

    /// Pairs what follows the last anchor, as far as that explains more than it leaves
    /// unexplained: an optional title that stands far away is not this text's.
    fn tail(&mut self) {
        let template_end = self.template.words.len();
        let mut settled = (self.found.counts(), self.in_template);
        let mut gain = 0.0;
        while self.in_template < template_end && self.in_file < self.file.len() {
            let from = self.in_template;
            let len = self.run(self.file.len(), template_end);
            if len > 0 {
                // What is not paired here is missing, if it has to be there.
                let own = self.template.own(from..from + len);
                gain += as_f64(len) + MISSING * as_f64(own);
                if gain > 0.0 {
                    settled = (self.found.counts(), self.in_template);
                    gain = 0.0;
                }
                continue;
            }
            let file = self.file.get(self.in_file..).unwrap_or_default();
            let template = self.template.words.get(self.in_template..);
            let Some((in_file, in_template)) = resync(file, template.unwrap_or_default()) else {
                break;
            };
            let before = self.found.other();
            self.skip(in_file, in_template);
            gain -= OTHER * (self.found.other() - before);
        }
        let mut parts = std::mem::take(&mut self.found.parts);
        (self.found, self.in_template) = settled;
        parts.retain(|part| part.start < self.found.end);
        if let Some(last) = parts.last_mut() {
            last.end = last.end.min(self.found.end);
        }
        self.found.parts = parts;
        self.skip(0, template_end.saturating_sub(self.in_template));
    }

    /// Pairs the words before the first anchor, backwards.
    fn backward(&mut self, in_file: usize, in_template: usize) {
        let reach = in_template + in_template / 4 + MAX_SKIP;
        let from = in_file.saturating_sub(reach);
        let reversed = |words: &[u32]| words.iter().rev().copied().collect::<Vec<u32>>();
        let file = reversed(self.file.get(from..in_file).unwrap_or_default());
        let words = reversed(self.template.words.get(..in_template).unwrap_or_default());
        let template = Template {
            words: &words,
            is_reversed: true,
            ..self.template
        };
        let mut back = Pairing::new(&file, template);
        back.tail();
        self.found = back.found;
        let turn = |at: usize| in_file.saturating_sub(at);
        self.found.start = turn(self.found.end);
        self.found.end = in_file;
        self.found.parts.reverse();
        for part in &mut self.found.parts {
            *part = turn(part.end)..turn(part.start);
        }
    }
}

/// The smallest skip on both sides behind which two words agree in a row (or the last one); of
/// several, the one that skips the fewest words of the file.
fn resync(file: &[u32], template: &[u32]) -> Option<(usize, usize)> {
    let ahead = template.get(..=MAX_SKIP).unwrap_or(template);
    let known = Seen::of(ahead);
    let (mut found, mut least) = (None, MAX_SKIP + 1);
    for (skip_file, word) in file.iter().enumerate() {
        if skip_file >= least {
            break;
        }
        if !known.may_have(*word) {
            continue;
        }
        let from = usize::from(skip_file == 0);
        let reach = ahead.get(from..least - skip_file).or(ahead.get(from..));
        let mut places = reach.unwrap_or_default().iter().zip(from..);
        let agree = |skip_template: usize| {
            let behind = (file.get(skip_file + 1), template.get(skip_template + 1));
            match behind {
                (Some(a), Some(b)) => a == b,
                _ => skip_file + skip_template <= 3,
            }
        };
        let first = places.find(|(other, at)| *other == word && agree(*at));
        if let Some((_, skip_template)) = first {
            least = skip_file + skip_template;
            found = Some((skip_file, skip_template));
        }
    }
    found
}

/// Which of 256 kinds of words are among some.
struct Seen([u64; 4]);

impl Seen {
    fn of(words: &[u32]) -> Self {
        let mut kinds = [0; 4];
        for word in words {
            kinds[*word as usize >> 6 & 3] |= 1 << (word & 63);
        }
        Self(kinds)
    }

    /// Whether a word may be among them.
    fn may_have(&self, word: u32) -> bool {
        self.0[word as usize >> 6 & 3] >> (word & 63) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::mark::pack;
    use super::*;

    fn plain(words: &[u32]) -> Template<'_> {
        Template {
            words,
            marks: &[],
            first: 0,
            is_reversed: false,
        }
    }

    #[test]
    fn equal_words_agree_whole() {
        let words: Vec<u32> = (1..50).collect();
        let found = align(&words, plain(&words), &[(10, 10), (20, 20)]).unwrap();
        assert_eq!(found, Alignment::whole(49));
        assert!((found.score() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn differences_cost() {
        let template: Vec<u32> = (1..101).collect();
        let mut file: Vec<u32> = (1..101).collect();
        file[49] = 999;
        file.insert(70, 998);
        file.splice(0..0, [900, 901, 902]);
        let found = align(&file, plain(&template), &[(13, 10), (40, 37)]).unwrap();
        assert_eq!((found.start, found.end, found.agree), (3, 104, 99));
        assert_eq!((found.missing, found.extra, found.lost), (1, 2, 1));
        assert_eq!(found.parts, [3..52, 53..73, 74..104]);
    }

    #[test]
    fn marked_words_may_differ() {
        let template: Vec<u32> = (1..41).collect();
        let mut marks = vec![Mark::Own; 40];
        marks[10..12].fill(Mark::Optional);
        marks[20..22].fill(Mark::Replaceable);
        let mut file = template.clone();
        file.splice(20..22, [900, 901, 902, 903]);
        file.drain(10..12);
        let marked = Template {
            words: &template,
            marks: &pack(&marks),
            first: 0,
            is_reversed: false,
        };
        let found = align(&file, marked, &[(2, 2)]).unwrap();
        assert_eq!((found.missing, found.extra, found.agree), (0, 0, 36));
        let found = align(&file, plain(&template), &[(2, 2)]).unwrap();
        assert_eq!((found.missing, found.extra, found.agree), (4, 4, 36));
    }

    #[test]
    fn a_template_in_a_larger_file_keeps_its_place() {
        let template: Vec<u32> = (1..31).collect();
        let mut file: Vec<u32> = (1000..1200).collect();
        file.extend(1..31);
        file.extend(2000..2200);
        let found = align(&file, plain(&template), &[(210, 10)]).unwrap();
        assert_eq!((found.start, found.end, found.agree), (200, 230, 30));
        assert_eq!((found.missing, found.extra), (0, 0));
    }

    #[test]
    fn what_is_lost_is_told() {
        let template: Vec<u32> = (1..101).collect();
        let file: Vec<u32> = (31..101).collect();
        let found = align(&file, plain(&template), &[(10, 40)]).unwrap();
        assert_eq!((found.lost, found.missing), (30, 30));
    }

    /// What [`resync`] finds, word by word.
    fn resync_slowly(file: &[u32], template: &[u32]) -> Option<(usize, usize)> {
        let skips = (1..=MAX_SKIP).flat_map(|total| (0..=total).map(move |skip| (skip, total)));
        let mut skips = skips.map(|(skip, total)| (skip, total - skip));
        skips.find(|(skip_file, skip_template)| {
            match (file.get(*skip_file..), template.get(*skip_template..)) {
                (Some([a, a2, ..]), Some([b, b2, ..])) => a == b && a2 == b2,
                (Some([a, ..]), Some([b, ..])) => a == b && skip_file + skip_template <= 3,
                _ => false,
            }
        })
    }

    #[test]
    fn odd_anchors_do_no_harm() {
        assert_eq!(align(&[1], plain(&[1]), &[(9, 9)]), None);
        assert_eq!(align(&[], plain(&[]), &[]), None);
        assert!(align(&[1, 2], plain(&[1, 2]), &[(1, 1), (0, 0)]).is_some());
    }

    proptest::proptest! {
        #[test]
        fn the_smallest_skip_is_found(file in proptest::collection::vec(0u32..30, 0..60), template in proptest::collection::vec(0u32..30, 0..60)) {
            proptest::prop_assert_eq!(resync(&file, &template), resync_slowly(&file, &template));
        }

        #[test]
        fn counts_add_up(file in proptest::collection::vec(0u32..9, 0..80), template in proptest::collection::vec(0u32..9, 0..80), anchors in proptest::collection::vec((0u32..80, 0u32..80), 0..9)) {
            if let Some(found) = align(&file, plain(&template), &anchors) {
                proptest::prop_assert!(found.start <= found.end && found.end <= file.len());
                let parts: usize = found.parts.iter().map(Range::len).sum();
                proptest::prop_assert_eq!(parts, found.agree);
                proptest::prop_assert!(found.parts.windows(2).all(|p| p[0].end <= p[1].start));
                proptest::prop_assert!(found.agree + found.missing <= template.len());
            }
        }
    }
}
