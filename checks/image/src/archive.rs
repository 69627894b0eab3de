//! The tar that an image is stored in, read by the offsets of its entries.

use std::collections::HashMap;
use std::io;

use crate::Limits;
use crate::blob::Blob;
use crate::tarball::{Kind, Walk};

/// Links that one name may lead through.
const LINKS: usize = 10;

/// An indexed tar.
#[derive(Debug)]
pub(crate) struct Archive {
    blob: Blob,
    entries: HashMap<String, Place>,
    /// Why the index ends before the archive does.
    pub(crate) fault: Option<String>,
}

#[derive(Debug)]
enum Place {
    File { offset: u64, size: u64 },
    Link(String),
}

impl Archive {
    /// Indexes a tar by its headers; contents are passed over.
    pub(crate) fn index(blob: Blob, limits: &Limits) -> Self {
        let mut entries = HashMap::new();
        let mut walk = Walk::new(blob.reader(None), limits);
        let fault = loop {
            let head = match walk.advance() {
                Ok(Some(head)) => head,
                Ok(None) => break None,
                Err(fault) => break Some(fault.to_string()),
            };
            if entries.len() >= limits.archive_entries {
                break Some(format!(
                    "it has more than {} entries",
                    limits.archive_entries
                ));
            }
            let place = match head.kind {
                Kind::File if !head.sparse => Place::File {
                    offset: walk.bytes().place(),
                    size: head.size,
                },
                Kind::HardLink => Place::Link(walk.link().to_owned()),
                Kind::Symlink => match joined(walk.path(), walk.link()) {
                    Some(target) => Place::Link(target),
                    None => continue,
                },
                _ => continue,
            };
            if head.fault.is_none() {
                entries.insert(walk.path().to_owned(), place);
            }
        };
        drop(walk);
        Self {
            blob,
            entries,
            fault,
        }
    }

    /// The bytes of an entry, through links; none when it is not there.
    pub(crate) fn get(&self, name: &str) -> Option<Blob> {
        let mut name = name;
        for _ in 0..LINKS {
            match self.entries.get(name)? {
                Place::File { offset, size } => return Some(self.blob.part(*offset, *size)),
                Place::Link(target) => name = target,
            }
        }
        None
    }

    /// All bytes of an entry that is a document.
    pub(crate) fn document(&self, name: &str, limits: &Limits) -> io::Result<Vec<u8>> {
        let blob = self.get(name).ok_or_else(|| {
            let why = self
                .fault
                .as_ref()
                .map_or(String::new(), |fault| format!(" ({fault})"));
            io::Error::other(format!("it has no {name}{why}"))
        })?;
        blob.bytes(limits.document_bytes)
    }
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
}
