//! From single shingles that a file shares with a template to places where the template may
//! stand.
//!
//! Hits that lie equally far apart in both are one segment; segments that rise on both sides are
//! joined to the chain that explains the most hits for the least shifting. What is left over may
//! hold another copy of the template.

/// The most words by which the hits of one segment shift.
const SHIFT: i64 = 12;

/// The most words from one hit of a segment to the next.
const NEXT: u32 = 160;

/// How many segments back the one that a hit continues, or that a segment follows, is looked for.
const BACK: usize = 48;

/// A word of shifting between two segments costs this part of a hit.
const SHIFT_COST: f64 = 1.0 / 24.0;

/// A word of distance between two segments costs this part of a hit.
const GAP_COST: f64 = 1.0 / 240.0;

/// The most segments of one template; a file with more repeats itself.
const MAX_SEGMENTS: usize = 512;

/// The most chains of one template.
const MAX_CHAINS: usize = 64;

/// Words of the file and of the template where a shingle of both begins.
pub(super) type Anchor = (u32, u32);

/// Hits that lie equally far apart in both.
struct Segment {
    first: Anchor,
    last: Anchor,
    /// How many hits it has.
    count: usize,
    /// How far the file's words are ahead of the template's.
    ahead: i64,
    used: bool,
    /// Its number among all, in the order in which they began.
    number: usize,
}

impl Segment {
    fn weight(&self) -> f64 {
        f64::from(u32::try_from(self.count).unwrap_or(u32::MAX))
    }
}

/// The chains of at least so many hits among those of one template of `len` words, which are in
/// the file's order.
pub(super) fn chains(
    hits: impl Iterator<Item = Anchor> + Clone,
    len: usize,
    least: usize,
) -> Vec<Vec<Anchor>> {
    let (mut segments, numbers) = segments(hits.clone());
    let anchors = Anchors::new(hits, &numbers, &segments);
    segments.sort_by_key(|segment| segment.first);
    // What was hit by chance weighs little: enough only where there is nothing else.
    let most = segments.iter().map(|segment| segment.count).max();
    let most = most.unwrap_or(0);
    if most > 4 {
        segments.retain(|segment| segment.count > 1 + most / 24);
    }
    if segments.len() > MAX_SEGMENTS {
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.count));
        segments.truncate(MAX_SEGMENTS);
        segments.sort_by_key(|segment| segment.first);
    }
    let reach = i64::try_from(len / 2 + 60).unwrap_or(i64::MAX);
    let mut out = Vec::new();
    let mut best = Best::new(&segments, reach);
    while out.len() < MAX_CHAINS {
        let chain = best.take(&mut segments, &anchors);
        if chain.len() < least.max(2) {
            return out;
        }
        out.push(chain);
    }
    out
}

fn ahead((file, template): Anchor) -> i64 {
    i64::from(file) - i64::from(template)
}

/// The hits of each segment, one segment after the other.
struct Anchors {
    hits: Vec<Anchor>,
    /// Where those of each segment begin, by its number.
    starts: Vec<usize>,
}

impl Anchors {
    /// Sorts the hits by the numbers of their segments, which stand in the order of these.
    fn new(hits: impl Iterator<Item = Anchor>, numbers: &[usize], segments: &[Segment]) -> Self {
        let mut starts = Vec::with_capacity(segments.len());
        let mut total = 0;
        for segment in segments {
            starts.push(total);
            total += segment.count;
        }
        let mut next = starts.clone();
        let mut sorted = vec![Anchor::default(); total];
        for (hit, number) in hits.zip(numbers) {
            if let Some(place) = next.get_mut(*number) {
                sorted[*place] = hit;
                *place += 1;
            }
        }
        Self {
            hits: sorted,
            starts,
        }
    }

    fn of(&self, segment: &Segment) -> &[Anchor] {
        let start = self.starts.get(segment.number).copied().unwrap_or(0);
        let hits = self.hits.get(start..start + segment.count);
        hits.unwrap_or_default()
    }
}

/// The end of a segment that may go on.
struct Recent {
    number: usize,
    last: Anchor,
    ahead: i64,
}

/// The segments in the order in which they began, and the number of the segment of each hit.
fn segments(hits: impl Iterator<Item = Anchor>) -> (Vec<Segment>, Vec<usize>) {
    let mut out: Vec<Segment> = Vec::new();
    let mut numbers = Vec::new();
    // The segments, the one that grew last behind the others.
    let mut recent: Vec<Recent> = Vec::new();
    for hit in hits {
        let from = recent.len().saturating_sub(BACK);
        let known = recent.get(from..).unwrap_or_default();
        let near = known.iter().enumerate().rev();
        // Those before one that ended too early ended earlier still.
        let mut near = near.take_while(|(_, segment)| hit.0.saturating_sub(segment.last.0) <= NEXT);
        let place = near.find_map(|(place, segment)| {
            let goes_on = (ahead(hit) - segment.ahead).abs() <= SHIFT
                && hit.0 > segment.last.0
                && hit.1 > segment.last.1;
            goes_on.then_some(place)
        });
        let number = place.map_or(out.len(), |place| recent.remove(from + place).number);
        recent.push(Recent {
            number,
            last: hit,
            ahead: ahead(hit),
        });
        numbers.push(number);
        match out.get_mut(number) {
            Some(segment) => {
                segment.last = hit;
                segment.count += 1;
                segment.ahead = ahead(hit);
            }
            None => out.push(Segment {
                first: hit,
                last: hit,
                count: 1,
                ahead: ahead(hit),
                used: false,
                number,
            }),
        }
    }
    (out, numbers)
}

