//! The tar that an image is stored in.
//!
//! A plain one is read by the offsets of its entries. One that is compressed as a whole comes
//! only once: in one pass, what looks like a document is kept and what looks like a layer is
//! read, whatever the manifest will say about it.

use std::collections::HashMap;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use crate::Limits;
use crate::blob::{Blob, Hashed};
use crate::compression::Compression;
use crate::format::Session;
use crate::layer::{self, LayerRead, PlainDigest, Stored};
use crate::tarball::{Bytes, Entry, Head, Kind, TarFault, Walk};

/// Links that one name may lead through.
const LINKS: usize = 10;

/// Bytes that tell what an entry is.
const START: u64 = 512;

/// An archive whose entries are known.
#[derive(Debug)]
pub(crate) struct Archive {
    blob: Blob,
    entries: HashMap<String, Place>,
    /// Why the entries end before the archive does.
    pub(crate) fault: Option<String>,
}

#[derive(Debug)]
enum Place {
    File {
        offset: u64,
        size: u64,
    },
    Link(String),
    /// An entry of a compressed archive that is a document.
    Document(Vec<u8>),
    /// An entry of a compressed archive that is a layer.
    Layer(Arc<LayerRead>),
}

impl Archive {
    /// Opens an archive, compressed or not.
    pub(crate) fn open(blob: Blob, session: &Session<'_>) -> io::Result<Self> {
        let start = blob.part(0, START).bytes(START)?;
        match Compression::of(&start) {
            Compression::Plain => Ok(Self::index(blob, &session.plan.limits)),
            compression => Self::stream(blob, compression, session),
        }
    }

    /// Indexes a tar by its headers; contents are passed over.
    pub(crate) fn index(blob: Blob, limits: &Limits) -> Self {
        let mut walk = Walk::new(blob.reader(None), limits);
        let mut entries = HashMap::new();
        let fault = gather(&mut walk, limits, &mut entries, |walk, head| {
            Ok((!head.sparse).then(|| Place::File {
                offset: walk.bytes().place(),
                size: head.size,
            }))
        });
        drop(walk);
        Self {
            blob,
            entries,
            fault,
        }
    }

    /// Reads a compressed tar in one pass.
    fn stream(blob: Blob, compression: Compression, session: &Session<'_>) -> io::Result<Self> {
        let limits = &session.plan.limits;
        session.progress.total(blob.size());
        session.plan.room.earn(blob.size());
        let plain = compression.decoder(blob.reader(Some(session.progress)))?;
        let limit = layer::plain_limit(limits, blob.size());
        let mut walk = Walk::new(Hashed::without_digest(plain, limit), limits);
        let mut entries = HashMap::new();
        let mut streaming = Streaming {
            session,
            layers: 0,
            documents: limits.archive_document_bytes,
        };
        let fault = gather(&mut walk, limits, &mut entries, |walk, head| {
            streaming.place(walk, head)
        });
        drop(walk);
        Ok(Self {
            blob,
            entries,
            fault,
        })
    }

    /// Whether there is such an entry.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// An entry, through links; none when it is not there.
    fn find(&self, name: &str) -> Option<&Place> {
        let mut name = name;
        for _ in 0..LINKS {
            match self.entries.get(name)? {
                Place::Link(target) => name = target,
                place => return Some(place),
            }
        }
        None
    }

    /// An entry that is a layer.
    pub(crate) fn layer(&self, name: &str) -> Result<Stored, String> {
        match self.find(name) {
            Some(Place::File { offset, size }) => Ok(Stored::Tar(self.blob.part(*offset, *size))),
            Some(Place::Layer(read)) => Ok(Stored::Read(Arc::clone(read))),
            Some(Place::Document(_) | Place::Link(_)) => Err(format!("{name} is not a tar")),
            None => Err(self.missing(name)),
        }
    }

    /// An entry of a plain archive, whatever it is.
    pub(crate) fn file(&self, name: &str) -> Result<Blob, String> {
        match self.find(name) {
            Some(Place::File { offset, size }) => Ok(self.blob.part(*offset, *size)),
            Some(_) => Err(format!("{name} is no file")),
            None => Err(self.missing(name)),
        }
    }

    /// All bytes of an entry that is a document.
    pub(crate) fn document(&self, name: &str, limits: &Limits) -> io::Result<Vec<u8>> {
        match self.find(name) {
            Some(Place::File { offset, size }) => {
                self.blob.part(*offset, *size).bytes(limits.document_bytes)
            }
            Some(Place::Document(bytes)) => Ok(bytes.clone()),
            Some(Place::Layer(_) | Place::Link(_)) => {
                Err(io::Error::other(format!("{name} is not a document")))
            }
            None => Err(io::Error::other(self.missing(name))),
        }
    }

    fn missing(&self, name: &str) -> String {
        let why = self.fault.as_ref();
        let why = why.map_or(String::new(), |fault| format!(" ({fault})"));
        format!("the archive has no {name}{why}")
    }
}

/// Gathers the entries of an archive; returns why they end too early.
fn gather<'a, R: Bytes>(
    walk: &mut Walk<'a, R>,
    limits: &Limits,
    entries: &mut HashMap<String, Place>,
    mut place: impl FnMut(&mut Walk<'a, R>, &Head) -> Result<Option<Place>, TarFault>,
) -> Option<String> {
    loop {
        let head = match walk.advance() {
            Ok(Some(head)) => head,
            Ok(None) => return None,
            Err(fault) => return Some(fault.to_string()),
        };
        if entries.len() >= limits.archive_entries {
            let most = limits.archive_entries;
            return Some(format!("it has more than {most} entries"));
        }
        if head.fault.is_some() {
            continue;
        }
        let name = walk.path().to_owned();
        let found = match head.kind {
            Kind::File => match place(walk, &head) {
                Ok(found) => found,
                Err(fault) => return Some(fault.to_string()),
            },
            Kind::HardLink => Some(Place::Link(walk.link().to_owned())),
            Kind::Symlink => joined(&name, walk.link()).map(Place::Link),
            _ => None,
        };
        if let Some(found) = found {
            entries.insert(name, found);
        }
    }
}

