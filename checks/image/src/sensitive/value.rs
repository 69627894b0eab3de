//! What a value looks like: a secret, or something that stands in place of one.

/// The bits of information a byte, by the frequencies of the bytes (Shannon).
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let all = bytes.len() as f64;
    let part = |count: &u32| {
        let share = f64::from(*count) / all;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(part).sum()
}

/// Words that show that a value is none, in lower case.
const STAND_INS: [&str; 34] = [
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "redacted",
    "dummy",
    "sample",
    "your",
    "xxxx",
    "....",
    "****",
    "0000000",
    "1234567",
    "abcdefg",
    "deadbeef",
    "insert",
    "secret_here",
    "todo",
    "fixme",
    "<",
    "${",
    "$(",
    "{{",
    "%(",
    "%s",
    "%{",
    "{}",
    "...",
    "mypass",
    "my-pass",
    "my_pass",
    "not-a-real",
    "notreal",
];

/// Values that are written where there is none.
const NOTHINGS: [&str; 26] = [
    "",
    "none",
    "null",
    "nil",
    "false",
    "true",
    "yes",
    "no",
    "password",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "test",
    "testing",
    "user",
    "username",
    "login",
    "foo",
    "bar",
    "auth",
    "ask",
    "prompt",
    "undefined",
];

/// Whether a value stands in place of a secret: a word such as `changeme`, a variable, one
/// character all over.
pub(super) fn is_stand_in(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'', ' ', '\t', '\r', ';', ',']);
    let lower = value.to_ascii_lowercase();
    let first = value.bytes().next().unwrap_or(0);
    NOTHINGS.contains(&&*lower)
        || STAND_INS.iter().any(|word| lower.contains(word))
        || value.starts_with('$')
        || value.bytes().all(|byte| byte == first)
}

/// Whether a value may be a password that somebody uses: not a stand-in, and one word.
pub(super) fn is_password(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    let has_odd = |one: char| one.is_whitespace() || one.is_control();
    (4..=512).contains(&value.len()) && !value.contains(has_odd) && !is_stand_in(value)
}

/// Whether a password is a word that documents use in place of one, or a number.
pub(super) fn is_plain_word(password: &str) -> bool {
    let lower = password.to_ascii_lowercase();
    [
        "password", "passwd", "secret", "pass", "pwd", "token", "port", "pw",
    ]
    .iter()
    .any(|word| lower.starts_with(word) && lower.len() <= word.len() + 2)
        || lower.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a value is as random as a key is: long, and of letters and digits.
pub(super) fn is_random(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    let has = |kind: fn(&u8) -> bool| value.bytes().any(|byte| kind(&byte));
    let is_long = (16..=4096).contains(&value.len());
    is_long
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !value.contains(char::is_whitespace)
        && !is_stand_in(value)
        && entropy(value.as_bytes()) > 3.0
}

/// The bytes at `from` that `is` holds for, as text; at most `most` of them.
pub(super) fn run(bytes: &[u8], from: usize, most: usize, is: fn(u8) -> bool) -> &str {
    let rest = bytes.get(from..).unwrap_or(&[]);
    let rest = &rest[..rest.len().min(most)];
    let end = rest.iter().position(|byte| !is(*byte));
    std::str::from_utf8(&rest[..end.unwrap_or(rest.len())]).unwrap_or("")
}

/// Whether a byte is of a word: a letter, a digit, `_` or `-`.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Whether the word at `at` begins there: what is before is no part of it.
pub(super) fn begins_word(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| bytes.get(before))
        .is_none_or(|before| !before.is_ascii_alphanumeric() && *before != b'_')
}

/// The name and value of a line such as `name = value` or `name: value`, without quotes and what
/// follows as a comment.
pub(super) fn pair(line: &str, between: char) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(between)?;
    let name = name.trim().trim_matches(['"', '\'']);
    let value = value.trim();
    let quoted = value.strip_prefix(['"', '\'']).and_then(|rest| {
        let quote = value.chars().next()?;
        rest.split_once(quote).map(|(value, _)| value)
    });
    let value = quoted.unwrap_or_else(|| value.split(" #").next().unwrap_or(value).trim());
    (!name.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_values_are_told_from_words() {
        assert!(entropy(b"aaaa") < 0.1);
        assert!(entropy(b"abcdefgh") > 2.9);
        for value in ["dX9kQ2mZ7vB4nR1sT6wY", "'c3f1a9e07b5d4826af10c9d2e8b7f653'"] {
            assert!(is_random(value), "{value}");
        }
        for value in [
            "short1",
            "onlylettersinthisone",
            "AKIAIOSFODNN7EXAMPLE",
            "${GITHUB_TOKEN_1234567890}",
            "aaaaaaaaaaaaaaaaaaaa1",
        ] {
            assert!(!is_random(value), "{value}");
        }
    }

    #[test]
    fn passwords_are_told_from_stand_ins() {
        for value in ["hunter2", "S3cr!tPw", "\"correct-horse\""] {
            assert!(is_password(value), "{value}");
        }
        for value in [
            "",
            "changeme",
            "<password>",
            "$PASSWORD",
            "****",
            "password",
            "two words",
            "None",
        ] {
            assert!(!is_password(value), "{value}");
        }
    }

    #[test]
    fn pairs() {
        assert_eq!(pair("a = 'b c' # d", '='), Some(("a", "b c")));
        assert_eq!(pair("\"key\": value # no", ':'), Some(("key", "value")));
        assert_eq!(pair("no", '='), None);
    }
}
