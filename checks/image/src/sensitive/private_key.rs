//! Private keys in PEM (RFC 7468), of OpenSSH and of OpenPGP in armour, and secret keys of age.
//!
//! The frame alone is none: programs have it in their code. What follows has to be base64 that
//! begins as such a key does.

mod public;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.private-key",
    "A private key; those of users, hosts and grids have rules of their own: `secret.ssh-key`, `secret.ssh-host-key`, `secret.hpc.grid-key`.",
)
.holding(
    &[
        "PRIVATE KEY-----",
        "PRIVATE KEY BLOCK-----",
        "AGE-SECRET-KEY-1",
        ENCODED,
    ],
    place,
);

/// `-----BEGIN ` in base64, as secrets of Kubernetes have it.
const ENCODED: &str = "LS0tLS1CRUdJTi";

/// The most bytes of base64 that are decoded.
const MOST_ENCODED: usize = 16 * 1024;

/// Takes the start of a text whose length is no multiple of 4.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    if source.bytes[at..].starts_with(b"AGE") {
        let key = value::run(source.bytes, at, 80, |byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-'
        });
        if key.len() == 74 && value::is_random(key) {
            sightings.at(DETECTOR.id, source, at, "a secret key of age");
        }
        return;
    }
    if source.bytes[at..].starts_with(ENCODED.as_bytes()) {
        encoded(source, at, sightings);
        return;
    }
    if let Some(framed) = Framed::at(source, at) {
        framed.tell(source, at, sightings);
    }
}

/// Looks at the frames of a program: only what stands in one as a whole is a key.
pub(super) fn in_program(source: &Source<'_>, sightings: &mut Sightings) {
    for at in memchr::memmem::find_iter(source.bytes, b"PRIVATE KEY") {
        let framed = Framed::at(source, at);
        let is_secret =
            |framed: &Framed<'_>| framed.whole().is_some_and(|key| !public::is_known(&key));
        if let Some(framed) = framed.filter(is_secret) {
            framed.tell(source, at, sightings);
        }
    }
}

/// A key in its frame.
struct Framed<'s> {
    kind: String,
    /// What follows the head of the frame.
    after: &'s [u8],
    body: Body,
}

impl<'s> Framed<'s> {
    /// The key whose frame has a place in its head; none where it is none.
    fn at(source: &Source<'s>, at: usize) -> Option<Self> {
        let before = &source.bytes[at.saturating_sub(40)..at];
        let begin = memchr::memmem::rfind(before, b"-----BEGIN ")?;
        let kind = String::from_utf8_lossy(&before[begin + 11..])
            .trim()
            .to_owned();
        let after = &source.bytes[at..source.bytes.len().min(at + 16 * 1024)];
        let end = memchr::memmem::find(after, b"-----").map_or(after.len(), |end| end + 5);
        let (after, body) = (&after[end..], Body::read(&after[end..]));
        let is_key = body.is_key(&kind);
        is_key.then_some(Self { kind, after, body })
    }

    /// The key, where it is base64 to the end of its frame, and in DER one value; a form that is not
    /// DER, as it stands.
    fn whole(&self) -> Option<Vec<u8>> {
        let end = memchr::memmem::find(self.after, b"-----END ")?;
        let text = self.after[..end].iter().copied();
        let text: Vec<u8> = text.filter(|byte| !byte.is_ascii_whitespace()).collect();
        if self.body.is_encrypted || matches!(&*self.kind, "PGP" | "OPENSSH" | "SSH2 ENCRYPTED") {
            return Some(text);
        }
        let plain = LENIENT.decode(&text).ok()?;
        let (length, rest) = match &plain[..] {
            [0x30, 0x82, high, low, rest @ ..] => {
                (usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            [0x30, 0x81, length, rest @ ..] => (usize::from(*length), rest),
            [0x30, length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
            _ => return None,
        };
        (length == rest.len()).then_some(plain)
    }

    fn tell(&self, source: &Source<'_>, at: usize, sightings: &mut Sightings) {
        let Self { kind, body, .. } = self;
        let rule = rule_of(source.path);
        let what = if kind.is_empty() {
            "private key".to_owned()
        } else {
            format!("{kind} private key")
        };
        let how = if body.is_encrypted || kind.starts_with("ENCRYPTED") {
            ", encrypted"
        } else {
            ""
        };
        sightings.at(
            rule,
            source,
            at,
            format!("{}{how}", what.replace("ENCRYPTED ", "")),
        );
    }
}

/// The base64 that a text begins with, over the ends of its lines, also where `\n` stands for one:
/// base64(1) wraps it, and YAML indents it. With it goes how many bytes of the text that are.
fn unwrapped(text: &[u8]) -> (Vec<u8>, usize) {
    let text = &text[..text.len().min(MOST_ENCODED)];
    let mut base64 = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                base64.push(*byte);
                1
            }
            b'\\' if matches!(text.get(at + 1), Some(b'n' | b'r')) => 2,
            b'\n' | b'\r' | b'\t' | b' ' | b'"' | b'\'' | b',' | b'\\' => 1,
            _ => break,
        };
    }
    (base64, at)
}

