//! Objects of Git: loose ones, and packs of them (gitformat-pack(5), git-hash-object(1)). What was
//! committed stays there, whatever a later commit removes.
//!
//! Of a delta the bytes that it adds are looked at. A pack does not tell the paths of its files, so
//! that the keys of the tests of a project that was cloned look like others: they are clues.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::ZlibDecoder;

use super::{Inside, Member, Stream, pass};

/// What a pack begins with; its two versions differ in nothing.
pub(super) const PACK: &[u8] = b"PACK\0\0\0\x02";
pub(super) const PACK_3: &[u8] = b"PACK\0\0\0\x03";

/// The lengths of the names of objects: of SHA-1, and what those of SHA-256 have more.
const NAME: usize = 20;
const MORE: usize = 12;

/// The longest head of a loose object, such as `blob 1234`, with its NUL.
const LONGEST: u64 = 32;

/// Kinds of objects in a pack.
const TREE: u8 = 2;
const OFFSET_DELTA: u8 = 6;
const NAME_DELTA: u8 = 7;

/// Whether a file is a loose object, by its path and how it begins.
pub(super) fn is_object(path: &str, head: &[u8]) -> bool {
    let mut parts = path.rsplit('/');
    let (name, directory, above) = (parts.next(), parts.next(), parts.next());
    let is_hex = |part: Option<&str>, lengths: &[usize]| {
        part.is_some_and(|part| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    is_zlib(head) && above == Some("objects") && is_hex(directory, &[2]) && is_hex(name, &[38, 62])
}

/// Whether it begins as what zlib compressed (RFC 1950, section 2.2).
fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [0x78, second, ..] if (0x7800 + u16::from(*second)) % 31 == 0)
}

/// Looks at a loose object.
pub(super) fn loose(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    let plain = BufReader::new(ZlibDecoder::new(&mut *stored));
    let mut plain = inside.counted(plain);
    let mut head = Vec::new();
    (&mut plain).take(LONGEST).read_until(0, &mut head)?;
    if !head.starts_with(b"tree ") {
        inside.any(&mut plain, Member::of(above, "object", 0o644, None), depth);
    }
    io::copy(&mut plain, &mut io::sink())?;
    drop(plain);
    inside.ends(stored, "an object of Git")
}

/// Looks at the objects of a pack.
pub(super) fn pack(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    let is_doubtful = std::mem::replace(&mut inside.is_doubtful, true);
    let read = objects(inside, stored, above, depth);
    inside.is_doubtful = is_doubtful;
    read
}

fn objects(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    let mut head = [0; 12];
    stored.read_exact(&mut head)?;
    let [_, _, _, _, _, _, _, _, count @ ..] = head;
    for place in 0..u32::from_be_bytes(count) {
        let first = byte(stored)?;
        let mut more = first;
        while more & 0x80 != 0 {
            more = byte(stored)?;
        }
        let kind = first >> 4 & 7;
        let start = match kind {
            OFFSET_DELTA => {
                while byte(stored)? & 0x80 != 0 {}
                Vec::new()
            }
            NAME_DELTA => base(stored)?,
            _ => Vec::new(),
        };
        let packed = Cursor::new(start).chain(&mut *stored);
        let plain = BufReader::new(ZlibDecoder::new(packed));
        let mut plain = inside.counted(plain);
        if kind != TREE {
            let one = Member::of(above, &format!("object {}", place + 1), 0o644, None);
            inside.any(&mut plain, one, depth);
        }
        io::copy(&mut plain, &mut io::sink())?;
    }
    // The digest of it all.
    pass(stored, NAME as u64)?;
    let mut more = Vec::new();
    stored.take(MORE as u64).read_to_end(&mut more)?;
    match more.len() {
        0 | MORE => inside.ends(stored, "a pack of Git"),
        _ => Err(io::Error::other("the end of a pack of Git is damaged")),
    }
}

/// Reads the name of the object that a delta is made of, and returns what was read behind it: a pack
/// does not say which names its repository has.
fn base(stored: &mut dyn Stream) -> io::Result<Vec<u8>> {
    let mut name = vec![0; NAME + 2];
    stored.read_exact(&mut name)?;
    if !is_zlib(&name[NAME..]) {
        name.resize(NAME + MORE + 2, 0);
        stored.read_exact(&mut name[NAME + 2..])?;
    }
    Ok(name.split_off(name.len() - 2))
}

