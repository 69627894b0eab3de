//! Runs of words as numbers, by a reading of its own.
//!
//! The samples in `data/vendor.toml` were made from texts that are not here, so the reading must
//! never change: words are runs of two ASCII letters or more, in lower case, and numbers of four
//! digits; everything else parts them. So encodings, quotes, marks and numbering do not count.

/// The words in a run.
pub(super) const RUN: usize = 6;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// A run of words and where it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) hash: u32,
    /// The line of its last word, from 1.
    pub(super) line: u32,
    /// Which word of the text it ends with.
    pub(super) at: usize,
}

/// The runs of a text, in its order.
pub(super) fn runs(text: &str, first_line: u32) -> impl Iterator<Item = Run> {
    let oldest = (0..RUN).fold(1u64, |power, _| power.wrapping_mul(FACTOR));
    let mut last = [0u64; RUN];
    let (mut hash, mut words) = (0u64, 0usize);
    Tokens {
        bytes: text.as_bytes(),
        at: 0,
        line: first_line,
    }
    .filter_map(move |(word, line)| {
        let slot = last.get_mut(words % RUN)?;
        hash = hash
            .wrapping_mul(FACTOR)
            .wrapping_add(word)
            .wrapping_sub(oldest.wrapping_mul(*slot));
        *slot = word;
        words += 1;
        (words >= RUN).then(|| Run {
            hash: finish(hash),
            line,
            at: words,
        })
    })
}

fn finish(hash: u64) -> u32 {
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    u32::try_from(mixed >> 32).unwrap_or(0)
}

struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl Iterator for Tokens<'_> {
    /// The number of a word, and its line.
    type Item = (u64, u32);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            let first = rest.first()?;
            let same: fn(&u8) -> bool = match first {
                b'a'..=b'z' | b'A'..=b'Z' => u8::is_ascii_alphabetic,
                b'0'..=b'9' => u8::is_ascii_digit,
                other => {
                    self.line = self.line.saturating_add(u32::from(*other == b'\n'));
                    self.at += 1;
                    continue;
                }
            };
            let len = rest.iter().take_while(|byte| same(byte)).count();
            let word = rest.get(..len)?;
            self.at += len;
            if len > 1 && (first.is_ascii_alphabetic() || len == 4) {
                let hash = word.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
                    (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
                });
                return Some((hash, self.line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reading_never_changes() {
        let text =
            "You may NOT re-distribute the Software\n1.2(a) \u{201c}as is\u{201d}, since 2021.";
        let runs: Vec<(u32, u32)> = runs(text, 1).map(|run| (run.hash, run.line)).collect();
        let first: Vec<u32> = runs.iter().map(|(hash, _)| *hash).collect();
        assert_eq!(runs.len(), 6);
        assert_eq!(runs[0].1, 1);
        assert_eq!(runs[5].1, 2);
        // Another number here makes every sample of data/vendor.toml void.
        assert_eq!(first[..2], [PINNED[0], PINNED[1]]);
    }

    const PINNED: [u32; 2] = [4_035_600_756, 1_807_627_447];

    #[test]
    fn a_run_does_not_depend_on_what_stands_before() {
        let hash = |text: &str| runs(text, 1).last().unwrap().hash;
        let run = "one two three four five six";
        assert_eq!(hash(run), hash(&format!("zero seven {run}")));
        assert_eq!(
            hash(run),
            hash("ONE, two; (three) \u{ab}four\u{bb} 5 five - six.")
        );
        assert_ne!(hash(run), hash("two one three four five six"));
    }
}
