//! File systems that were made to hurt.

use std::io::Write;

use proptest::prelude::*;

use super::*;

const BLOCK: usize = 1024;
const BLOCKS: usize = 128;
const INODES: u32 = 128;

/// The block that the table of inodes begins at, and the first behind it.
const TABLE: usize = 5;
const FREE: usize = TABLE + 16;

/// A file system of one group, with blocks of 1 KiB and inodes of 128 bytes.
struct Image(Vec<u8>);

impl Image {
    fn new() -> Self {
        let mut image = Self(vec![0; BLOCK * BLOCKS]);
        for (at, value) in [
            (0x4, BLOCKS as u32),
            (0x14, 1),
            (0x20, BLOCKS as u32),
            (0x28, INODES),
            (0x4c, 1),
            (0x58, 128),
        ] {
            image.put(BLOCK + at, &value.to_le_bytes());
        }
        image.put(2 * BLOCK + 0x8, &(TABLE as u32).to_le_bytes());
        image
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// An inode with its first block.
    fn inode(&mut self, number: usize, mode: u16, block: u32) {
        let at = TABLE * BLOCK + (number - 1) * 128;
        self.put(at, &mode.to_le_bytes());
        self.put(at + 0x1a, &1_u16.to_le_bytes());
        self.put(at + 0x28, &block.to_le_bytes());
    }

    /// A directory in a block of its own, with these inodes and names.
    fn directory(&mut self, number: usize, block: usize, entries: &[(u32, &[u8])]) {
        self.inode(number, DIRECTORY, block as u32);
        let mut at = block * BLOCK;
        for (inode, name) in entries {
            let length = 8 + name.len().next_multiple_of(4);
            self.put(at, &inode.to_le_bytes());
            self.put(at + 4, &(length as u16).to_le_bytes());
            self.put(at + 6, &[name.len() as u8]);
            self.put(at + 8, name);
            at += length;
        }
    }

    fn grants(&self) -> io::Result<HashMap<Vec<u8>, Grants>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&self.0).unwrap();
        of(&Blob::open(file.path()).unwrap(), 10_000)
    }
}

/// A root with a device, which makes directories be read.
fn with_device(entries: &[(u32, &[u8])]) -> Image {
    let mut image = Image::new();
    image.inode(11, CHARACTER, 0x103);
    let all: Vec<(u32, &[u8])> = [&[(11, &b"null"[..])], entries].concat();
    image.directory(2, FREE, &all);
    image
}

#[test]
fn a_device_is_told_by_its_path() {
    let mut image = with_device(&[(12, b"dev")]);
    image.directory(12, FREE + 1, &[(11, b"zero")]);
    let found = image.grants().unwrap();
    let mut paths: Vec<&[u8]> = found.keys().map(Vec::as_slice).collect();
    paths.sort_unstable();
    assert_eq!(paths, [&b"/dev/zero"[..], b"/null"]);
    let device = found[&b"/null"[..]].device.unwrap();
    assert_eq!((device.major, device.minor, device.is_block), (1, 3, false));
}

#[test]
fn directories_in_a_circle_end() {
    let mut image = with_device(&[(2, b"self"), (12, b"a")]);
    image.directory(12, FREE + 1, &[(2, b"root"), (12, b"a"), (11, b"null")]);
    assert_eq!(image.grants().unwrap().len(), 2);
}

#[test]
fn a_path_without_an_end_is_refused() {
    let name = [b'n'; 255];
    let mut image = with_device(&[(12, &name)]);
    for number in 12..112 {
        image.directory(number, FREE + number - 11, &[(number as u32 + 1, &name)]);
    }
    let error = image.grants().unwrap_err().to_string();
    assert!(error.contains("longer than systems take"), "{error}");
}

#[test]
fn what_cannot_be_is_refused() {
    type Change = fn(&mut Image);
    let root = TABLE * BLOCK + 128;
    assert_eq!(root, 5 * 1024 + 128);
    let cases: [(&str, Change); 6] = [
        ("no inodes in a group", |image| {
            image.put(BLOCK + 0x28, &[0; 4])
        }),
        ("a block behind the end", |image| {
            image.inode(2, DIRECTORY, 9999)
        }),
        ("a child in no group", |image| {
            image.directory(2, FREE, &[(11, b"a"), (u32::MAX, b"b")])
        }),
        ("a table behind the end", |image| {
            image.put(2 * BLOCK + 0x8, &[0xff; 4])
        }),
        ("extents that are none", |image| {
            image.put(5 * 1024 + 128 + 0x20, &EXTENTS.to_le_bytes())
        }),
        ("a directory in its inode", |image| {
            image.put(5 * 1024 + 128 + 0x20, &INLINE.to_le_bytes())
        }),
    ];
    for (what, change) in cases {
        let mut image = with_device(&[]);
        change(&mut image);
        let found = image.grants();
        let is_empty = found.as_ref().is_ok_and(HashMap::is_empty);
        assert!(found.is_err() || is_empty, "{what}: {found:?}");
    }
    let mut image = with_device(&[]);
    // A row of entries that leads nowhere.
    image.put(FREE * BLOCK + 4, &[0, 0]);
    assert_eq!(image.grants().unwrap().len(), 1);
}

proptest! {
    #[test]
    fn any_change_is_read_or_refused(changes in prop::collection::vec((0..BLOCK * 32, any::<u8>()), 1..12)) {
        let mut image = with_device(&[(12, b"dev"), (2, b"self")]);
        image.directory(12, FREE + 1, &[(11, b"zero")]);
        // The superblock, the descriptor, the inodes in use and the directories.
        for (at, byte) in changes {
            image.put(BLOCK + at % (image.0.len() - BLOCK), &[byte]);
        }
        let _ = image.grants();
    }
}
