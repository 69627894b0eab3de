//! The Singularity Image Format around a squashfs: a header, one descriptor, the file system.
//!
//! The layout is that of Sylabs' and Apptainer's `sif` packages, version 1: 128 bytes of header
//! and room for 48 descriptors of 585 bytes, all numbers little-endian, objects at multiples of
//! 4096 bytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use hpcctl_image::Platform;
use sha2::{Digest, Sha256};

/// The line by which the kernel runs the file.
const LAUNCH: &[u8] = b"#!/usr/bin/env run-singularity\n";

const HEADER: u64 = 128;
const DESCRIPTOR: u64 = 585;
const DESCRIPTORS: u64 = 48;

/// Objects begin at a multiple of this.
const ALIGNED: u64 = 4096;

/// The type of a partition, squashfs, and the partition that is run.
const PARTITION: u32 = 0x4004;
const SQUASHFS: u32 = 1;
const PRIMARY: u32 = 2;

/// The group that the parts of one image are in, with the mask of groups.
const GROUP: u32 = 0xf000_0001;

/// The numbers of architectures.
const ARCHITECTURES: &[(&str, &[u8; 3])] = &[
    ("386", b"01\0"),
    ("amd64", b"02\0"),
    ("arm", b"03\0"),
    ("arm64", b"04\0"),
    ("ppc64", b"05\0"),
    ("ppc64le", b"06\0"),
    ("s390x", b"11\0"),
    ("riscv64", b"12\0"),
];

/// Writes a SIF image with the file system in it; `digest` is that of what is staged, and makes
/// its number, and `time` is when it was made, in seconds since the epoch.
pub(crate) fn wrap(
    squashfs: &Path,
    sif: &Path,
    platform: &Platform,
    digest: &str,
    time: i64,
) -> io::Result<()> {
    let from = File::open(squashfs)?;
    let size = from.metadata()?.len();
    let start = (HEADER + DESCRIPTOR * DESCRIPTORS).next_multiple_of(ALIGNED);
    let mut to = File::create(sif)?;
    to.write_all(&header(start, size, architecture(platform), digest, time))?;
    to.write_all(&descriptor(start, size, architecture(platform), time))?;
    to.seek(SeekFrom::Start(start))?;
    let copied = io::copy(&mut from.take(size), &mut to)?;
    if copied != size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    to.sync_all()
}

fn architecture(platform: &Platform) -> &'static [u8; 3] {
    let known = ARCHITECTURES
        .iter()
        .find(|(name, _)| *name == platform.architecture);
    known.map_or(b"00\0", |(_, number)| number)
}

fn header(start: u64, size: u64, arch: &[u8; 3], digest: &str, time: i64) -> Vec<u8> {
    let mut header = vec![0; HEADER as usize];
    put(&mut header, 0, LAUNCH);
    put(&mut header, 32, b"SIF_MAGIC\0");
    put(&mut header, 42, b"01\0");
    put(&mut header, 45, arch);
    put(&mut header, 48, &number(digest));
    put(&mut header, 64, &time.to_le_bytes());
    put(&mut header, 72, &time.to_le_bytes());
    put(&mut header, 80, &(DESCRIPTORS - 1).to_le_bytes());
    put(&mut header, 88, &DESCRIPTORS.to_le_bytes());
    put(&mut header, 96, &HEADER.to_le_bytes());
    put(&mut header, 104, &(DESCRIPTOR * DESCRIPTORS).to_le_bytes());
    put(&mut header, 112, &start.to_le_bytes());
    put(&mut header, 120, &size.to_le_bytes());
    header
}

fn descriptor(start: u64, size: u64, arch: &[u8; 3], time: i64) -> Vec<u8> {
    let mut descriptor = vec![0; DESCRIPTOR as usize];
    put(&mut descriptor, 0, &PARTITION.to_le_bytes());
    put(&mut descriptor, 4, &[1]);
    put(&mut descriptor, 5, &1_u32.to_le_bytes());
    put(&mut descriptor, 9, &GROUP.to_le_bytes());
    put(&mut descriptor, 17, &start.to_le_bytes());
    put(&mut descriptor, 25, &size.to_le_bytes());
    let padded = start - (HEADER + DESCRIPTOR * DESCRIPTORS) + size;
    put(&mut descriptor, 33, &padded.to_le_bytes());
    put(&mut descriptor, 41, &time.to_le_bytes());
    put(&mut descriptor, 49, &time.to_le_bytes());
    put(&mut descriptor, 73, b"squashfs");
    put(&mut descriptor, 201, &SQUASHFS.to_le_bytes());
    put(&mut descriptor, 205, &PRIMARY.to_le_bytes());
    put(&mut descriptor, 209, arch);
    descriptor
}

fn put(to: &mut [u8], at: usize, bytes: &[u8]) {
    to[at..at + bytes.len()].copy_from_slice(bytes);
}

/// A UUID of version 8 (RFC 9562), which is made of what one likes: here of the digest.
fn number(digest: &str) -> [u8; 16] {
    let hash = Sha256::digest(digest.as_bytes());
    let mut number = [0; 16];
    number.copy_from_slice(&hash[..16]);
    number[6] = number[6] & 0x0f | 0x80;
    number[8] = number[8] & 0x3f | 0x80;
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_lies_where_the_descriptor_says() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        File::create(&from)
            .unwrap()
            .write_all(b"hsqs and more")
            .unwrap();
        let platform: Platform = "linux/arm64".parse().unwrap();
        wrap(&from, &to, &platform, "sha256:0", 1_700_000_000).unwrap();
        let mut bytes = Vec::new();
        File::open(&to).unwrap().read_to_end(&mut bytes).unwrap();
        let at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!(&bytes[..50][32..48], b"SIF_MAGIC\x0001\x0004\0");
        let (count, start) = (at(88), at(96) as usize);
        assert_eq!((count, at(80)), (48, 47));
        let (offset, size) = (at(start + 17) as usize, at(start + 25) as usize);
        assert_eq!(offset % 4096, 0);
        assert_eq!(&bytes[offset..offset + size], b"hsqs and more");
        assert_eq!(bytes.len(), offset + size);
    }
}
