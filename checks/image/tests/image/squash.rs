//! Writes squashfs and SIF images; no tool of the host is needed.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Bytes of a block, the least that the format allows.
pub const BLOCK: usize = 4096;

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A table in blocks of 8 KiB.
#[derive(Default)]
struct Table {
    stored: Vec<u8>,
    plain: Vec<u8>,
}

impl Table {
    /// Where the next byte will be: a block, and a place in it.
    fn place(&self) -> (u32, u16) {
        (self.stored.len() as u32, self.plain.len() as u16)
    }

    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.plain.push(*byte);
            if self.plain.len() == 8192 {
                self.flush();
            }
        }
    }

    /// Small tables are stored plain.
    fn flush(&mut self) {
        if self.plain.is_empty() {
            return;
        }
        let packed = zlib(&self.plain);
        let (mark, bytes) = match self.plain.len() > 256 {
            true => (0, &packed),
            false => (0x8000, &self.plain),
        };
        let header = mark | bytes.len() as u16;
        self.stored.extend(header.to_le_bytes());
        self.stored.extend(bytes);
        self.plain.clear();
    }
}

/// A tree that becomes an image.
#[derive(Default)]
pub struct Squash {
    root: Folder,
}

#[derive(Default)]
struct Folder(BTreeMap<String, Node>);

enum Node {
    Folder(Folder),
    File(Vec<u8>),
    Symlink(String),
}

struct Writing {
    data: Vec<u8>,
    fragment: Vec<u8>,
    inodes: Table,
    listings: Table,
    count: u32,
}

impl Squash {
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.put(path, Node::File(content.as_ref().to_vec()))
    }

    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.put(path, Node::Symlink(target.to_owned()))
    }

    fn put(mut self, path: &str, node: Node) -> Self {
        let mut folder = &mut self.root;
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        for part in above.split('/').filter(|part| !part.is_empty()) {
            let entry = folder.0.entry(part.to_owned());
            let Node::Folder(next) = entry.or_insert_with(|| Node::Folder(Folder::default()))
            else {
                panic!("{part} is no folder");
            };
            folder = next;
        }
        folder.0.insert(name.to_owned(), node);
        self
    }

    /// The image.
    pub fn image(&self) -> Vec<u8> {
        let mut writing = Writing {
            data: vec![0; 96],
            fragment: Vec::new(),
            inodes: Table::default(),
            listings: Table::default(),
            count: 0,
        };
        let root = writing.folder(&self.root);
        writing.finish(root)
    }
}

/// The reference of an inode.
type Place = (u32, u16);

impl Writing {
    fn inode(&mut self, kind: u16, mode: u16, body: &[u8]) -> Place {
        let place = self.inodes.place();
        self.count += 1;
        for number in [kind, mode, 0, 0] {
            self.inodes.put(&number.to_le_bytes());
        }
        self.inodes.put(&[0; 4]);
        self.inodes.put(&self.count.to_le_bytes());
        self.inodes.put(body);
        place
    }

    fn folder(&mut self, folder: &Folder) -> Place {
        let mut entries = Vec::new();
        for (name, node) in &folder.0 {
            let (kind, place) = match node {
                Node::Folder(folder) => (1_u16, self.folder(folder)),
                Node::File(content) => (2, self.file(content)),
                Node::Symlink(target) => {
                    let size = target.len() as u32;
                    let body = [&1_u32.to_le_bytes(), &size.to_le_bytes(), target.as_bytes()];
                    (3, self.inode(3, 0o777, &body.concat()))
                }
            };
            entries.push((name, kind, place));
        }
        let (block, at) = self.listings.place();
        let mut size = 3;
        // A header of its own for each entry is allowed, and simple.
        for (name, kind, (inode, offset)) in entries {
            for number in [0, inode, 0] {
                self.listings.put(&number.to_le_bytes());
            }
            for number in [offset, 0, kind, name.len() as u16 - 1] {
                self.listings.put(&number.to_le_bytes());
            }
            self.listings.put(name.as_bytes());
            size += 20 + name.len() as u16;
        }
        let mut body = Vec::new();
        body.extend(block.to_le_bytes());
        body.extend(2_u32.to_le_bytes());
        body.extend(size.to_le_bytes());
        body.extend(at.to_le_bytes());
        body.extend([0; 4]);
        self.inode(1, 0o755, &body)
    }