fn byte(stored: &mut dyn Stream) -> io::Result<u8> {
    let mut one = [0];
    stored.read_exact(&mut one)?;
    Ok(one[0])
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use hpcctl_model::scan::UNREAD;

    use super::*;
    use crate::Limits;
    use crate::layer::Room;
    use crate::tree::Mark;

    #[test]
    fn objects_are_known_by_path_and_start() {
        let name = "ab/0123456789abcdef0123456789abcdef012345";
        let path = format!("srv/x/.git/objects/{name}");
        assert!(is_object(&path, b"\x78\x01xx") && is_object(&path, b"\x78\x9cxx"));
        assert!(!is_object(&path, b"\x78\x02xx"));
        assert!(!is_object("srv/x/.git/objects/ab/cd", b"\x78\x01xx"));
        assert!(!is_object(&format!("srv/{name}"), b"\x78\x01xx"));
    }

    /// Keys in repositories that Git makes, loose and packed, with names of SHA-1 and of SHA-256, and
    /// deltas by place and by name.
    #[test]
    fn what_was_committed_is_found() {
        for format in ["sha1", "sha256"] {
            for by_place in ["true", "false"] {
                committed(format, by_place);
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test runs git and reads its files"
    )]
    fn committed(format: &str, by_place: &str) {
        let place = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C").arg(place.path());
            git.args(["-c", "user.name=u", "-c", "user.email=u@h"]);
            git.args(args).output()
        };
        let format = format!("--object-format={format}");
        if !git(&["init", "-q", &format]).is_ok_and(|made| made.status.success()) {
            println!("skipped: there is no git that has {format}");
            return;
        }
        let setting = ["config", "repack.useDeltaBaseOffset", by_place];
        git(&setting).unwrap();
        let token = |seed| {
            let alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
            let word = crate::sensitive::tests::word(seed, 20, alphabet);
            format!("token = glpat-{word}\n")
        };
        // The second version is a delta of the first.
        let long = "a line that both of them have\n".repeat(50);
        for text in [long.clone() + &token(3), token(4) + &long] {
            std::fs::write(place.path().join("settings"), text).unwrap();
            git(&["add", "settings"]).unwrap();
            git(&["commit", "-q", "-m", "x"]).unwrap();
        }
        let seen = |pattern: &str, version: Option<u8>, more: &[u8]| {
            let files = Command::new("find")
                .arg(place.path())
                .args(["-path", pattern])
                .output();
            let files = String::from_utf8(files.unwrap().stdout).unwrap();
            let limits = Limits::default();
            let room = Room::new(&limits);
            let mut seen = Vec::new();
            for file in files
                .lines()
                .filter(|file| std::path::Path::new(file).is_file())
            {
                let mut bytes = std::fs::read(file).unwrap();
                bytes[7] = version.unwrap_or(bytes[7]);
                bytes.extend(more);
                let mut inside = Inside::new(file, bytes.len() as u64, &limits, &room);
                inside.any(&mut &bytes[..], Member::new("o".into(), 0o644, None), 0);
                seen.extend(inside.told().filter_map(|mark| match mark {
                    Mark::Sensitive(one) => Some((one.rule, one.is_clue)),
                    _ => None,
                }));
            }
            seen
        };
        let (token, clue) = (("secret.token", false), ("secret.token", true));
        assert_eq!(seen("*/objects/??/*", None, b""), [token; 2]);
        git(&["gc", "-q", "--aggressive", "--prune=now"]).unwrap();
        assert_eq!(seen("*/objects/??/*", None, b""), []);
        assert_eq!(seen("*.pack", None, b""), [clue; 2], "{format} {by_place}");
        assert_eq!(seen("*.pack", Some(3), b""), [clue; 2]);
        let unread = (UNREAD, false);
        assert_eq!(seen("*.pack", None, b"more"), [clue, clue, unread]);
        assert_eq!(
            seen("*.pack", None, b"more of it, and more"),
            [clue, clue, unread]
        );
    }
}
