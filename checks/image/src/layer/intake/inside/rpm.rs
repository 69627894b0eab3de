//! The payload of a package of rpm: a lead, two headers (rpm's documentation, "RPM V4 Package
//! format"), then a compressed cpio.

use std::io;

use super::{Inside, Member, Stream, pass};

const LEAD: u64 = 96;

/// The most bytes of a header.
const MOST: u64 = 256 * 1024 * 1024;

pub(super) fn payload(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    pass(stored, LEAD)?;
    // The signature is filled up to eight bytes.
    for fill in [8, 1] {
        let mut head = [0; 16];
        stored.read_exact(&mut head)?;
        let [_, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h] = head;
        let count = u64::from(u32::from_be_bytes([a, b, c, d]));
        let size = u64::from(u32::from_be_bytes([e, f, g, h]));
        let length = (16 * count + size).next_multiple_of(fill);
        if !head.starts_with(b"\x8e\xad\xe8") || length > MOST {
            return Err(io::Error::other("a header of it is damaged"));
        }
        pass(stored, length)?;
    }
    inside.any(stored, Member::of(above, "payload", 0o644, None), depth);
    Ok(())
}