/// What a pass over a compressed archive may still keep.
struct Streaming<'s> {
    session: &'s Session<'s>,
    layers: usize,
    documents: u64,
}

impl Streaming<'_> {
    /// Keeps a document, reads a layer, and passes over anything else.
    fn place<R: Bytes>(
        &mut self,
        walk: &mut Walk<'_, R>,
        head: &Head,
    ) -> Result<Option<Place>, TarFault> {
        let limits = &self.session.plan.limits;
        let mut start = Vec::new();
        walk.read_content(START, &mut start)?;
        let is_document = matches!(start.trim_ascii_start(), [b'{' | b'[', ..]);
        if is_document && head.size <= limits.document_bytes.min(self.documents) {
            walk.read_content(limits.document_bytes, &mut start)?;
            self.documents -= head.size;
            return Ok(Some(Place::Document(start)));
        }
        if !is_tar(&start) || self.layers >= limits.layers {
            return Ok(None);
        }
        self.layers += 1;
        let name = walk.path().to_owned();
        self.session.progress.layer(&name, self.layers, 0);
        let stored = Cursor::new(start).chain(Entry::of(walk));
        let read = layer::read_tar(
            stored,
            head.size,
            &name,
            self.session.plan,
            PlainDigest::Taken,
        );
        Ok(Some(Place::Layer(Arc::new(read))))
    }
}

/// Whether bytes begin a tar, compressed or not; an empty one is all zero.
fn is_tar(start: &[u8]) -> bool {
    Compression::of(start) != Compression::Plain
        || start.get(257..262) == Some(b"ustar")
        || (!start.is_empty() && start.iter().all(|byte| *byte == 0))
}

/// What the names in a tar tell about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It holds an image.
    Image,
    /// It is a root file system.
    Root,
    /// Neither; with the reason when it could not be read to its end.
    Neither(Option<String>),
}

/// Directories that only a root file system has at its top.
const TOP: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "etc",
    "gnu",
    "home",
    "lib",
    "lib64",
    "media",
    "mnt",
    "nix",
    "opt",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "tmp",
    "usr",
    "var",
    ".singularity.d",
];

/// Files that only an image has at its top.
const DOCUMENTS: &[&str] = &["manifest.json", "index.json", "oci-layout", "repositories"];

/// Tells by the first names that are unmistakable what a tar holds.
pub(crate) fn look(blob: &Blob, limits: &Limits) -> io::Result<Look> {
    let start = blob.part(0, START).bytes(START)?;
    let compression = Compression::of(&start);
    if compression == Compression::Plain {
        return Ok(look_at(&mut Walk::new(blob.reader(None), limits), limits));
    }
    let plain = compression.decoder(blob.reader(None))?;
    let limit = layer::plain_limit(limits, blob.size());
    let plain = Hashed::without_digest(plain, limit);
    Ok(look_at(&mut Walk::new(plain, limits), limits))
}

fn look_at<R: Bytes>(walk: &mut Walk<'_, R>, limits: &Limits) -> Look {
    for _ in 0..limits.archive_entries {
        match walk.advance() {
            Ok(Some(_)) => {}
            Ok(None) => return Look::Neither(None),
            Err(fault) => return Look::Neither(Some(fault.to_string())),
        }
        let (top, below) = match walk.path().split_once('/') {
            Some((top, below)) => (top, Some(below)),
            None => (walk.path(), None),
        };
        let is_image = match below {
            Some(below) => top == "blobs" && below.starts_with("sha256"),
            None => DOCUMENTS.contains(&top),
        };
        if is_image || is_hex(top.split('.').next().unwrap_or_default()) {
            return Look::Image;
        }
        if TOP.contains(&top) {
            return Look::Root;
        }
    }
    Look::Neither(Some(format!(
        "none of its first {} entries tells",
        limits.archive_entries
    )))
}

/// Whether a name is a digest, as the layers of `docker save` are named.
fn is_hex(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Where a symbolic link in an archive leads; none when it climbs out.
fn joined(path: &str, target: &str) -> Option<String> {
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    if target.starts_with('/') {
        return None;
    }
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            _ => names.push(name),
        }
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        assert_eq!(
            joined("a/layer.tar", "../b/layer.tar").as_deref(),
            Some("b/layer.tar")
        );
        assert_eq!(joined("a", "../b"), None);
        assert_eq!(joined("a", "/etc/passwd"), None);
    }

    fn look_of(names: &[&str]) -> Look {
        let mut builder = tar::Builder::new(Vec::new());
        for name in names {
            let mut header = tar::Header::new_ustar();
            header.set_size(0);
            header.set_cksum();
            builder.append_data(&mut header, name, &b""[..]).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let limits = Limits::default();
        look_at(
            &mut Walk::new(Hashed::new(&bytes[..], u64::MAX), &limits),
            &limits,
        )
    }

    #[test]
    fn the_first_name_that_tells_decides() {
        let digest = "0".repeat(64);
        assert_eq!(look_of(&["a", "./usr/bin/env"]), Look::Root);
        assert_eq!(look_of(&["0/layer.tar", "manifest.json"]), Look::Image);
        assert_eq!(look_of(&[&format!("{digest}.tar")]), Look::Image);
        assert_eq!(look_of(&["blobs/sha256/00", "etc"]), Look::Image);
        assert_eq!(look_of(&["project/etc/passwd"]), Look::Neither(None));
    }
}
