//! The entries of tar(5).

use std::io;

use super::{Inside, Member, Stream, is_passed};
use crate::blob::Hashed;
use crate::sensitive;
use crate::tarball::{Entry, Kind, Walk};

pub(super) fn each(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    let limits = inside.limits;
    let mut walk = Walk::new(Hashed::without_digest(stored, u64::MAX), limits);
    while let Some(head) = walk.advance().map_err(io::Error::other)? {
        for sighting in sensitive::look_at_bytes(walk.beside()) {
            let one = Member::of(above, walk.path(), head.mode, None);
            inside.sees(&one, sighting);
        }
        if let Some(fault) = head.fault {
            inside.passes(&fault.to_string());
        }
        if head.kind != Kind::File && walk.left() > 0 {
            inside.passes("a tar has entries that are no files and have a content");
        }
        if head.kind != Kind::File || head.size == 0 || is_passed(walk.path()) {
            continue;
        }
        let one = Member::of(above, walk.path(), head.mode, Some(head.size));
        let content = Entry::of(&mut walk);
        match head.sparse {
            // A hole is as long as a header says.
            true => {
                let mut content = inside.counted(content);
                inside.any(&mut content, one, depth);
            }
            false => inside.any(&mut { content }, one, depth),
        }
    }
    let is_odd = walk.is_padded_oddly() || !walk.beside().is_empty();
    if is_odd || !walk.bytes().ends_in_zeros()? {
        inside.passes("a tar has bytes that belong to no file");
    }
    Ok(())
}
