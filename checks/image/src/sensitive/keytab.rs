//! Keytabs of Kerberos, by their content: 0x05 0x02, then entries with a length, a count of
//! parts, the realm and the parts of the principal (MIT Kerberos, "Keytab file format").

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.keytab",
    "Keys of Kerberos, of a service or a user.",
)
.named(&[], file)
.beginning(&[b"\x05\x02"]);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    if let Some(principal) = principal(source.bytes) {
        sightings.file(DETECTOR.id, format!("the key of {principal}"));
    }
}

/// The principal of the first entry that was not deleted.
fn principal(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes.get(2..)?;
    for _ in 0..100 {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = i32::from_be_bytes(*length);
        let count = usize::try_from(length.unsigned_abs()).ok()?;
        if length > 0 {
            return name(after.get(..count)?);
        }
        rest = after.get(count..).filter(|_| length < 0)?;
    }
    None
}

fn name(entry: &[u8]) -> Option<String> {
    let (parts, mut rest) = entry.split_first_chunk::<2>()?;
    let parts = usize::from(u16::from_be_bytes(*parts));
    if !(1..=8).contains(&parts) {
        return None;
    }
    let realm = text(&mut rest)?;
    let names: Option<Vec<&str>> = (0..parts).map(|_| text(&mut rest)).collect();
    // The type, the time and the number of the key are still to come, and the key.
    (rest.len() >= 4 + 4 + 1 + 2).then_some(())?;
    Some(format!("{}@{realm}", names?.join("/")))
}

/// A text with its length before it.
fn text<'r>(rest: &mut &'r [u8]) -> Option<&'r str> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (text, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    let text = std::str::from_utf8(text).ok()?;
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then_some(text)
}
