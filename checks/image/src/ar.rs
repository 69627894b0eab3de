//! The members of ar(5): libraries of objects, and packages of Debian (deb(5)).

/// What it begins with.
pub(crate) const MAGIC: &[u8] = b"!<arch>\n";

/// The length of the head of a member.
pub(crate) const HEAD: usize = 60;

/// The name and the size of a member; none where the head is damaged.
pub(crate) fn member(head: &[u8; HEAD]) -> Option<(String, u64)> {
    let field = |range: std::ops::Range<usize>| std::str::from_utf8(head.get(range)?).ok();
    let name = field(0..16)?.trim_end().trim_end_matches('/').to_owned();
    let size = field(48..58)?.trim().parse().ok()?;
    Some((name, size))
}
