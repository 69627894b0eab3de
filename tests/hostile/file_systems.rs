//! Squashfs, ext and SIF images, and directories.

use std::path::Path;

use super::Case;
use super::parts::*;
use super::squash::{Squash, sif, system};

pub const CASES: &[Case] = &[
    Case {
        name: "a SIF of wild descriptors",
        make: |place| {
            let mut image = sif(&[(0x4001, vec![], b"Bootstrap: x"), system(1, b"hsqs")]);
            for descriptor in 0..2 {
                let at = 4096 + 585 * descriptor + 17;
                image[at..at + 16].fill(0xff);
            }
            put(place, "wild.sif", &image)
        },
        code: 5,
        says: "not known",
    },
    Case {
        name: "a SIF of 2^60 descriptors",
        make: |place| {
            let mut image = sif(&[system(1, b"hsqs")]);
            image[95] = 0x10;
            put(place, "many.sif", &image)
        },
        code: 5,
        says: "descriptors",
    },
    Case {
        name: "a SIF that is its own partition",
        make: |place| {
            let mut image = sif(&[system(3, b"x")]);
            image[4096 + 17..4096 + 25].fill(0);
            put(place, "self.sif", &image)
        },
        code: 3,
        says: "layer",
    },
    Case {
        name: "a squashfs that holds itself",
        make: |place| put(place, "loop.sqfs", &looped()),
        code: 3,
        says: "listed twice",
    },
    Case {
        name: "a squashfs that claims 2^32 inodes",
        make: |place| {
            let mut image = Squash::default().file("etc/a", "b").image();
            image[4..8].fill(0xff);
            image[16..20].fill(0xff);
            image[40..48].fill(0xff);
            put(place, "lie.sqfs", &image)
        },
        code: 0,
        says: "",
    },
    Case {
        name: "a squashfs whose tables lie anywhere",
        make: |place| {
            let mut image = Squash::default().file("etc/a", "b").image();
            image[64..80].fill(0xfe);
            put(place, "table.sqfs", &image)
        },
        code: 3,
        says: "layer",
    },
    Case {
        name: "a file of a TiB of holes in a squashfs",
        make: |place| {
            let zeros = vec![0; 64 * MIB];
            let mut squash = Squash::default();
            for n in 0..30 {
                squash = squash.file(&format!("{n}.jar"), &zeros);
            }
            put(place, "holes.sqfs", &squash.image())
        },
        code: 3,
        says: "",
    },
    Case {
        name: "an ext of 2^48 blocks",
        make: |place| {
            let mut image = vec![0; 8192];
            image[1080..1082].copy_from_slice(b"\x53\xef");
            image[1028..1032].fill(0xff);
            put(place, "lie.ext4", &image)
        },
        code: 3,
        says: "shorter than",
    },
    Case {
        name: "directories 3000 deep, two in each",
        make: deep,
        code: 0,
        says: "",
    },
];

/// An image whose root lists a folder that is the root.
fn looped() -> Vec<u8> {
    let image = Squash::default().file("a/b", "c").image();
    // The listing of the root is the last one, and its one entry leads to the inode of `a`.
    let root = u64::from_le_bytes(image[32..40].try_into().unwrap());
    let listings = u64::from_le_bytes(image[72..80].try_into().unwrap()) as usize + 2;
    let inodes = u64::from_le_bytes(image[64..72].try_into().unwrap()) as usize + 2;
    let inode = inodes + (root & 0xffff) as usize;
    let at = u16::from_le_bytes(image[inode + 26..inode + 28].try_into().unwrap());
    let entry = listings + usize::from(at) + 12;
    let mut image = image;
    image[entry..entry + 2].copy_from_slice(&((root & 0xffff) as u16).to_le_bytes());
    image
}

fn deep(place: &Path) -> String {
    use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
    let tree = place.join("tree");
    std::fs::create_dir(&tree).unwrap();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut at = openat(CWD, &tree, flags, Mode::empty()).unwrap();
    for _ in 0..3000 {
        mkdirat(&at, "a", Mode::RWXU).unwrap();
        mkdirat(&at, "b", Mode::RWXU).unwrap();
        at = openat(&at, "a", flags, Mode::empty()).unwrap();
    }
    format!("dir:{}", tree.display())
}
