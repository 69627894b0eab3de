//! One word of a text: letters and digits, what joins them, and where the word ends.

use super::super::markup::hyphenated;
use super::Words;
use super::short::is_short;

impl Words {
    /// Takes the word that begins at `at`; answers where it ends.
    pub(super) fn take(&mut self, text: &str, at: usize, line: &mut u32) -> usize {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let len = rest
            .iter()
            .position(|b| !b.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        // Most words are plain; what can go on behind these marks is read with care.
        if matches!(rest.get(len), Some(b'-' | b'\'' | b'.' | b'+' | 128..)) || len == 0 {
            return self.take_any(text, at, line);
        }
        let start = self.text.len();
        self.text
            .push_str(text.get(at..at + len).unwrap_or_default());
        if let Some(word) = self.text.get_mut(start..) {
            word.make_ascii_lowercase();
        }
        self.push(start, *line);
        at + len
    }

    /// Takes a word with marks or letters beyond ASCII in it.
    fn take_any(&mut self, text: &str, at: usize, line: &mut u32) -> usize {
        let start = self.text.len();
        let first_line = *line;
        let mut rest = text.get(at..).unwrap_or_default().char_indices().peekable();
        let mut end = at;
        let mut last = ' ';
        while let Some((offset, c)) = rest.next() {
            let next = rest.peek().map_or(' ', |(_, c)| *c);
            if c.is_ascii_alphanumeric() {
                self.text.push(c.to_ascii_lowercase());
            } else if c == '\u{a9}' {
                if self.text.len() > start {
                    break;
                }
                self.text.push('c');
                end = at + offset + c.len_utf8();
                break;
            } else if c.is_alphanumeric() {
                if is_ideograph(c) && self.text.len() > start {
                    break;
                }
                self.text.extend(c.to_lowercase());
                if is_ideograph(c) {
                    end = at + offset + c.len_utf8();
                    break;
                }
            } else if c == '-' && last.is_alphabetic() && next.is_alphabetic() {
                // "MIT-licensed" are two words.
                let name = self.text.get(start..).is_some_and(is_short);
                if name && is_licensed(text.get(at + offset + 1..).unwrap_or_default()) {
                    break;
                }
                last = c;
                continue;
            } else if c == '-' && last.is_ascii_alphabetic() && matches!(next, '\n' | '\r') {
                let Some((skip, lines)) = hyphenated(text, at + offset + 1) else {
                    break;
                };
                *line = line.saturating_add(lines);
                while rest.peek().is_some_and(|(o, _)| at + o < skip) {
                    rest.next();
                }
                last = 'a';
                continue;
            } else if matches!(c, '\'' | '\u{2019}') && last.is_alphabetic() && next.is_alphabetic()
            {
                continue;
            } else if c == '.' && last.is_ascii_digit() && next.is_ascii_digit() {
                self.text.push('.');
            } else if c == '+' && last != ' ' {
                self.text.push('+');
                end = at + offset + 1;
                break;
            } else {
                break;
            }
            last = c;
            end = at + offset + c.len_utf8();
        }
        self.push(start, first_line);
        end.max(at + 1)
    }
}

/// Whether a text goes on with "licensed".
fn is_licensed(rest: &str) -> bool {
    let word = rest.get(.."licensed".len()).unwrap_or_default();
    ["licensed", "licenced"]
        .iter()
        .any(|licensed| word.eq_ignore_ascii_case(licensed))
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}