/// For each segment the weight of the heaviest chain that ends with it, and the segment before it
/// in that chain.
struct Best {
    chains: Vec<(f64, Option<usize>)>,
    reach: i64,
}

impl Best {
    fn new(segments: &[Segment], reach: i64) -> Self {
        let mut best = Self {
            chains: vec![(0.0, None); segments.len()],
            reach,
        };
        best.weigh(segments, 0, segments.len());
        best
    }

    /// Weighs the segments from one place on: all up to `to`, and those behind that change.
    fn weigh(&mut self, segments: &[Segment], from: usize, to: usize) {
        let mut changed = to;
        for (number, segment) in segments.iter().enumerate().skip(from) {
            if number > changed + BACK {
                return;
            }
            let weight = self.ending_with(segments, number, segment);
            if let Some(known) = self.chains.get_mut(number)
                && *known != weight
            {
                *known = weight;
                changed = changed.max(number);
            }
        }
    }

    fn ending_with(
        &self,
        segments: &[Segment],
        number: usize,
        segment: &Segment,
    ) -> (f64, Option<usize>) {
        if segment.used {
            return (0.0, None);
        }
        let from = number.saturating_sub(BACK);
        let before = segments.iter().zip(&self.chains).enumerate();
        let before = before.take(number).skip(from);
        let before = before.filter_map(|(at, (before, (weight, _)))| {
            let cost = cost(before, segment, self.reach)?;
            Some((weight - cost, at)).filter(|(gain, _)| !before.used && *gain > 0.0)
        });
        let before = before.max_by(|a, b| a.0.total_cmp(&b.0));
        let gain = before.map_or(0.0, |(gain, _)| gain);
        (segment.weight() + gain, before.map(|(_, at)| at))
    }

    /// Takes the chain of the most hits out of the segments.
    fn take(&mut self, segments: &mut [Segment], anchors: &Anchors) -> Vec<Anchor> {
        let last = self.chains.iter().enumerate();
        let last = last.max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0));
        let last = last.map(|(at, _)| at);
        let (mut at, mut first) = (last, 0);
        let mut chain = Vec::new();
        while let Some(here) = at
            && let Some(segment) = segments.get_mut(here).filter(|segment| !segment.used)
        {
            segment.used = true;
            first = here;
            chain.extend(anchors.of(segment).iter().rev());
            at = self.chains.get(here).and_then(|(_, before)| *before);
        }
        chain.reverse();
        self.weigh(segments, first, last.unwrap_or(0));
        chain
    }
}

/// What it costs that one segment follows another; none where it cannot.
fn cost(before: &Segment, after: &Segment, reach: i64) -> Option<f64> {
    let (end, start) = (before.last, after.first);
    let gap = i64::from(start.0) - i64::from(end.0);
    let shift = (after.ahead - before.ahead).abs();
    let follows = start.0 > end.0 && start.1 > end.1 && gap <= reach && shift <= reach;
    let as_f64 = |n: i64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    follows.then(|| as_f64(shift) * SHIFT_COST + as_f64(gap) * GAP_COST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(file: u32, template: u32, len: u32) -> impl Iterator<Item = Anchor> {
        (0..len).map(move |n| (file + n, template + n))
    }

    #[test]
    fn a_copy_with_gaps_is_one_chain() {
        let hits: Vec<Anchor> = run(100, 0, 20)
            .chain(run(140, 30, 20))
            .chain(run(161, 52, 9))
            .collect();
        let found = chains(hits.iter().copied(), 80, 2);
        assert_eq!(found, [hits]);
    }

    #[test]
    fn two_copies_are_two_chains() {
        let hits: Vec<Anchor> = run(100, 0, 50).chain(run(200, 0, 50)).collect();
        let found = chains(hits.into_iter(), 50, 2);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|chain| chain.len() == 50));
    }

    #[test]
    fn hits_by_chance_are_left_out() {
        let mut hits: Vec<Anchor> = vec![(5, 700), (60, 300), (61, 301)];
        hits.extend(run(1000, 0, 400));
        let found = chains(hits.into_iter(), 800, 2);
        assert_eq!(found[0].first(), Some(&(1000, 0)));
        assert_eq!(found[0].len(), 400);
    }

    proptest::proptest! {
        #[test]
        fn chains_rise(hits in proptest::collection::vec((0u32..300, 0u32..300), 0..200)) {
            let mut hits = hits;
            hits.sort_unstable();
            for chain in chains(hits.into_iter(), 300, 2) {
                proptest::prop_assert!(chain.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
            }
        }
    }
}
