//! A package of rpm: a lead, two headers (rpm's documentation, "RPM V4 Package format"), of which the
//! second has the scripts that are run as it is installed, then a compressed cpio.

use std::io::{self, Read};

use super::{Inside, Member, Stream, pass};
use crate::sensitive;

const LEAD: u64 = 96;

/// The most bytes of a header.
const MOST: u64 = 256 * 1024 * 1024;

/// The bytes of a header that are looked at; that of a package with 100,000 files is as long.
const LOOKED: u64 = 16 * 1024 * 1024;

/// Looks at the headers and the payload.
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
        let mut header = Vec::new();
        (&mut *stored)
            .take(length.min(LOOKED))
            .read_to_end(&mut header)?;
        for sighting in sensitive::look_at_bytes(&header) {
            inside.sees(&Member::of(above, "header", 0o644, None), sighting);
        }
        if length > LOOKED {
            inside.passes("the header of a package of rpm was not looked at to its end");
        }
        pass(stored, length.saturating_sub(LOOKED))?;
    }
    inside.any(stored, Member::of(above, "payload", 0o644, None), depth);
    Ok(())
}
