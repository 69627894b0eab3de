//! The Singularity Image Format: a header, descriptors, and the objects that they describe.
//!
//! The layout is that of Sylabs' and Apptainer's `sif` packages, version 1: 128 bytes of header
//! and 585 bytes for each descriptor, all numbers little-endian.

use std::io;

use crate::blob::Blob;

/// The place and the bytes of the magic, behind the line that runs the image.
pub(crate) const MAGIC: (u64, &[u8]) = (32, b"SIF_MAGIC\0");

/// Bytes of the header and of a descriptor.
const HEADER: usize = 128;
const DESCRIPTOR: usize = 585;

/// Descriptors that are looked at; images are written with room for 48.
const MOST: u64 = 4096;

/// An object, as its descriptor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// Its number.
    pub(crate) id: u32,
    /// What it is.
    pub(crate) kind: ObjectKind,
    /// Its name.
    pub(crate) name: String,
    offset: u64,
    size: u64,
}

/// What an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    /// The definition file.
    Definition,
    /// A file system.
    Partition(FileSystem, Part),
    /// A signature, with the fingerprint of who signed where it is told.
    Signature(Option<String>),
    /// A list of software.
    Sbom(&'static str),
    /// The index of an OCI image.
    OciIndex,
    /// A blob of an OCI image.
    OciBlob(String),
    /// Anything else, by its name in the specification.
    Other(&'static str),
}

/// The file system of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileSystem {
    Squashfs,
    Ext,
    Archive,
    Raw,
    EncryptedSquashfs,
    Unknown,
}

/// What a partition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    System,
    PrimarySystem,
    Data,
    Overlay,
    Unknown,
}

/// An image whose descriptors were read.
#[derive(Debug)]
pub(crate) struct Sif {
    /// The file.
    pub(crate) file: Blob,
    /// Its objects, in the order of the descriptors.
    pub(crate) objects: Vec<Object>,
}

impl Sif {
    /// Reads the header and the descriptors.
    pub(crate) fn read(file: Blob) -> io::Result<Self> {
        let mut header = [0; HEADER];
        file.read_exact_at(0, &mut header)?;
        let refuse = |why: &str| Err(io::Error::other(why));
        if header[32..42] != *MAGIC.1 {
            return refuse("it does not begin like a SIF image");
        }
        if header[42..44] != *b"01" {
            return refuse("it is of a version of SIF that is not read");
        }
        let (count, start) = (u64_at(&header, 88), u64_at(&header, 96));
        if count > MOST {
            return refuse("it has more descriptors than are read");
        }
        let mut objects = Vec::new();
        for place in 0..count {
            let mut bytes = [0; DESCRIPTOR];
            let at = start.checked_add(place * DESCRIPTOR as u64);
            let at = at.ok_or(io::ErrorKind::UnexpectedEof)?;
            file.read_exact_at(at, &mut bytes)?;
            objects.extend(object(&bytes));
        }
        Ok(Self { file, objects })
    }

    /// A blob of the OCI image in it, by its place in a layout: `index.json` or
    /// `blobs/ALGORITHM/HEX`.
    pub(crate) fn in_layout(&self, place: &str) -> Option<Blob> {
        let digest = place
            .strip_prefix("blobs/")
            .map(|rest| rest.replacen('/', ":", 1));
        let mut objects = self.objects.iter();
        let object = objects.find(|object| match (&object.kind, &digest) {
            (ObjectKind::OciIndex, None) => place == "index.json",
            (ObjectKind::OciBlob(known), Some(digest)) => known == digest,
            _ => false,
        });
        object.map(|object| self.part(object))
    }

