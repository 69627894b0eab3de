//! Private keys in DER, by their structure: PKCS #8 (RFC 5958), also encrypted, PKCS #1 (RFC 8017,
//! A.1.2) and SEC 1 (RFC 5915). The sequence ends where the file does.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.der-key", "A private key in DER, by its structure.")
        .named(
            &["*.der", "*.key", "*.p8", "*.pk8", "*.pkcs8", "*.priv"],
            file,
        )
        .beginning(&[b"\x30\x82", b"\x30\x81", b"\x30\x2e\x02\x01\0"]);

/// The types of values.
const INTEGER: u8 = 0x02;
const BYTES: u8 = 0x04;
const TYPE: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// The types of what encrypts a key: PKCS #5 (RFC 8018), and PKCS #12.
const ENCRYPTIONS: [&[u8]; 2] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01",
];

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    if source.is_whole()
        && let Some(what) = key(source.bytes)
    {
        sightings.file(DETECTOR.id, what);
    }
}

/// What kind of private key the bytes are; none where they are none.
fn key(bytes: &[u8]) -> Option<&'static str> {
    let (SEQUENCE, body, []) = value(bytes)? else {
        return None;
    };
    match value(body)? {
        (INTEGER, [version @ 0..=1], rest) => match value(rest)? {
            // An algorithm, then the key.
            (SEQUENCE, algorithm, rest) => {
                let (of, ..) = value(algorithm)?;
                let (kind, key, _) = value(rest)?;
                (of == TYPE && kind == BYTES && key.len() > 16).then_some("a private key in DER")
            }
            // The modulus, then seven more numbers.
            (INTEGER, modulus, mut rest) if *version == 0 && modulus.len() >= 64 => {
                for _ in 0..7 {
                    let (INTEGER, _, after) = value(rest)? else {
                        return None;
                    };
                    rest = after;
                }
                Some("an RSA private key in DER")
            }
            (BYTES, key, _) if *version == 1 && (20..=66).contains(&key.len()) => {
                Some("an EC private key in DER")
            }
            _ => None,
        },
        (SEQUENCE, encryption, rest) => {
            let (of, name, _) = value(encryption)?;
            let (kind, key, rest) = value(rest)?;
            let is_one = ENCRYPTIONS.iter().any(|start| name.starts_with(start));
            (of == TYPE && is_one && kind == BYTES && key.len() > 16 && rest.is_empty())
                .then_some("a private key in DER, encrypted")
        }
        _ => None,
    }
}

/// The first value: its type, its content, and what follows.
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (number, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
            (number.iter().fold(0, add), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*kind, content, rest))
}
