//! Marks around words: tags and entities of HTML, and words broken at the end of a line.

/// A word broken by a hyphen at the end of a line goes on behind the next line's comment mark.
pub(super) fn hyphenated(text: &str, from: usize) -> Option<(usize, u32)> {
    let rest = text.get(from..)?;
    let mut newlines = 0;
    for (offset, c) in rest.char_indices().take(40) {
        match c {
            '\n' if newlines == 0 => newlines = 1,
            '\n' => return None,
            c if c.is_ascii_lowercase() => return (newlines == 1).then_some((from + offset, 1)),
            c if c.is_alphanumeric() => return None,
            _ => {}
        }
    }
    None
}

/// Elements of HTML whose marks are no words. Placeholders such as `<year>` are kept.
const ELEMENTS: &[&str] = &[
    "a",
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "html",
    "i",
    "img",
    "li",
    "link",
    "meta",
    "ol",
    "p",
    "para",
    "pre",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "title",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
];

/// Where reading goes on behind a `<`: behind the tag, or behind the mark itself.
pub(super) fn skip_tag(bytes: &[u8], at: usize) -> usize {
    let window = bytes
        .get(at..(at + 300).min(bytes.len()))
        .unwrap_or_default();
    let Some(close) = memchr::memchr(b'>', window) else {
        return at + 1;
    };
    let inner = window.get(1..close).unwrap_or_default();
    if inner.contains(&b'\n') {
        return at + 1;
    }
    let name = inner.strip_prefix(b"/").unwrap_or(inner);
    let end = name
        .iter()
        .position(|b| !b.is_ascii_alphanumeric())
        .unwrap_or(name.len());
    let name = name.get(..end).unwrap_or_default().to_ascii_lowercase();
    let known = std::str::from_utf8(&name).is_ok_and(|name| ELEMENTS.binary_search(&name).is_ok());
    if known { at + close + 1 } else { at + 1 }
}

/// Where reading goes on behind a `&`: behind the entity, or behind the mark itself.
pub(super) fn skip_entity(bytes: &[u8], at: usize) -> usize {
    let window = bytes
        .get(at + 1..(at + 9).min(bytes.len()))
        .unwrap_or_default();
    match memchr::memchr(b';', window) {
        Some(end)
            if end > 1
                && window
                    .iter()
                    .take(end)
                    .all(|b| b.is_ascii_alphanumeric() || *b == b'#') =>
        {
            at + end + 2
        }
        _ => at + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_skipped_and_placeholders_are_not() {
        assert!(ELEMENTS.is_sorted());
        assert_eq!(skip_tag(b"<p class=x>one", 0), 11);
        assert_eq!(skip_tag(b"</div>", 0), 6);
        assert_eq!(skip_tag(b"<year>", 0), 1);
        assert_eq!(skip_tag(b"<p", 0), 1);
        assert_eq!(skip_entity(b"&nbsp;x", 0), 6);
        assert_eq!(skip_entity(b"& more;", 0), 1);
    }
}