/// A text in which `\n` stands for the end of a line, too.
fn with_lines(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.replace("\\r", "").replace("\\n", "\n")
}

/// Looks at a key in its frame that is in base64 as a whole.
fn encoded(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    if sightings.covers(DETECTOR.id, at) {
        return;
    }
    let (text, read) = unwrapped(&source.bytes[at..]);
    sightings.cover(DETECTOR.id, at, read, MOST_ENCODED);
    let Ok(plain) = LENIENT.decode(&text[..text.len() / 4 * 4]) else {
        return;
    };
    let inner = Source {
        bytes: &plain,
        ..*source
    };
    let mut found = Sightings::default();
    let frames = memchr::memmem::find_iter(&plain, b"PRIVATE KEY");
    for frame in frames.take(4) {
        place(&inner, frame, &mut found);
    }
    if let Some(one) = found.seen.first() {
        sightings.at(one.rule, source, at, format!("{}, in base64", one.text));
    }
}

/// The rule for a key of that path.
fn rule_of(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_grid = path.contains(".globus/")
        || path.contains("grid-security/")
        || name.starts_with("x509up_u")
        || matches!(name, "userkey.pem" | "hostkey.pem");
    if name.starts_with("ssh_host_") {
        "secret.ssh-host-key"
    } else if is_grid {
        "secret.hpc.grid-key"
    } else if path.contains(".ssh/") || name.starts_with("id_") {
        "secret.ssh-key"
    } else {
        DETECTOR.id
    }
}

/// What stands in the frame.
struct Body {
    bytes: Vec<u8>,
    length: usize,
    is_encrypted: bool,
}

impl Body {
    /// Reads the lines after the frame's head, also where a text has `\n` for the end of a line.
    fn read(after: &[u8]) -> Self {
        let end = memchr::memmem::find(after, b"-----").unwrap_or(after.len());
        let text = with_lines(&after[..end]);
        let mut is_encrypted = false;
        let mut base64 = String::new();
        for line in text.lines() {
            let line =
                line.trim_matches(|one: char| one.is_whitespace() || "\"'+,\\|*#>".contains(one));
            if line.contains(": ") {
                is_encrypted |= line.contains("ENCRYPTED");
            } else if !line.starts_with('=') {
                // The checksum of armour begins with `=`.
                base64.push_str(line);
            }
        }
        // Of some editors, everything is on one line with blanks.
        base64.retain(|one| !one.is_whitespace());
        let length = base64
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
            .count();
        let bytes = LENIENT
            .decode(&base64[..length.min(120) / 4 * 4])
            .unwrap_or_default();
        let is_encrypted = is_encrypted
            || bytes.starts_with(b"openssh-key-v1\0")
                && !bytes[15..].starts_with(b"\0\0\0\x04none");
        Self {
            bytes,
            length,
            is_encrypted,
        }
    }

    /// Whether it is a key of that kind: a sequence in DER, the magic of OpenSSH, a packet of
    /// OpenPGP; what an old header says is encrypted is random.
    fn is_key(&self, kind: &str) -> bool {
        let starts = match kind {
            "OPENSSH" => self.bytes.starts_with(b"openssh-key-v1\0"),
            "PGP" => matches!(self.bytes.first(), Some(0x94..=0x97 | 0xc5)),
            "SSH2 ENCRYPTED" => self.bytes.starts_with(b"\x3f\x6f\xf9\xeb"),
            _ => self.is_encrypted || self.bytes.starts_with(b"\x30"),
        };
        let is_random = value::entropy(&self.bytes) > 3.0;
        starts && is_random && self.length >= 64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_over_the_ends_of_its_lines() {
        for (text, base64, read) in [
            (&b"LS0t"[..], &b"LS0t"[..], 4),
            (b"LS0t\r\n  LS0t\n", b"LS0tLS0t", 13),
            (b"LS0t\\r\\nLS0t\\\nLS0t\", x", b"LS0tLS0tLS0tx", 22),
            (b"LS0t==\nLS0t", b"LS0t", 4),
            (b"LS0t!LS0t", b"LS0t", 4),
            (b"LS0t\\xLS0t", b"LS0txLS0t", 10),
            (b"LS0t\xe9", b"LS0t", 4),
            (b"LS0t\\", b"LS0t", 5),
        ] {
            let expected = (base64.to_vec(), read);
            assert_eq!(unwrapped(text), expected, "{}", text.escape_ascii());
        }
        let long = [b'A'; MOST_ENCODED + 9];
        assert_eq!(unwrapped(&long).1, MOST_ENCODED);
    }
}
