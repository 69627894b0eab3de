//! The members of ar(5).

use std::io::{self, Read};

use super::{Inside, Member, Stream, pass};
use crate::ar::{HEAD, MAGIC, member};

pub(super) fn each(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    stored.read_exact(&mut [0; MAGIC.len()])?;
    let mut head = [0; HEAD];
    while !stored.fill_buf()?.is_empty() {
        stored.read_exact(&mut head)?;
        let Some((name, size)) = member(&head) else {
            return Err(io::Error::other("a member of it is damaged"));
        };
        let one = Member::of(above, &name, 0o644, Some(size));
        let mut content = stored.take(size);
        inside.any(&mut content, one, depth);
        io::copy(&mut content, &mut io::sink())?;
        // An odd size is filled up.
        pass(stored, size % 2)?;
    }
    Ok(())
}
