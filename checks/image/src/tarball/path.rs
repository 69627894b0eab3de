//! Paths as they stand in an archive, brought into one form.

use std::borrow::Cow;

use crate::Limits;

/// Why a path is not taken into the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathFault {
    /// It climbs with `..`.
    #[error("the path climbs out with \"..\"")]
    Climbs,
    /// It is longer than the limit.
    #[error("the path is longer than the limit")]
    TooLong,
    /// It has more names than the limit.
    #[error("the path is deeper than the limit")]
    TooDeep,
}

/// Writes `raw` to `out` as names joined by `/`, without a slash at either end; the root is empty.
///
/// Bytes that are not UTF-8 are written as `\xNN`, so that different names stay different.
pub(crate) fn normalise(raw: &[u8], limits: &Limits, out: &mut String) -> Result<(), PathFault> {
    out.clear();
    if raw.len() > limits.path_bytes {
        return Err(PathFault::TooLong);
    }
    let mut depth = 0;
    for name in raw.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => continue,
            b".." => return Err(PathFault::Climbs),
            _ => {}
        }
        depth += 1;
        if depth > limits.path_depth {
            return Err(PathFault::TooDeep);
        }
        if !out.is_empty() {
            out.push('/');
        }
        out.push_str(&text(name));
    }
    Ok(())
}

/// The bytes as text; what is not UTF-8 is written as `\xNN`.
pub(crate) fn text(raw: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(raw) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(raw.len() + 8);
    for chunk in raw.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(raw: &[u8]) -> Result<String, PathFault> {
        let mut out = String::new();
        normalise(raw, &Limits::default(), &mut out).map(|()| out)
    }

    #[test]
    fn one_form() {
        for raw in ["usr/bin", "./usr/bin", "/usr/bin/", "usr//./bin"] {
            assert_eq!(normal(raw.as_bytes()), Ok("usr/bin".into()));
        }
        assert_eq!(normal(b"./"), Ok(String::new()));
    }

    #[test]
    fn climbing_is_refused() {
        for raw in ["../etc/passwd", "a/../../b", "..", "a/.."] {
            assert_eq!(normal(raw.as_bytes()), Err(PathFault::Climbs));
        }
        assert_eq!(normal(b"..a/b.."), Ok("..a/b..".into()));
    }

    #[test]
    fn bytes_that_are_not_text_stay_apart() {
        assert_eq!(normal(b"a\xff"), Ok("a\\xff".into()));
        assert_ne!(normal(b"a\xff"), normal(b"a\xfe"));
    }

    #[test]
    fn limits_hold() {
        assert_eq!(normal(&b"a/".repeat(4096)).map(|path| path.len()), Ok(8191));
        assert_eq!(normal(&b"a/".repeat(4097)), Err(PathFault::TooDeep));
        assert_eq!(normal(&b"a".repeat(16 * 1024 + 1)), Err(PathFault::TooLong));
    }
}
