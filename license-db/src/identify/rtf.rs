//! The words of a Rich Text Format document, as vendors' agreements often are one.
//!
//! Control words, groups that are not shown and escapes are those of the "Rich Text Format (RTF)
//! Specification", version 1.9.1; what stands on a line stays on it.

use super::decode::windows_1252;

/// Groups whose text is not shown; so is every group that begins with `\*`.
const HIDDEN: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "listtable",
];

/// The deepest nesting that is kept account of; hidden text within is told by the outermost.
const MAX_DEPTH: usize = 256;

/// Whether a text is such a document.
pub(super) fn is_rtf(text: &str) -> bool {
    text.starts_with("{\\rtf")
}

/// The text that is shown.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() / 2);
    let mut rest = text;
    // The depth at which what is hidden began.
    let (mut depth, mut hidden) = (0usize, MAX_DEPTH + 1);
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '{' => depth = (depth + 1).min(MAX_DEPTH),
            '}' => {
                depth = depth.saturating_sub(1);
                if depth < hidden {
                    hidden = MAX_DEPTH + 1;
                }
            }
            '\\' => {
                let (control, after) = control(rest);
                rest = after;
                match control {
                    Control::Hide => hidden = hidden.min(depth),
                    Control::Show(shown) if depth < hidden => out.push(shown),
                    Control::Show(_) | Control::None => {}
                }
            }
            '\n' => out.push('\n'),
            _ if depth < hidden => out.push(c),
            _ => {}
        }
    }
    out
}

enum Control {
    /// The group is not shown.
    Hide,
    Show(char),
    None,
}

/// What stands behind a backslash, and the rest.
fn control(rest: &str) -> (Control, &str) {
    let len = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, after) = rest.split_at(len);
    if word.is_empty() {
        return symbol(rest);
    }
    let number = after
        .bytes()
        .enumerate()
        .take_while(|(at, b)| b.is_ascii_digit() || (*at == 0 && *b == b'-'))
        .count();
    let (number, after) = after.split_at(number);
    let after = after.strip_prefix(' ').unwrap_or(after);
    let control = match word {
        "par" | "line" | "row" if !after.starts_with(['\r', '\n']) => Control::Show('\n'),
        "tab" | "cell" => Control::Show(' '),
        "lquote" | "rquote" => Control::Show('\''),
        "ldblquote" | "rdblquote" => Control::Show('"'),
        "endash" | "emdash" => Control::Show('-'),
        "u" => {
            // Behind it stands what a reader without Unicode shows.
            let after = match after.strip_prefix("\\'") {
                Some(hex) => hex.get(2..).unwrap_or_default(),
                None => after.strip_prefix('?').unwrap_or(after),
            };
            let code = number.parse::<i32>().ok();
            let code = code.map(|n| if n < 0 { n + 0x1_0000 } else { n });
            let shown = code.and_then(|n| char::from_u32(u32::try_from(n).ok()?));
            return (Control::Show(shown.unwrap_or(' ')), after);
        }
        _ if HIDDEN.contains(&word) => Control::Hide,
        _ => Control::None,
    };
    (control, after)
}

/// A control of one character: an escape, a byte in hexadecimal, or a mark.
fn symbol(rest: &str) -> (Control, &str) {
    let Some(c) = rest.chars().next() else {
        return (Control::None, rest);
    };
    let after = rest.get(c.len_utf8()..).unwrap_or_default();
    match c {
        '\'' => {
            let byte = after
                .get(..2)
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            let after = after.get(2..).unwrap_or_default();
            (Control::Show(byte.map_or(' ', windows_1252)), after)
        }
        '*' => (Control::Hide, after),
        '{' | '}' | '\\' => (Control::Show(c), after),
        '~' => (Control::Show(' '), after),
        '_' => (Control::Show('-'), after),
        '\r' | '\n' => (Control::Show('\n'), after),
        _ => (Control::None, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_and_marks_are_not() {
        for (text, expected) in [
            ("{\\rtf1\\ansi Plain words\\par\nnext}", "Plain words\nnext"),
            ("{\\rtf1 one\\par two\\line three}", "one\ntwo\nthree"),
            ("{\\rtf1{\\fonttbl{\\f0 Calibri;}}\\f0 here}", "here"),
            (
                "{\\rtf1{\\*\\generator Word {x};}{\\b bold} text}",
                "bold text",
            ),
            (
                "{\\rtf1 \\ldblquote AS IS\\rdblquote  caf\\'e9}",
                "\"AS IS\" caf\u{e9}",
            ),
            (
                "{\\rtf1 it\\u8217\\'92s \\u-3913?x}",
                "it\u{2019}s \u{f0b7}x",
            ),
            ("{\\rtf1 a\\{b\\}\\\\c\\~d}", "a{b}\\c d"),
        ] {
            assert!(is_rtf(text));
            assert_eq!(shown(text), expected, "{text}");
        }
        assert!(!is_rtf("a {\\rtf1 inside}"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(\\{|\\}|\\\\|'|u|par|fonttbl|\\*|-|9|e|\u{e9}|\n| ){0,40}") {
            shown(&text);
        }
    }
}
