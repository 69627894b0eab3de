//! A line without the marks of the comment that it stands in.

/// What is read of a line, in bytes: no statement is longer.
const MAX_LINE: usize = 600;

/// A line of a text.
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// Takes the comment marks off both ends.
    pub(super) fn of(raw: &'a str) -> Self {
        let mut end = raw.len().min(MAX_LINE);
        while !raw.is_char_boundary(end) {
            end -= 1;
        }
        let mut text = raw.get(..end).unwrap_or_default().trim();
        for mark in ["dnl ", "rem ", "REM ", "@REM ", "@c ", "\\\""] {
            text = text.strip_prefix(mark).unwrap_or(text);
        }
        let text = text.trim_start_matches(|c: char| {
            c.is_whitespace() || "/*#;%!\"'`|<-.=_+$>~^\u{2022}\\".contains(c)
        });
        let text =
            text.trim_end_matches(|c: char| c.is_whitespace() || "/*#;%|\"'`=_+$~^\\".contains(c));
        let text = text.strip_suffix("--").unwrap_or(text);
        let text = text.strip_suffix("-->").unwrap_or(text);
        Self { text: text.trim() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_marks_are_no_text() {
        for raw in [
            "// one two",
            " * one two */",
            "<!-- one two -->",
            "# one two #",
            "dnl one two",
            ".\\\" one two",
            ";;; one two",
            "REM one two",
        ] {
            assert_eq!(Line::of(raw).text, "one two", "{raw}");
        }
        assert_eq!(Line::of(&"\u{e9}".repeat(1000)).text.len(), MAX_LINE);
    }
}
