//! Text that a file repeats end to end, thousands of times in a hostile one: reading two copies
//! finds what reading all of them finds.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};

/// A shorter file is read whole.
const SMALL: usize = 64 * 1024;

/// The longest text whose repetition is seen, in bytes.
const PERIOD: usize = 64 * 1024;

/// So many bytes that come again make it likely that all behind them does.
const NEEDLE: usize = 256;

/// How many places where they come again are tried.
const TRIES: usize = 4;

/// Fewer copies than this are all read.
const COPIES: usize = 5;

/// The text with all but the first copy and the last of what is repeated replaced by its line
/// ends, so that lines keep their numbers.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    if text.len() < SMALL {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut at, mut copied) = (0, 0);
    while at + NEEDLE < bytes.len() {
        let Some((period, end)) = repetition(bytes, at) else {
            at = line_after(bytes, at + PERIOD / 2);
            continue;
        };
        // It may have begun before the place where it was seen.
        let before = bytes.get(copied..at).unwrap_or_default().iter().rev();
        let again = bytes.get(..at + period).unwrap_or_default().iter().rev();
        let at_first = at - before.zip(again).take_while(|(a, b)| a == b).count();
        // A word is not torn: what is left out begins with a line where there are lines.
        let start = line_after(bytes, at_first + period - 1);
        let start = if start + period > end {
            at_first + period
        } else {
            start
        };
        let behind = start + ((end - start) / period).saturating_sub(1) * period;
        let (Some(kept), Some(left_out)) = (text.get(copied..start), bytes.get(start..behind))
        else {
            at = line_after(bytes, end);
            continue;
        };
        out.push_str(kept);
        out.extend(memchr_iter(b'\n', left_out).map(|_| '\n'));
        (at, copied) = (line_after(bytes, end), behind);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// The length of the text that is repeated from a place on, and where the repetition ends.
fn repetition(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let needle = bytes.get(at..at + NEEDLE)?;
    let reach = (at + PERIOD + NEEDLE).min(bytes.len());
    let places = memmem::find_iter(bytes.get(at + 1..reach)?, needle).take(TRIES);
    places.map(|place| place + 1).find_map(|period| {
        let end = at + period + common(bytes.get(at..)?, bytes.get(at + period..)?);
        (end - at >= period * COPIES && end - at >= SMALL / 4).then_some((period, end))
    })
}

/// How many bytes two texts begin with in common.
fn common(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 4096;
    let steps = one.chunks_exact(STEP).zip(other.chunks_exact(STEP));
    let whole = steps.take_while(|(a, b)| a == b).count() * STEP;
    let (one, other) = (one.get(whole..), other.get(whole..));
    let pairs = one
        .unwrap_or_default()
        .iter()
        .zip(other.unwrap_or_default());
    whole + pairs.take_while(|(a, b)| a == b).count()
}

/// Behind the next line end, or the end of the text.
fn line_after(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    memchr(b'\n', rest).map_or(bytes.len(), |end| at + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> String {
        (0..60).map(|n| format!("Line {n} of a text.\n")).collect()
    }

    #[test]
    fn two_copies_are_left_and_lines_keep_their_numbers() {
        let text = format!("Before.\n{}Behind.\n", block().repeat(200));
        let cut = cut(&text);
        assert!(cut.len() < text.len() / 10);
        assert_eq!(cut.lines().count(), text.lines().count());
        assert_eq!(cut.matches("Line 7 of").count(), 2);
        assert!(cut.starts_with("Before.\n") && cut.ends_with("Behind.\n"));
        for (number, line) in cut.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            assert_eq!(text.lines().nth(number), Some(line));
        }
    }

    #[test]
    fn what_is_not_repeated_stays() {
        let text: String = (0..9000)
            .map(|n| format!("Line {n} of a text.\n"))
            .collect();
        assert!(matches!(cut(&text), Cow::Borrowed(_)));
        let twice = block().repeat(4);
        assert!(matches!(cut(&twice), Cow::Borrowed(_)));
    }

    #[test]
    fn a_repetition_inside_a_line_and_one_that_begins_late_are_seen() {
        let line = "é many words without an end ".repeat(9000);
        assert!(cut(&line).len() < 2000);
        let plain: String = (0..9000)
            .map(|n| format!("Line {n} of a text.\n"))
            .collect();
        let text = format!("{plain}{}{plain}", block().repeat(400));
        let cut = cut(&text);
        assert!(cut.len() < plain.len() * 2 + 120_000, "{}", cut.len());
        assert_eq!(cut.lines().count(), text.lines().count());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(block in "(é|\n|a){1,300}", times in 1usize..2000, tail in "\\PC{0,9}") {
            let text = block.repeat(times) + &tail;
            let cut = cut(&text);
            proptest::prop_assert_eq!(cut.lines().count(), text.lines().count());
        }
    }
}
