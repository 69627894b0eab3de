//! The entries of a zip archive: by its directory, where it is held whole, else by the headers in
//! front of the entries, as they come (PKWARE's APPNOTE, 4.3.7 and 4.3.9).

use std::io::{self, Read};

use flate2::bufread::DeflateDecoder;

use super::{Inside, Member, Stream, is_passed, pass};
use crate::catalog::zip::{ENTRY, Zip, widen};

/// Entries that are looked at.
const MOST: usize = 100_000;

/// What begins each part of an archive but the entries.
const PARTS: [&[u8; 4]; 4] = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08"];
const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";

/// Looks at the entries of an archive that is held.
pub(super) fn held(inside: &mut Inside<'_>, bytes: &[u8], above: &str, depth: usize) {
    let mut zip = match Zip::open(bytes) {
        Ok(zip) => zip,
        Err(why) => return inside.passes(&why),
    };
    let (mut entries, mut more) = (Vec::new(), false);
    let fault = zip.each(|entry| {
        // Of an empty file there are two packed bytes at most, whatever the directory says.
        if (entry.size > 0 || entry.packed > 2) && !is_passed(&entry.name) {
            match entries.len() < MOST {
                true => entries.push(entry),
                false => more = true,
            }
        }
    });
    if let Some(why) = fault {
        inside.passes(&why);
    }
    if more {
        inside.passes("it has more entries than are looked at");
    }
    for entry in entries {
        match zip.reader(&entry) {
            Ok(plain) => {
                let one = Member::of(above, &entry.name, 0o644, Some(entry.size));
                let mut plain = inside.counted(plain);
                inside.any(&mut plain, one, depth);
            }
            Err(why) => inside.passes(&why),
        }
    }
}

/// Looks at the entries of an archive as they come.
pub(super) fn streamed(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    let mut is_described = false;
    loop {
        let mut magic = [0; 4];
        stored.read_exact(&mut magic)?;
        if is_described && magic != *ENTRY && !PARTS.contains(&&magic) {
            // The sizes behind an entry were of eight bytes.
            stored.read_exact(&mut magic)?;
            stored.read_exact(&mut magic)?;
        }
        if PARTS.contains(&&magic) {
            // The directory, which tells nothing new.
            return io::copy(stored, &mut io::sink()).map(drop);
        }
        if magic != *ENTRY {
            return Err(io::Error::other("it has bytes that belong to no entry"));
        }
        is_described = entry(inside, stored, above, depth)?;
    }
}

/// Looks at an entry whose magic was read; says whether its sizes come behind it.
fn entry(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<bool> {
    let mut head = [0; 26];
    stored.read_exact(&mut head)?;
    let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let long = |at: usize| {
        u64::from(u32::from_le_bytes([
            head[at],
            head[at + 1],
            head[at + 2],
            head[at + 3],
        ]))
    };
    let (flags, method) = (short(2), short(4));
    let (mut packed, mut size) = (long(14), long(18));
    let (mut name, mut extra) = (vec![0; short(22).into()], vec![0; short(24).into()]);
    stored.read_exact(&mut name)?;
    stored.read_exact(&mut extra)?;
    widen(&extra, &mut [&mut size, &mut packed]);
    let (is_encrypted, is_described) = (flags & 1 != 0, flags & 8 != 0);
    let is_known = !is_described || packed > 0;
    let name = String::from_utf8_lossy(&name).into_owned();
    let can = !is_encrypted && matches!(method, 0 | 8);
    if !can {
        inside
            .passes("it has files that are encrypted, or compressed by a method that is not read");
    }
    let is_told = is_known || (can && method == 8);
    if !is_told {
        return Err(io::Error::other("it does not tell where its files end"));
    }
    let limit = if is_known { packed } else { u64::MAX };
    let mut content = stored.take(limit);
    let one = Member::of(above, &name, 0o644, (!is_described).then_some(size));
    let is_wanted = can && !is_passed(&name) && !name.ends_with('/');
    if method == 8 && (is_wanted || !is_known) {
        let mut plain = inside.counted(io::BufReader::new(DeflateDecoder::new(&mut content)));
        if is_wanted {
            inside.any(&mut plain, one, depth);
        }
        io::copy(&mut plain, &mut io::sink())?;
    } else if is_wanted {
        inside.any(&mut content, one, depth);
    }
    if is_known {
        io::copy(&mut content, &mut io::sink())?;
    }
    if is_described {
        describe(stored)?;
    }
    Ok(is_described)
}

/// Passes over the checksum and the sizes behind an entry, which may have a magic.
fn describe(stored: &mut dyn Stream) -> io::Result<()> {
    let mut four = [0; 4];
    stored.read_exact(&mut four)?;
    let rest = if four == *DESCRIPTOR { 12 } else { 8 };
    pass(stored, rest)
}