    /// The bytes of an object, as far as the file has them.
    pub(crate) fn part(&self, object: &Object) -> Blob {
        self.file.part(object.offset, object.size)
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    for (to, from) in field.iter_mut().zip(bytes.iter().skip(at)) {
        *to = *from;
    }
    field
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(field(bytes, at))
}

/// The bytes before the first NUL, as text.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    crate::tarball::text(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

/// Reads a descriptor; none where it is not in use.
fn object(bytes: &[u8; DESCRIPTOR]) -> Option<Object> {
    if bytes[4] == 0 {
        return None;
    }
    let extra = &bytes[201..];
    let kind = match u32_at(bytes, 0) {
        0x4001 => ObjectKind::Definition,
        0x4002 => ObjectKind::Other("environment variables"),
        0x4003 => ObjectKind::Other("labels"),
        0x4004 => ObjectKind::Partition(file_system(u32_at(extra, 0)), part(u32_at(extra, 4))),
        0x4005 => ObjectKind::Signature(fingerprint(&extra[4..260])),
        0x4006 => ObjectKind::Other("JSON"),
        0x4007 => ObjectKind::Other("data"),
        0x4008 => ObjectKind::Other("a cryptographic message"),
        0x4009 => ObjectKind::Sbom(sbom(u32_at(extra, 0))),
        0x400a => ObjectKind::OciIndex,
        0x400b => ObjectKind::OciBlob(text(extra)),
        _ => ObjectKind::Other("of no known type"),
    };
    Some(Object {
        id: u32_at(bytes, 5),
        kind,
        name: text(&bytes[73..201]),
        offset: u64_at(bytes, 17),
        size: u64_at(bytes, 25),
    })
}

fn file_system(number: u32) -> FileSystem {
    match number {
        1 => FileSystem::Squashfs,
        2 => FileSystem::Ext,
        3 => FileSystem::Archive,
        4 => FileSystem::Raw,
        5 => FileSystem::EncryptedSquashfs,
        _ => FileSystem::Unknown,
    }
}

fn part(number: u32) -> Part {
    match number {
        1 => Part::System,
        2 => Part::PrimarySystem,
        3 => Part::Data,
        4 => Part::Overlay,
        _ => Part::Unknown,
    }
}

fn sbom(number: u32) -> &'static str {
    match number {
        1 => "CycloneDX JSON",
        2 => "CycloneDX XML",
        3 => "GitHub JSON",
        4 => "SPDX JSON",
        5 => "SPDX RDF",
        6 => "SPDX tag-value",
        7 => "SPDX YAML",
        8 => "Syft JSON",
        _ => "of no known format",
    }
}

/// The fingerprint of an OpenPGP key; signatures with other keys leave the field empty.
fn fingerprint(entity: &[u8]) -> Option<String> {
    let bytes = &entity[..20];
    let is_given = bytes.iter().any(|byte| *byte != 0) && entity[20..].iter().all(|b| *b == 0);
    is_given.then(|| bytes.iter().map(|byte| format!("{byte:02X}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    /// A header, and a descriptor of the type with this extra and these bytes.
    fn image(kind: u32, extra: &[u8], content: &[u8]) -> Vec<u8> {
        let mut image = vec![0; HEADER + DESCRIPTOR];
        image[32..44].copy_from_slice(b"SIF_MAGIC\x0001");
        image[88] = 1;
        image[96] = HEADER as u8;
        let descriptor = &mut image[HEADER..];
        descriptor[..4].copy_from_slice(&kind.to_le_bytes());
        descriptor[4] = 1;
        descriptor[5] = 7;
        descriptor[17..25].copy_from_slice(&((HEADER + DESCRIPTOR) as u64).to_le_bytes());
        descriptor[25..33].copy_from_slice(&(content.len() as u64).to_le_bytes());
        descriptor[73..77].copy_from_slice(b"name");
        descriptor[201..201 + extra.len()].copy_from_slice(extra);
        image.extend(content);
        image
    }

    fn read(bytes: &[u8]) -> io::Result<Sif> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Sif::read(Blob::open(file.path()).unwrap())
    }

    #[test]
    fn an_object_is_found_by_its_descriptor() {
        let image = image(0x4004, &[1, 0, 0, 0, 2, 0, 0, 0], b"squash");
        let sif = read(&image).unwrap();
        let object = &sif.objects[0];
        assert_eq!((object.id, &*object.name), (7, "name"));
        let expected = ObjectKind::Partition(FileSystem::Squashfs, Part::PrimarySystem);
        assert_eq!(object.kind, expected);
        assert_eq!(sif.part(object).bytes(100).unwrap(), b"squash");
        let cut = read(&image[..image.len() - 1]).unwrap();
        assert_eq!(cut.part(&cut.objects[0]).bytes(100).unwrap(), b"squas");
    }

    #[test]
    fn a_signature_tells_who_signed() {
        let extra = [&[1, 0, 0, 0][..], &[0xab; 20]].concat();
        let sif = read(&image(0x4005, &extra, b"")).unwrap();
        assert_eq!(
            sif.objects[0].kind,
            ObjectKind::Signature(Some("AB".repeat(20)))
        );
        let sif = read(&image(0x4005, &[1, 0, 0, 0], b"")).unwrap();
        assert_eq!(sif.objects[0].kind, ObjectKind::Signature(None));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let mut image = image(0x4001, b"", b"");
        assert!(read(&image[..image.len() - 1]).is_err());
        image[90] = 1;
        assert!(
            read(&image)
                .unwrap_err()
                .to_string()
                .contains("descriptors")
        );
        image[43] = b'2';
        assert!(read(&image).unwrap_err().to_string().contains("version"));
    }

    proptest! {
        #[test]
        fn any_image_is_read_or_refused(at in 32_usize..800, byte: u8) {
            let mut image = image(0x4004, &[1, 0, 0, 0], b"x");
            let length = image.len();
            image[at % length] = byte;
            if let Ok(sif) = read(&image) {
                for object in &sif.objects {
                    assert!(sif.part(object).size() <= length as u64);
                }
            }
        }
    }
}
