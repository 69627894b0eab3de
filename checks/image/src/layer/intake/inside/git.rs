//! Objects of Git: loose ones, and packs of them (gitformat-pack(5), git-hash-object(1)). What was
//! committed stays there, whatever a later commit removes.
//!
//! Of a delta the bytes that it adds are looked at. A pack does not tell the paths of its files, so
//! that the keys of the tests of a project that was cloned look like others: they are clues.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::ZlibDecoder;

use super::{Inside, Member, Stream};

/// What a pack begins with.
pub(super) const PACK: &[u8] = b"PACK\0\0\0\x02";

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
    let is_zlib = matches!(head, [0x78, second, ..] if (0x7800 + u16::from(*second)) % 31 == 0);
    is_zlib && above == Some("objects") && is_hex(directory, &[2]) && is_hex(name, &[38, 62])
}

/// Looks at a loose object.
pub(super) fn loose(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    let plain = BufReader::new(ZlibDecoder::new(stored));
    let mut plain = inside.counted(plain);
    let mut head = Vec::new();
    (&mut plain).take(LONGEST).read_until(0, &mut head)?;
    if !head.starts_with(b"tree ") {
        inside.any(&mut plain, Member::of(above, "object", 0o644, None), depth);
    }
    io::copy(&mut plain, &mut io::sink()).map(drop)
}

/// Looks at the objects of a pack.
pub(super) fn pack(
    inside: &mut Inside<'_>,
    stored: &mut dyn Stream,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    let seen = inside.seen.len();
    let read = objects(inside, stored, above, depth);
    for one in &mut inside.seen[seen..] {
        one.is_clue = true;
    }
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
        match kind {
            OFFSET_DELTA => while byte(stored)? & 0x80 != 0 {},
            NAME_DELTA => stored.read_exact(&mut [0; 20])?,
            _ => {}
        }
        let plain = BufReader::new(ZlibDecoder::new(&mut *stored));
        let mut plain = inside.counted(plain);
        if kind != TREE {
            let one = Member::of(above, &format!("object {}", place + 1), 0o644, None);
            inside.any(&mut plain, one, depth);
        }
        io::copy(&mut plain, &mut io::sink())?;
    }
    Ok(())
}

fn byte(stored: &mut dyn Stream) -> io::Result<u8> {
    let mut one = [0];
    stored.read_exact(&mut one)?;
    Ok(one[0])
}

#[cfg(test)]
mod tests {
    use std::process::Command;

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

    /// Keys in a repository that Git makes, loose and packed.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test runs git and reads its files"
    )]
    fn what_was_committed_is_found() {
        let place = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C").arg(place.path());
            git.args(["-c", "user.name=u", "-c", "user.email=u@h"]);
            git.args(args).output()
        };
        if git(&["init", "-q"]).is_err() {
            println!("skipped: there is no git");
            return;
        }
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
        let seen = |pattern: &str| {
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
                let bytes = std::fs::read(file).unwrap();
                let mut inside = Inside::new(file, bytes.len() as u64, &limits, &room);
                inside.any(&mut &bytes[..], Member::new("o".into(), 0o644, None), 0);
                seen.extend(inside.told().filter_map(|mark| match mark {
                    Mark::Sensitive(one) => Some((one.rule, one.is_clue)),
                    _ => None,
                }));
            }
            seen
        };
        assert_eq!(seen("*/objects/??/*"), [("secret.token", false); 2]);
        git(&["gc", "-q", "--aggressive", "--prune=now"]).unwrap();
        assert_eq!(seen("*/objects/??/*"), []);
        assert_eq!(seen("*.pack"), [("secret.token", true); 2]);
    }
}
