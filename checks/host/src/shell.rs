//! Words as a shell (sh(1)) takes them: for commands that are printed, and for scripts.

use std::borrow::Cow;

/// The word in single quotes, whatever it holds.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The word as one would type it: in quotes only where it needs them.
pub fn word(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+%=:,@".contains(&byte);
    match !word.is_empty() && word.bytes().all(plain) {
        true => Cow::Borrowed(word),
        false => Cow::Owned(quoted(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_them_is_in_quotes() {
        assert_eq!(word("/opt/a-1.2=x:y,z@%+_"), "/opt/a-1.2=x:y,z@%+_");
        assert_eq!(word(""), "''");
        assert_eq!(word("a b"), "'a b'");
        assert_eq!(word("it's"), "'it'\\''s'");
        assert_eq!(quoted("a"), "'a'");
    }
}
