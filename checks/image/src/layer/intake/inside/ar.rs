//! The members of ar(5), with the long names of its two families: BSD puts a name in front of the
//! content (`#1/LENGTH`), GNU all of them into a member of their own (`//`, then `/PLACE`).

use std::io::{self, Read};

use super::{Inside, Member, Stream, pass};
use crate::ar::{HEAD, MAGIC, member};

/// The most bytes of a name, and of all of them.
const LONGEST: u64 = 64 * 1024;
const NAMES: u64 = 16 * 1024 * 1024;

pub(super) fn each(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    stored.read_exact(&mut [0; MAGIC.len()])?;
    let mut head = [0; HEAD];
    let mut names = Vec::new();
    while !stored.fill_buf()?.is_empty() {
        stored.read_exact(&mut head)?;
        let Some((name, size)) = member(&head) else {
            return Err(io::Error::other("a member of it is damaged"));
        };
        let mut content = stored.take(size);
        if head.starts_with(b"// ") && size <= NAMES {
            names.clear();
            content.read_to_end(&mut names)?;
            inside.any(
                &mut &names[..],
                Member::of(above, "//", 0o644, Some(size)),
                depth,
            );
        } else {
            let name = full(name, &names, &mut content)?;
            let one = Member::of(above, &name, 0o644, Some(content.limit()));
            inside.any(&mut content, one, depth);
        }
        io::copy(&mut content, &mut io::sink())?;
        // An odd size is filled up.
        pass(stored, size % 2)?;
    }
    Ok(())
}

/// The name of a member, by what its head says.
fn full(name: String, names: &[u8], content: &mut dyn Stream) -> io::Result<String> {
    let damaged = || io::Error::other("a name in it is damaged");
    if let Some(length) = name.strip_prefix("#1/") {
        let length: u64 = length.parse().map_err(|_| damaged())?;
        let mut name = Vec::new();
        content.take(length.min(LONGEST)).read_to_end(&mut name)?;
        if name.len() as u64 != length {
            return Err(damaged());
        }
        // It is filled up with NULs.
        return Ok(String::from_utf8_lossy(&name)
            .trim_end_matches('\0')
            .to_owned());
    }
    let place = name.strip_prefix('/').and_then(|at| at.parse().ok());
    let Some(rest) = place.and_then(|at: usize| names.get(at..)) else {
        return Ok(name);
    };
    let rest = &rest[..rest.len().min(LONGEST as usize)];
    let end = match memchr::memchr(b'\n', rest) {
        None if rest.len() as u64 == LONGEST => return Err(damaged()),
        end => end.unwrap_or(rest.len()),
    };
    let name = String::from_utf8_lossy(&rest[..end]);
    Ok(name.trim_end_matches('/').to_owned())
}
