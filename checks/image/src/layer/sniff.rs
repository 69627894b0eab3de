//! What a file is, by its path and its first bytes.

use hpcctl_model::scan::ContentKind;

/// Bytes that decide whether a file is text.
pub(super) const SNIFF: usize = 8 * 1024;

/// What a file is, by its path and its first bytes.
pub(super) fn sniff(path: &str, head: &[u8]) -> ContentKind {
    const ARCHIVES: [&[u8]; 7] = [
        b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd",
        b"\xfd7zXZ\0",
        b"BZh",
        b"PK\x03\x04",
        b"!<arch>\n",
        b"hsqs",
    ];
    if head.is_empty() {
        ContentKind::Empty
    } else if head.starts_with(b"\x7fELF") {
        elf(path, head)
    } else if head.starts_with(b"#!") {
        ContentKind::Script
    } else if ARCHIVES.iter().any(|magic| head.starts_with(magic)) {
        ContentKind::Archive
    } else if is_text(head) {
        ContentKind::Text
    } else {
        ContentKind::Data
    }
}

/// What an ELF file is, by `e_type` (elf(5)); position-independent programs have the type of
/// libraries, and are told apart by their names.
fn elf(path: &str, head: &[u8]) -> ContentKind {
    let name = path.rsplit('/').next().unwrap_or(path);
    let at = if head.get(5) == Some(&2) { 17 } else { 16 };
    match head.get(at) {
        Some(2) => ContentKind::Program,
        Some(3) if name.contains(".so") => ContentKind::Library,
        Some(3) => ContentKind::Program,
        _ => ContentKind::Object,
    }
}

/// Whether the bytes look like text, by the rule of diff(1) and grep(1): no NUL near the start.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(SNIFF)];
    !head.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        let elf = |kind| [&b"\x7fELF\x02\x01\x01"[..], &[0; 9], &[kind, 0]].concat();
        for (path, head, kind) in [
            ("a", Vec::new(), ContentKind::Empty),
            ("a", b"#!/bin/sh\n".to_vec(), ContentKind::Script),
            ("a", b"PK\x03\x04".to_vec(), ContentKind::Archive),
            ("a", b"plain\n".to_vec(), ContentKind::Text),
            ("a", b"not\0plain".to_vec(), ContentKind::Data),
            ("bin/a", elf(2), ContentKind::Program),
            ("bin/a", elf(3), ContentKind::Program),
            ("lib/a.so.1", elf(3), ContentKind::Library),
            ("lib/a.o", elf(1), ContentKind::Object),
        ] {
            assert_eq!(sniff(path, &head), kind, "{path} {head:?}");
        }
    }
}