    fn file(&mut self, content: &[u8]) -> Place {
        let start = self.data.len() as u32;
        let mut sizes = Vec::new();
        let (whole, end) = content.split_at(content.len() / BLOCK * BLOCK);
        for block in whole.chunks(BLOCK) {
            if block.iter().all(|byte| *byte == 0) {
                sizes.extend([0; 4]);
                continue;
            }
            let packed = zlib(block);
            let size = packed.len() as u32;
            sizes.extend(size.to_le_bytes());
            self.data.extend(packed);
        }
        let (fragment, from) = match end.len() {
            0 => (u32::MAX, 0),
            _ => (0, self.fragment.len() as u32),
        };
        self.fragment.extend(end);
        assert!(
            self.fragment.len() <= BLOCK,
            "the ends of files fill a fragment"
        );
        let mut body = Vec::new();
        for number in [start, fragment, from, content.len() as u32] {
            body.extend(number.to_le_bytes());
        }
        body.extend(sizes);
        self.inode(2, 0o644, &body)
    }

    fn finish(mut self, (block, at): Place) -> Vec<u8> {
        let mut image = self.data;
        let packed = zlib(&self.fragment);
        let mut fragments = Table::default();
        fragments.put(&(image.len() as u64).to_le_bytes());
        fragments.put(&(packed.len() as u32).to_le_bytes());
        fragments.put(&[0; 4]);
        image.extend(packed);
        let mut ids = Table::default();
        ids.put(&[0; 4]);
        let mut put = |table: &mut Table, listed: bool| {
            table.flush();
            let place = image.len() as u64;
            image.extend(&table.stored);
            let list = image.len() as u64;
            if listed {
                image.extend(place.to_le_bytes());
                return list;
            }
            place
        };
        let inodes = put(&mut self.inodes, false);
        let listings = put(&mut self.listings, false);
        let fragments = put(&mut fragments, true);
        let ids = put(&mut ids, true);
        let mut header = Vec::new();
        for number in [0x7371_7368, self.count, 0, BLOCK as u32, 1] {
            header.extend(number.to_le_bytes());
        }
        for number in [1_u16, 12, 0, 1, 4, 0] {
            header.extend(number.to_le_bytes());
        }
        let root = u64::from(block) << 16 | u64::from(at);
        let used = image.len() as u64;
        for number in [
            root,
            used,
            ids,
            u64::MAX,
            inodes,
            listings,
            fragments,
            u64::MAX,
        ] {
            header.extend(number.to_le_bytes());
        }
        image[..96].copy_from_slice(&header);
        image
    }
}

/// An object of a SIF image: its type, what is special to the type, and its bytes.
pub type Object<'a> = (u32, Vec<u8>, &'a [u8]);

/// The type and the special part of a primary system partition with a file system.
pub fn system(file_system: u32, image: &[u8]) -> Object<'_> {
    let extra = [file_system, 2].map(u32::to_le_bytes).concat();
    (0x4004, extra, image)
}

/// A SIF image of these objects.
pub fn sif(objects: &[Object<'_>]) -> Vec<u8> {
    let mut image = b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\x0001\0".to_vec();
    image.resize(88, 0);
    let count = objects.len() as u64;
    for number in [count, 4096, 585 * count, 8192, 0] {
        image.extend(number.to_le_bytes());
    }
    image.resize(4096, 0);
    let mut content: Vec<u8> = Vec::new();
    for (place, (kind, extra, bytes)) in objects.iter().enumerate() {
        content.resize(content.len().next_multiple_of(512), 0);
        let mut descriptor = Vec::new();
        descriptor.extend(kind.to_le_bytes());
        descriptor.push(1);
        for number in [place as u32 + 1, 1, 0] {
            descriptor.extend(number.to_le_bytes());
        }
        for number in [8192 + content.len() as u64, bytes.len() as u64] {
            descriptor.extend(number.to_le_bytes());
        }
        descriptor.resize(201, 0);
        descriptor.extend(extra);
        descriptor.resize(585, 0);
        image.extend(descriptor);
        content.extend(*bytes);
    }
    assert!(image.len() <= 8192);
    image.resize(8192, 0);
    image.extend(content);
    image
}
