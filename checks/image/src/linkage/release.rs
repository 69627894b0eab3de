//! The release of glibc, by the text that its library prints when it is run: "GNU C Library (…)
//! stable release version 2.36." The newest version of its symbols may be older.

use super::bytes::Bytes;

/// The most bytes of the library that are looked at; it has two million.
pub(super) const MOST: u64 = 8 << 20;

const BEGINS: &[u8] = b"GNU C Library ";
const BEFORE: &str = " release version ";

/// The longest such line.
const LONGEST: usize = 256;

/// The release, such as `2.36`; none where the file does not tell.
pub(super) fn of(bytes: &dyn Bytes) -> Option<String> {
    let held = bytes.start(MOST)?;
    let at = memchr::memmem::find(&held, BEGINS)?;
    let rest = &held[at..held.len().min(at + LONGEST)];
    let line = rest.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (_, release) = line.split_once(BEFORE)?;
    let end = release.find(|c: char| !c.is_ascii_digit() && c != '.');
    let release = release[..end.unwrap_or(release.len())].trim_end_matches('.');
    (!release.is_empty()).then(|| release.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_told_by_the_text_that_is_printed() {
        for (text, release) in [
            (
                "\0GNU C Library (Debian GLIBC 2.31-13) stable release version 2.31.\nCopyright",
                Some("2.31"),
            ),
            (
                "GNU C Library (GNU libc) development release version 2.43.9000.\n",
                Some("2.43.9000"),
            ),
            ("GNU C Library (x) of no release", None),
            ("GNU C Library x release version .", None),
            ("", None),
        ] {
            assert_eq!(of(&text.as_bytes()).as_deref(), release, "{text}");
        }
    }
}
