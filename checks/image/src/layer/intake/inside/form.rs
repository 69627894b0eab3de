//! How a file holds others, by its first bytes.

use super::git;
use crate::ar;
use crate::catalog::zip;
use crate::compression::Compression;
use crate::tarball::is_header;

/// How a file holds others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A zip archive.
    Zip,
    /// A tar.
    Tar,
    /// A library of objects, or a package of Debian (deb(5)).
    Ar,
    /// A cpio archive, as an initial root file system is one.
    Cpio,
    /// A package of rpm.
    Rpm,
    /// A pack of Git, and an object of it that is a file of its own.
    Pack,
    Object,
    /// What was compressed: one of the others, or a file.
    Packed(Compression),
    /// A script with one of the others behind it, at a place, or with something else.
    Script(Option<usize>),
    /// Something that is not looked into.
    Closed(&'static str),
}

/// Where a magic stands, and what it tells.
const MAGICS: &[(usize, &[u8], Form)] = &[
    (0, zip::ENTRY, Form::Zip),
    (257, b"ustar", Form::Tar),
    (0, ar::MAGIC, Form::Ar),
    (0, b"070701", Form::Cpio),
    (0, b"070702", Form::Cpio),
    (0, b"070707", Form::Cpio),
    (0, b"\xed\xab\xee\xdb", Form::Rpm),
    (0, git::PACK, Form::Pack),
    (0, git::PACK_3, Form::Pack),
    (0, b"hsqs", Form::Closed("a squashfs")),
    (0, b"sqsh", Form::Closed("a squashfs")),
    (32, b"SIF_MAGIC", Form::Closed("an image of Singularity")),
    (0x438, b"\x53\xef", Form::Closed("an ext file system")),
    (0, b"XFSB", Form::Closed("an XFS file system")),
    (0, b"QFI\xfb", Form::Closed("a disk of QEMU")),
    (0, b"\x45\x3d\xcd\x28", Form::Closed("a cramfs")),
    (1024, b"\xe2\xe1\xf5\xe0", Form::Closed("an EROFS")),
    (0, b"7z\xbc\xaf\x27\x1c", Form::Closed("a 7z archive")),
    (0, b"Rar!\x1a\x07", Form::Closed("a rar archive")),
    (0, b"MSCF\0\0\0\0", Form::Closed("a cabinet")),
    (0, b"xar!\0\x1c", Form::Closed("a xar archive")),
    (0, b"\xc7\x71", Form::Closed("a binary cpio archive")),
];

impl Form {
    /// Tells by the first bytes, and by the path what has no magic of its own; a tar of before 1988
    /// has a checksum.
    pub(super) fn of(path: &str, head: &[u8]) -> Option<Self> {
        let has = |(at, magic, _): &&(usize, &[u8], Self)| {
            head.get(*at..).is_some_and(|rest| rest.starts_with(magic))
        };
        if let Some((_, _, form)) = MAGICS.iter().find(has) {
            return Some(*form);
        }
        match Compression::of(head) {
            Compression::Plain if git::is_object(path, head) => Some(Self::Object),
            Compression::Plain if is_script(head) => Some(Self::Script(behind_script(head))),
            Compression::Plain => head
                .first_chunk()
                .is_some_and(is_header)
                .then_some(Self::Tar),
            packed => Some(Self::Packed(packed)),
        }
    }
}

/// Whether bytes begin as a script does, and are no text.
pub(in crate::layer::intake) fn is_script(bytes: &[u8]) -> bool {
    bytes.starts_with(b"#!") && memchr::memchr(0, bytes).is_some()
}

/// Where an archive begins behind the lines of a script: an application of Python (zipapp), a jar that
/// is run, what makeself and installers of vendors are.
pub(in crate::layer::intake) fn behind_script(bytes: &[u8]) -> Option<usize> {
    let begins = |rest: &[u8]| {
        let has = |(at, magic, _): &(usize, &[u8], Form)| {
            let is_sure = magic.len() > 2 && (*at == 0 || *magic == b"ustar");
            is_sure && rest.get(*at..).is_some_and(|rest| rest.starts_with(magic))
        };
        MAGICS.iter().any(has) || Compression::of(rest) != Compression::Plain
    };
    let mut lines = memchr::memchr_iter(b'\n', bytes).map(|end| end + 1);
    lines.find(|at| begins(&bytes[*at..]))
}
