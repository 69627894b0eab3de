//! The entries of a zip archive: by its directory, where it is held whole, else by the headers in
//! front of the entries, as they come (PKWARE's APPNOTE, 4.3.7 and 4.3.9).

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};

use flate2::bufread::DeflateDecoder;

use super::{Inside, Member, Stream, is_passed, pass};
use crate::catalog::zip::{ENTRY, Packed, Zip, is_odd, widen};
use crate::sensitive;

/// Entries that are looked at.
const MOST: usize = 100_000;

/// What is told of bytes that nobody looked at.
const MORE: &str = "a zip has bytes that belong to no entry";

/// The same of a directory that names an entry otherwise than the entry itself does.
const OTHER_NAMES: &str = "the directory of a zip has other names than its entries";

/// What compressed content is called.
const PACKED: &str = "a compressed entry of a zip";

/// What begins each part of an archive but the entries.
const PARTS: [&[u8; 4]; 4] = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08"];
const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";
const LOCATOR: &[u8; 4] = b"PK\x06\x07";

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
    let outside = zip.outside();
    if outside.is_more {
        inside.passes(MORE);
    }
    inside.notes(&outside.notes, above);
    if !outside.before.is_empty() {
        let one = Member::of(above, "start", 0o644, Some(outside.before.len() as u64));
        inside.any(&mut &*outside.before, one, depth);
    }
    for entry in entries {
        let one = Member::of(above, &entry.name, 0o644, Some(entry.size));
        match zip.packed(&entry) {
            Ok(Packed::Stored(mut plain)) => inside.any(&mut plain, one, depth),
            Ok(Packed::Deflated(mut packed)) => {
                let read = inside.deflated(&mut packed, Some(one), depth);
                let ended = read.and_then(|()| inside.ends(&mut packed, PACKED));
                if let Err(error) = ended {
                    inside.passes(&error.to_string());
                }
            }
            Err(why) => inside.passes(&why),
        }
    }
}

impl Inside<'_> {
    /// Looks at what headers carry beside names and sizes.
    fn notes(&mut self, notes: &[u8], above: &str) {
        for sighting in sensitive::look_at_bytes(notes) {
            self.sees(&Member::of(above, "headers", 0o644, None), sighting);
        }
    }

    /// Reads what is compressed to its end, and looks at it where a member is to be looked at.
    fn deflated(
        &mut self,
        packed: &mut dyn Stream,
        member: Option<Member>,
        depth: usize,
    ) -> io::Result<()> {
        let mut plain = self.counted(io::BufReader::new(DeflateDecoder::new(packed)));
        if let Some(member) = member {
            self.any(&mut plain, member, depth);
        }
        io::copy(&mut plain, &mut io::sink()).map(drop)
    }
}

/// The names of entries, in any order: what is in front of an entry adds its name, and the directory takes it
/// away.
#[derive(Default)]
struct Names {
    hashes: RandomState,
    sum: u64,
}

impl Names {
    fn add(&mut self, name: &[u8]) {
        self.sum = self.sum.wrapping_add(self.hashes.hash_one(name));
    }

    fn take(&mut self, name: &[u8]) {
        self.sum = self.sum.wrapping_sub(self.hashes.hash_one(name));
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
    let mut names = Names::default();
    loop {
        let mut magic = [0; 4];
        stored.read_exact(&mut magic)?;
        if is_described && magic != *ENTRY && !PARTS.contains(&&magic) {
            // The sizes behind an entry were of eight bytes.
            stored.read_exact(&mut magic)?;
            stored.read_exact(&mut magic)?;
        }
        if PARTS.contains(&&magic) {
            return directory(inside, stored, magic, above, &mut names);
        }
        if magic != *ENTRY {
            return Err(io::Error::other(MORE));
        }
        is_described = entry(inside, stored, above, depth, &mut names)?;
    }
}

/// Reads the directory, of which a magic was read, to the end of the archive: it should tell nothing new of
/// the entries, but may have comments.
fn directory(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    mut magic: [u8; 4],
    above: &str,
    names: &mut Names,
) -> io::Result<()> {
    let [file, end, wide_end, _] = PARTS;
    loop {
        let mut fields = Vec::new();
        let mut take = |count: u64, fields: &mut Vec<u8>| -> io::Result<()> {
            let taken = (&mut *stored).take(count).read_to_end(fields)? as u64;
            match taken == count {
                true => Ok(()),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        };
        let short =
            |fields: &[u8], at: usize| u64::from(fields[at]) | u64::from(fields[at + 1]) << 8;
        if magic == *file {
            take(42, &mut fields)?;
            let lengths = [24, 26, 28].map(|at| short(&fields, at));
            take(lengths.iter().sum(), &mut fields)?;
            let (name, notes) = fields[42..].split_at(lengths[0] as usize);
            names.take(name);
            inside.notes(notes, above);
        } else if magic == *wide_end {
            take(8, &mut fields)?;
            let [a, b, c, d, rest @ ..] = &fields[..] else {
                return Err(io::Error::other(MORE));
            };
            let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
            if rest.iter().any(|byte| *byte != 0) || length > 44 {
                inside.passes(MORE);
            }
            pass(stored, length)?;
        } else if magic == *LOCATOR {
            take(16, &mut fields)?;
        } else if magic == *end {
            take(18, &mut fields)?;
            let length = short(&fields, 16);
            let mut comment = Vec::new();
            take(length, &mut comment)?;
            if is_odd(&comment) {
                inside.passes(MORE);
            }
            inside.notes(&comment, above);
            if names.sum != 0 {
                inside.passes(OTHER_NAMES);
            }
            return inside.ends(stored, "a zip");
        } else {
            return Err(io::Error::other(MORE));
        }
        stored.read_exact(&mut magic)?;
    }
}

/// Looks at an entry whose magic was read; says whether its sizes come behind it.
fn entry(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
    names: &mut Names,
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
    names.add(&name);
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
    inside.notes(&extra, above);
    if method == 8 && (is_wanted || !is_known) {
        inside.deflated(&mut content, is_wanted.then_some(one), depth)?;
        if is_known {
            inside.ends(&mut content, PACKED)?;
        }
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
