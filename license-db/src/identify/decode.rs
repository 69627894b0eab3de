//! Bytes to text: UTF-8, UTF-16 with a byte-order mark, else Windows-1252; of a document in Rich
//! Text Format the words that are shown.

use std::borrow::Cow;

use super::rtf;

/// How much of a file decides whether it is binary.
const SNIFF: usize = 8192;

/// The text of a file, or none where it is binary.
pub fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => return Some(utf16(rest, u16::from_le_bytes).into()),
        [0xfe, 0xff, rest @ ..] => return Some(utf16(rest, u16::from_be_bytes).into()),
        _ => {}
    }
    if is_binary(bytes) {
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    Some(match std::str::from_utf8(bytes) {
        Ok(text) if rtf::is_rtf(text) => rtf::shown(text).into(),
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes
            .iter()
            .map(|byte| windows_1252(*byte))
            .collect::<String>()
            .into(),
    })
}

/// Whether the bytes hold a NUL near the start, as text in one-byte encodings never does.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    let wide = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    !wide && memchr::memchr(0, bytes.get(..SNIFF).unwrap_or(bytes)).is_some()
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [a, b] => read([*a, *b]),
        _ => 0,
    });
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Only what matters to words: the quotes and dashes of 0x80..0x9f part words, letters stay.
pub(super) fn windows_1252(byte: u8) -> char {
    match byte {
        0x91 | 0x92 => '\'',
        0x93 | 0x94 => '"',
        0x96 | 0x97 => '-',
        0x80..=0x9f => ' ',
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_encodings() {
        assert_eq!(text(b"plain").unwrap(), "plain");
        assert_eq!(text(b"\xef\xbb\xbfmarked").unwrap(), "marked");
        assert_eq!(text(b"\xff\xfeh\0i\0").unwrap(), "hi");
        assert_eq!(text(b"\xfe\xff\0h\0i").unwrap(), "hi");
        assert_eq!(
            text(b"caf\xe9 \x93as is\x94").unwrap(),
            "caf\u{e9} \"as is\""
        );
        assert!(text(b"\x7fELF\0\0").is_none());
    }
}
