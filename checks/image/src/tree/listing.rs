//! What one layer brings, in the order of its tar, and what was found in its files.

use std::collections::BTreeMap;
use std::sync::Arc;

use hpcctl_model::scan::ContentKind;
use serde::{Deserialize, Serialize};

use crate::catalog::Found;
use crate::linkage::Linkage;
use crate::owners::Owners;
use crate::sensitive::Sighting;
use crate::tarball::{Device, Head, Kind};

/// A layer's entries; all names lie in one buffer.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Listing {
    names: String,
    entries: Vec<Packed>,
    /// Who owns them.
    pub(crate) owners: Owners,
    /// What was found, by the index of the entry, in ascending order.
    pub(crate) facts: Vec<(u32, Facts)>,
    /// What counts even where a later layer hides the file, by the index of the entry.
    pub(crate) marks: Vec<(u32, Mark)>,
    /// The texts of licence files that are told, by their digests: of files that are the same a later
    /// layer may remove any.
    pub(crate) texts: BTreeMap<Sha, Arc<str>>,
}

/// What counts of a file even where a later layer hides it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Mark {
    /// It gives access.
    Sensitive(Sighting),
    /// It is a library with this SONAME, which vendors' terms name.
    Soname(String),
    /// It is a build with this id, which vendors' terms name.
    BuildId(String),
    /// It holds files that vendors' terms may name.
    Holds(Member),
    /// It is a device.
    Device(Device),
    /// It runs with capabilities.
    Capabilities(u64),
    /// The SHA-256 digest of a program with privileges.
    Digest(String),
}

/// Files in an archive that one row of vendors' terms is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// The path of the first of them, in the innermost archive.
    pub(crate) path: String,
    /// Its SONAME.
    pub(crate) soname: Option<String>,
    /// How many there are.
    pub(crate) count: u64,
}

/// The most marks of one layer; no image needs as many.
const MOST_MARKS: usize = 100_000;

/// What was found in one file.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The licences that the file bears.
    pub(crate) license: Option<FileLicense>,
    /// The digest of a licence file in which no licence was recognised.
    pub(crate) unrecognised: Option<Sha>,
    /// What the catalogers found, by their place in the table.
    pub(crate) found: Vec<(usize, Found)>,
    /// What the loader goes by; it is read anew each time.
    #[serde(skip)]
    pub(crate) linked: Option<Arc<Linked>>,
    /// The layer that brought the file.
    pub(crate) layer: u32,
    /// The version of this file in a lower layer.
    pub(crate) previous: Option<u32>,
}

/// What the loader goes by.
#[derive(Debug)]
pub(crate) enum Linked {
    /// What an ELF file says.
    Elf(Arc<Linkage>),
    /// A setting, as it is.
    Setting(Vec<u8>),
}

/// The licences of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileLicense {
    /// The SPDX expression.
    pub(crate) expression: Arc<str>,
    /// Whether the file does more than name or point to a licence.
    pub(crate) grants: bool,
    /// The SHA-256 digest of the file; none where only its start was looked at.
    pub(crate) sha256: Option<Sha>,
    /// The copyright statements of a licence file or a README.
    pub(crate) copyrights: Arc<[String]>,
    /// The licences of which it has the whole text.
    pub(crate) texts: Arc<[String]>,
}

/// A SHA-256 digest.
pub(crate) type Sha = [u8; 32];

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Packed {
    path: Span,
    link: Span,
    size: u64,
    mode: u16,
    kind: Kind,
    content: ContentKind,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Span {
    start: u32,
    length: u32,
}

/// One entry of a layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// The path, without a slash at either end.
    pub(crate) path: &'a str,
    /// Where a link leads.
    pub(crate) link: &'a str,
    /// The size in bytes.
    pub(crate) size: u64,
    /// The permission bits.
    pub(crate) mode: u16,
    /// What kind of file it is.
    pub(crate) kind: Kind,
    /// What its content looks like.
    pub(crate) content: ContentKind,
}

impl Listing {
    /// Adds an entry; false when the names no longer fit.
    pub(crate) fn push(&mut self, path: &str, link: &str, head: &Head) -> bool {
        let is_privileged = head.kind == Kind::File && head.mode & 0o6000 != 0;
        self.owners.note(path, head.owner, is_privileged);
        let (Some(path), Some(link)) = (self.name(path), self.name(link)) else {
            return false;
        };
        let (size, mode, kind) = (head.size, head.mode, head.kind);
        self.entries.push(Packed {
            path,
            link,
            size,
            mode,
            kind,
            content: ContentKind::Empty,
        });
        if let Some(device) = head.grants.device {
            self.mark(Mark::Device(device));
        }
        if let Some(capabilities) = head.grants.capabilities {
            self.mark(Mark::Capabilities(capabilities));
        }
        true
    }

    /// Marks the entry that was added last.
    pub(crate) fn mark(&mut self, mark: Mark) {
        if let Some(last) = self.last() {
            self.mark_at(last, mark);
        }
    }

    /// Marks an entry.
    pub(crate) fn mark_at(&mut self, index: u32, mark: Mark) {
        if self.marks.len() < MOST_MARKS {
            self.marks.push((index, mark));
        }
    }

    /// The permission bits of the entry that was added last.
    pub(crate) fn last_mode(&self) -> u16 {
        self.entries.last().map_or(0, |packed| packed.mode)
    }

    /// Whether there are more marks than are kept.
    pub(crate) fn marks_are_full(&self) -> bool {
        self.marks.len() >= MOST_MARKS
    }

    /// The index of the entry that was added last.
    fn last(&self) -> Option<u32> {
        u32::try_from(self.entries.len()).ok()?.checked_sub(1)
    }

    /// An entry by its index.
    pub(crate) fn entry(&self, index: u32) -> Option<Entry<'_>> {
        self.entries
            .get(index as usize)
            .map(|packed| self.unpacked(packed))
    }

    fn unpacked(&self, packed: &Packed) -> Entry<'_> {
        Entry {
            path: self.text(packed.path),
            link: self.text(packed.link),
            size: packed.size,
            mode: packed.mode,
            kind: packed.kind,
            content: packed.content,
        }
    }

    /// Notes what the content of the entry that was added last looks like.
    pub(crate) fn looks_like(&mut self, content: ContentKind) {
        if let Some(last) = self.entries.last_mut() {
            last.content = content;
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All entries, in the order of the tar.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.entries.iter().map(|packed| self.unpacked(packed))
    }

    fn name(&mut self, text: &str) -> Option<Span> {
        let start = u32::try_from(self.names.len()).ok()?;
        let length = u32::try_from(text.len()).ok()?;
        start.checked_add(length)?;
        self.names.push_str(text);
        Some(Span { start, length })
    }

    fn text(&self, span: Span) -> &str {
        let start = span.start as usize;
        &self.names[start..start + span.length as usize]
    }
}
