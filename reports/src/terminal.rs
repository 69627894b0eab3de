//! What a terminal is given: hostile characters made visible, columns, lines that fit.
//!
//! Names and paths come out of images that anyone may have made. A control character in one
//! of them could move the cursor, set the title or hide a line, so none reaches a terminal.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use comfy_table::{ContentArrangement, Table, presets};

/// The text with each character that would not show as itself written as an escape.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default())
        } else {
            shown.push(c)
        }
    }
    Cow::Owned(shown)
}

/// Control characters, and those that turn the direction of writing or take no room.
fn is_hidden(c: char) -> bool {
    let reorders = matches!(
        c,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
    );
    c.is_control() || reorders || c == '\u{feff}'
}

/// At most so many characters; the last is an ellipsis where some are left out.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().nth(most).is_none() {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    Cow::Owned(kept + "…")
}

/// At most so many characters: an ellipsis stands for the middle where it is left out, as names differ at
/// their ends.
pub fn without_middle(text: &str, most: usize) -> Cow<'_, str> {
    let count = text.chars().count();
    if count <= most {
        return Cow::Borrowed(text);
    }
    let kept = most.saturating_sub(1);
    let begin = text.chars().take(kept / 2);
    let end = text.chars().skip(count - (kept - kept / 2));
    Cow::Owned(begin.chain(['…']).chain(end).collect())
}

/// At most so many characters, as [`shortened`], and no word in part, unless one alone is longer.
pub fn in_words(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().nth(most).is_none() {
        return Cow::Borrowed(text);
    }
    let cut = shortened(text, most.saturating_sub(1));
    match cut.rsplit_once(' ') {
        Some((words, _)) => Cow::Owned(format!("{} …", words.trim_end())),
        None => cut,
    }
}

/// A table without lines, as wide as it needs to be and not wider than `width`.
pub fn columns<const N: usize>(width: u16, header: Option<[&str; N]>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    if let Some(header) = header {
        table.set_header(header.to_vec());
    }
    table
}

/// The lines of a table, each moved in by `indent` and without blanks at its end.
pub fn lines(table: &mut Table, indent: usize) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().fold(String::new(), |mut text, line| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:indent$}{}", "", line.trim_end());
        text
    })
}

/// The text in lines of at most `width` columns: the first begins with `first`, the others
/// are moved in as far.
pub fn filled(first: &str, text: &str, width: u16) -> String {
    let indent = first.chars().count();
    let room = usize::from(width).saturating_sub(indent).max(20);
    let mut lines: Vec<String> = vec![String::new()];
    for word in visible(text).split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        match lines.last_mut() {
            Some(line) if last == 0 || last + 1 + word.chars().count() <= room => {
                if last > 0 {
                    line.push(' ');
                }
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
        .iter()
        .enumerate()
        .fold(String::new(), |mut text, (place, line)| {
            let margin = if place == 0 { first } else { "" };
            let _ = writeln!(text, "{}", format!("{margin:indent$}{line}").trim_end());
            text
        })
}

/// What to do, as [`filled`] has it; a line that holds a command is left whole, so that it can be
/// copied.
pub fn advised(first: &str, text: &str, width: u16) -> String {
    const OF_THE_SHELL: [&str; 5] = [" > ", " >> ", " && ", "'", " | "];
    if OF_THE_SHELL.iter().any(|sign| text.contains(sign)) {
        format!("{first}{}\n", visible(text))
    } else {
        filled(first, text, width)
    }
}

/// The names, the first `most` of them, and how many more there are.
pub fn some<'a>(names: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let count = names.len();
    let shown: Vec<Cow<'_, str>> = names.take(most).map(visible).collect();
    match count.saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `count` and the noun, with an s where it is not one.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let end = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{end}")
}

/// Bytes in a unit that leaves few digits.
pub fn in_units(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// How many more there are than are shown; nothing where that is all.
pub fn left_out(count: usize, shown: usize, noun: &str) -> String {
    match count.saturating_sub(shown) {
        0 => String::new(),
        more => format!(
            "  and {} (-v lists all)\n",
            counted(more, &format!("more {noun}"))
        ),
    }
}

/// A heading, a blank line before it.
pub fn heading(text: &str, color: bool) -> String {
    format!("\n{}\n", styled(text, Style::Bold, color))
}

/// How a word stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A heading.
    Bold,
    /// It works.
    Good,
    /// It works in part, or is not known.
    Doubtful,
    /// It does not work.
    Bad,
}

/// The text in a style; plain where there is no colour.
pub fn styled(text: &str, style: Style, color: bool) -> String {
    let code = match style {
        Style::Bold => "1",
        Style::Good => "32",
        Style::Doubtful => "33",
        Style::Bad => "31",
    };
    if color {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_is_shown_as_it_is() {
        assert_eq!(
            visible("a\u{1b}[2Jb\u{9b}\rc\u{202e}d\n"),
            "a\\u{1b}[2Jb\\u{9b}\\rc\\u{202e}d\\n"
        );
        assert!(matches!(visible("plain ünïcode"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_are_filled_and_moved_in() {
        assert_eq!(
            filled("fix  ", "one two three four five", 27),
            "fix  one two three four\n     five\n"
        );
        assert_eq!(filled("- ", "", 80), "-\n");
    }

    #[test]
    fn a_command_stays_on_one_line() {
        let text = "printf '[x]' > file";
        assert_eq!(advised("fix  ", text, 20), format!("fix  {text}\n"));
        assert_eq!(
            advised("fix  ", "one two three four five", 27),
            filled("fix  ", "one two three four five", 27)
        );
    }

    #[test]
    fn a_word_that_is_too_long_stays_whole() {
        assert_eq!(
            filled("", &"x".repeat(50), 20),
            format!("{}\n", "x".repeat(50))
        );
    }

    #[test]
    fn long_lists_and_texts_are_cut() {
        assert_eq!(some(["a", "b", "c"].into_iter(), 2), "a, b and 1 more");
        assert_eq!(some(["a"].into_iter(), 2), "a");
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abcd", 4), "abcd");
        assert_eq!(without_middle("ab-cd-ef", 6), "ab…-ef");
        assert_eq!(without_middle("abcdef", 6), "abcdef");
        assert_eq!(in_words("one two three", 10), "one two …");
        assert_eq!(in_words("one two", 7), "one two");
        assert_eq!(in_words("abcdefgh", 6), "abcd…");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            [in_units(0), in_units(1023), in_units(1536)],
            ["0 B", "1023 B", "1.5 KiB"]
        );
    }
}
