//! The entries of cpio archives, "newc" and "odc" (cpio(5) of libarchive). An initial root file
//! system is several of them, and what is compressed, behind one another.

use std::io::{self, Read};

use super::{Inside, Member, Stream, pass};
use crate::sensitive;

/// The length of a header of "newc" and of "odc".
const NEW: usize = 110;
const OLD: usize = 76;

/// The longest name.
const LONGEST: u64 = 64 * 1024;

/// The bits of the mode that tell the kind of an entry, of a file and of a symbolic link (inode(7)).
const KIND: u64 = 0o170_000;
const FILE: u64 = 0o100_000;
const LINK: u64 = 0o120_000;

/// The name of the last entry.
const END: &str = "TRAILER!!!";

/// What a header tells.
struct Head {
    mode: u64,
    /// The length of the name, with its NUL.
    name: u64,
    size: u64,
    /// What name and content are filled up to, the name with the header.
    fill: u64,
    length: u64,
}

impl Head {
    fn read(stored: &mut dyn Stream) -> io::Result<Self> {
        let mut bytes = [0; NEW];
        stored.read_exact(&mut bytes[..OLD])?;
        let damaged = || io::Error::other("a header of it is damaged");
        let number = |bytes: &[u8], radix| {
            let text = std::str::from_utf8(bytes).ok()?;
            u64::from_str_radix(text, radix).ok()
        };
        if bytes.starts_with(b"070707") {
            let field = |from: usize, length| number(&bytes[from..from + length], 8);
            let [mode, name, size] = [field(18, 6), field(59, 6), field(65, 11)];
            return Ok(Self {
                mode: mode.ok_or_else(damaged)?,
                name: name.ok_or_else(damaged)?,
                size: size.ok_or_else(damaged)?,
                fill: 1,
                length: OLD as u64,
            });
        }
        stored.read_exact(&mut bytes[OLD..])?;
        if !bytes.starts_with(b"07070") {
            return Err(damaged());
        }
        let field = |place: usize| number(&bytes[6 + 8 * place..][..8], 16).ok_or_else(damaged);
        Ok(Self {
            mode: field(1)?,
            name: field(11)?,
            size: field(6)?,
            fill: 4,
            length: NEW as u64,
        })
    }
}

pub(super) fn each(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    loop {
        let head = Head::read(stored)?;
        if head.name == 0 || head.name > LONGEST {
            return Err(io::Error::other("a name in it is damaged"));
        }
        let mut name = vec![0; head.name as usize];
        stored.read_exact(&mut name)?;
        name.pop();
        let name = String::from_utf8_lossy(&name);
        let named = head.length + head.name;
        pass(stored, named.next_multiple_of(head.fill) - named)?;
        if name == END {
            if head.size > 0 {
                inside.passes("the last entry of a cpio has a content");
            }
            break;
        }
        let mut content = stored.take(head.size);
        match head.mode & KIND {
            FILE => {
                let mode = (head.mode & 0o7777) as u16;
                let one = Member::of(above, &name, mode, Some(head.size));
                inside.any(&mut content, one, depth);
            }
            // Its content is where it leads.
            LINK if head.size <= LONGEST => {
                let mut target = Vec::new();
                content.read_to_end(&mut target)?;
                for sighting in sensitive::look_at_bytes(&target) {
                    inside.sees(&Member::of(above, &name, 0o777, None), sighting);
                }
            }
            _ if head.size > 0 => {
                inside.passes("a cpio has entries that are no files and have a content");
            }
            _ => {}
        }
        io::copy(&mut content, &mut io::sink())?;
        pass(stored, head.size.next_multiple_of(head.fill) - head.size)?;
    }
    behind(inside, stored, above, depth)
}

/// Looks at what follows the end of an archive: zeros, then nothing or another one.
fn behind(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    loop {
        let buffer = stored.fill_buf()?;
        let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
        let is_end = buffer.is_empty();
        let is_more = zeros < buffer.len();
        stored.consume(zeros);
        if is_more {
            inside.any(stored, Member::of(above, "", 0o644, None), depth);
        }
        if is_end || is_more {
            return Ok(());
        }
    }
}
