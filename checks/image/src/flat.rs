//! One tree out of many layers: the merged files of an image as one tar, for whoever makes a file
//! system of it. Nothing is unpacked to disk.
//!
//! Layers are merged as the image specification of OCI says ("Applying Changesets"), and the tar
//! is GNU's (tar(5)). Owners, modes, times, devices and hard links are kept; extended attributes
//! are not: a file system that a user mounts takes no notice of file capabilities.

mod entry;

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::path::Path;

use entry::{Entry, Out};

use crate::blob::{Blob, Hashed};
use crate::compression::Compression;
use crate::fault::Faults;
use crate::format::{self, Session};
use crate::layer::{Plan, Stored, plain_limit};
use crate::owners::Owner;
use crate::tarball::{Head, Kind, Stamp, TarFault, Walk};
use crate::tree::{FileTree, Listing, NodeId, ROOT};
use crate::{Error, Limits, Options, Progress, Source};

/// Bytes of a file that are held at a time.
const PIECE: u64 = 128 * 1024;

/// A walk over a layer that is decompressed.
type LayerWalk<'b> = Walk<'b, Hashed<Box<dyn BufRead + 'b>>>;

/// What the merged tree holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flat {
    /// Regular files, each once.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Directories, links, devices and further names of files.
    pub others: u64,
}

/// A layer, and the digest of its plain tar as the configuration has it.
type Layer = (Blob, Option<String>);

/// The merged tree of an image whose layers were each read to their end, and are what the
/// configuration says.
pub struct Merged<'a> {
    layout: &'a Path,
    limits: &'a Limits,
    layers: Vec<Layer>,
    /// The merged tree. What it takes for the size of a file is here the number of the entry
    /// that brought it, counted over all layers from 1: by it the content is found again.
    tree: FileTree,
    /// By that number.
    told: Vec<Told>,
    root: Told,
}

impl<'a> Merged<'a> {
    /// Reads the one image of a layout.
    ///
    /// # Errors
    ///
    /// When anything of the image cannot be read, or a layer is not what the configuration says.
    pub fn read(
        layout: &'a Path,
        limits: &'a Limits,
        progress: &(dyn Progress + Sync),
    ) -> Result<Self, Error> {
        let plan = Plan::new(&Options {
            limits: limits.clone(),
            ..Options::default()
        })?;
        let session = Session {
            plan: &plan,
            progress,
        };
        let (opened, ..) = format::open(&Source::OciLayout(layout.to_owned(), None), &session)?;
        whole(layout, opened.faults)?;
        let mut layers = Vec::new();
        for layer in opened.layers {
            match layer.stored {
                Ok(Stored::Tar(blob)) => layers.push((blob, layer.diff_id)),
                Ok(_) => return Err(Error::not_an_image(layout, "a layer of it is no tar")),
                Err(why) => return Err(Error::not_an_image(layout, why)),
            }
        }
        let mut merged = Self {
            layout,
            limits,
            layers: Vec::new(),
            tree: FileTree::new(),
            told: Vec::new(),
            root: Told::default(),
        };
        let bytes = layers.iter().map(|(blob, _)| blob.size()).sum::<u64>();
        progress.total(bytes.saturating_mul(2));
        for (place, layer) in (0..).zip(&layers) {
            merged.survey(place, layer, opened.whiteouts, progress)?;
        }
        merged.layers = layers;
        Ok(merged)
    }

    /// When the newest of its files was changed, in seconds since the epoch.
    pub fn newest(&self) -> u64 {
        let ids = self.tree.walk();
        let times = ids.map(|id| self.told_of(id).stamp.mtime);
        times.max().unwrap_or(0)
    }

    /// Writes it as a tar.
    ///
    /// # Errors
    ///
    /// When a layer cannot be read any more, or the tar cannot be written: a tree is whole or it is
    /// none.
    pub fn write(
        &self,
        progress: &(dyn Progress + Sync),
        out: &mut dyn Write,
    ) -> Result<Flat, Error> {
        let mut writing = Writing {
            merged: self,
            out: Out::new(out),
            flat: Flat::default(),
        };
        writing.write(progress)?;
        Ok(writing.flat)
    }

    fn refuse(&self, why: impl Into<String>) -> Error {
        Error::not_an_image(self.layout, why)
    }

    /// Walks a layer to its end; `each` is given the walk at each of its entries. Where the digest of
    /// the plain tar is named, it is compared.
    fn walk<'b>(
        layer: &'b Blob,
        diff_id: Option<&str>,
        limits: &'b Limits,
        progress: &'b (dyn Progress + Sync),
        mut each: impl FnMut(&mut LayerWalk<'b>, &Head) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let start = layer.part(0, 512).bytes(512)?;
        let plain = Compression::of(&start).decoder(layer.reader(Some(progress)))?;
        let hashed = match diff_id {
            Some(_) => Hashed::new,
            None => Hashed::without_digest,
        };
        let plain = hashed(plain, plain_limit(limits, layer.size()));
        let mut walk = Walk::new(plain, limits);
        while let Some(head) = walk.advance()? {
            if let Some(fault) = head.fault {
                return Err(Fault::Layer(format!("{}: {fault}", walk.path())));
            }
            each(&mut walk, &head)?;
        }
        // What a stream ends with tells whether it is whole.
        let found = walk.bytes().finish()?;
        match (found, diff_id) {
            (Some(found), Some(named)) if found != named => Err(Fault::Layer(format!(
                "the digest of its plain tar is {found}, and the configuration says {named}"
            ))),
            _ => Ok(()),
        }
    }

    /// Lays the entries of a layer over the tree.
    fn survey(
        &mut self,
        place: u32,
        (layer, diff_id): &Layer,
        whiteouts: bool,
        progress: &(dyn Progress + Sync),
    ) -> Result<(), Error> {
        let (mut listing, limits) = (Listing::default(), self.limits);
        let (told, root) = (&mut self.told, &mut self.root);
        // Of another digest than SHA-256 there is nothing to compare.
        let is_known = |diff_id: &&str| diff_id.starts_with("sha256:");
        let diff_id = diff_id.as_deref().filter(is_known);
        let walked = Self::walk(layer, diff_id, limits, progress, |walk, head| {
            let of = Told {
                owner: head.owner,
                stamp: walk.stamp(),
            };
            told.push(of);
            if walk.path().is_empty() {
                *root = of;
            }
            let numbered = Head {
                size: told.len() as u64,
                ..*head
            };
            if listing.len() >= limits.layer_entries
                || !listing.push(walk.path(), walk.link(), &numbered)
            {
                return Err(Fault::Layer("it has too many entries".to_owned()));
            }
            Ok(())
        });
        walked.map_err(|fault| self.failed(place, fault))?;
        let mut faults = Faults::default();
        let tree = &mut self.tree;
        tree.apply(place, listing, whiteouts, limits, &mut faults);
        whole(self.layout, faults)
    }

    fn failed(&self, place: u32, fault: Fault) -> Error {
        match fault {
            Fault::Layer(why) => self.refuse(format!("layer {}: {why}", place + 1)),
            Fault::Writing(error) => Error::Writing(error),
        }
    }

    /// What the tree does not keep of a node.
    fn told_of(&self, id: NodeId) -> Told {
        let number = usize::try_from(self.tree.node(id).size).unwrap_or(usize::MAX);
        match (id, number.checked_sub(1)) {
            (ROOT, _) => self.root,
            (_, Some(at)) => self.told.get(at).copied().unwrap_or_default(),
            // A directory that no layer lists.
            (_, None) => Told::default(),
        }
    }
}

/// Refuses what could not be read whole.
fn whole(layout: &Path, faults: Faults) -> Result<(), Error> {
    match faults.into_unknowns("image").first() {
        None => Ok(()),
        Some(fault) => {
            let why = format!("{}: {}", fault.what, fault.why);
            Err(Error::not_an_image(layout, why))
        }
    }
}

/// What the tree does not keep of an entry.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    owner: Option<Owner>,
    stamp: Stamp,
}

/// A merged tree that is being written.
struct Writing<'m, 'o> {
    merged: &'m Merged<'m>,
    out: Out<'o>,
    flat: Flat,
}

impl Writing<'_, '_> {
    /// Writes directories, links and devices, then the files in the order of their layers.
    fn write(&mut self, progress: &(dyn Progress + Sync)) -> Result<(), Error> {
        let merged = self.merged;
        let mut names: HashMap<u64, Vec<NodeId>> = HashMap::new();
        for id in merged.tree.walk() {
            let node = merged.tree.node(id);
            if node.kind == Kind::File {
                names.entry(node.size).or_default().push(id);
            } else {
                let begun = self.begin(id, None, 0);
                begun.map_err(Error::Writing)?;
                self.flat.others += 1;
            }
        }
        let mut number = 0;
        for (place, (layer, _)) in (0..).zip(&merged.layers) {
            let walked = Merged::walk(layer, None, merged.limits, progress, |walk, head| {
                number += 1;
                let named = names.get(&number).and_then(|names| names.first());
                match named {
                    Some(id) if head.kind == Kind::File => self.file(*id, head.size, walk),
                    _ => Ok(()),
                }
            });
            walked.map_err(|fault| merged.failed(place, fault))?;
        }
        let mut further: Vec<&Vec<NodeId>> = names.values().filter(|n| n.len() > 1).collect();
        further.sort();
        for names in further {
            for id in &names[1..] {
                let begun = self.begin(*id, Some(names[0]), 0);
                begun.map_err(Error::Writing)?;
                self.flat.others += 1;
            }
        }
        self.out.finish().map_err(Error::Writing)
    }

    /// Writes a file with the content that the walk stands before.
    fn file<'b>(&mut self, id: NodeId, size: u64, walk: &mut LayerWalk<'b>) -> Result<(), Fault> {
        self.begin(id, None, size).map_err(Fault::Writing)?;
        let (mut left, mut piece) = (size, Vec::new());
        while left > 0 {
            piece.clear();
            walk.read_content(left.min(PIECE), &mut piece)?;
            if piece.is_empty() {
                return Err(TarFault::Truncated.into());
            }
            self.out.content(&piece).map_err(Fault::Writing)?;
            left = left.saturating_sub(piece.len() as u64);
        }
        self.out.pad(size).map_err(Fault::Writing)?;
        self.flat.files += 1;
        self.flat.bytes += size;
        Ok(())
    }

    /// Writes the header of a node, as another name of `linked` where there is one.
    fn begin(&mut self, id: NodeId, linked: Option<NodeId>, size: u64) -> io::Result<()> {
        let tree = &self.merged.tree;
        let (node, told) = (tree.node(id), self.merged.told_of(id));
        let linked = linked.map(|id| tree.path(id));
        let path = tree.path(id);
        self.out.begin(&Entry {
            path: path.trim_start_matches('/'),
            link: match &linked {
                Some(linked) => linked.trim_start_matches('/'),
                None => tree.link(id).unwrap_or_default(),
            },
            kind: match linked {
                Some(_) => Kind::HardLink,
                None => node.kind,
            },
            mode: node.mode,
            owner: told.owner.unwrap_or((0, 0)),
            stamp: told.stamp,
            size,
        })
    }
}

/// Why a layer cannot be gone on with.
enum Fault {
    /// It cannot be read.
    Layer(String),
    /// What is made of it cannot be written.
    Writing(io::Error),
}

impl From<TarFault> for Fault {
    fn from(fault: TarFault) -> Self {
        Self::Layer(fault.to_string())
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Layer(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::{self, File};
    use std::io::Read;

    use hpcctl_registry::Digest;
    use serde_json::json;
    use tar::{Builder, EntryType, Header};

    use super::*;

    /// An entry: kind, path, link, content.
    type Made<'a> = (EntryType, &'a str, &'a str, &'a str);

    const FILE: EntryType = EntryType::Regular;

    fn tar(entries: &[Made<'_>]) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for (place, (kind, path, link, content)) in (0..).zip(entries) {
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(0o640);
            header.set_uid(place);
            header.set_gid(3_000_000);
            header.set_mtime(1_000_000_000 + place);
            header.set_size(content.len() as u64);
            if *kind == EntryType::Char {
                header.set_device_major(1).unwrap();
                header.set_device_minor(3).unwrap();
            }
            match link.is_empty() {
                true => tar.append_data(&mut header, path, content.as_bytes()),
                false => tar.append_link(&mut header, path, link),
            }
            .unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn layout(layers: &[Vec<u8>]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let mut file = File::create(dir.path().join(name)).unwrap();
            file.write_all(bytes).unwrap();
        };
        let put = |bytes: &[u8]| {
            let digest = Digest::sha256(bytes);
            write(&format!("blobs/sha256/{}", digest.hex()), bytes);
            json!({"digest": digest, "size": bytes.len()})
        };
        let ids: Vec<Digest> = layers.iter().map(|layer| Digest::sha256(layer)).collect();
        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ids}});
        let config = put(config.to_string().as_bytes());
        let layers: Vec<_> = layers.iter().map(|layer| put(layer)).collect();
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        let manifest = put(manifest.to_string().as_bytes());
        let index = json!({"schemaVersion": 2, "manifests": [manifest]});
        write("index.json", index.to_string().as_bytes());
        dir
    }

    fn flat(layers: &[Vec<u8>]) -> Result<(Flat, Vec<u8>), Error> {
        let (dir, mut out) = (layout(layers), Vec::new());
        let limits = Limits::default();
        let merged = Merged::read(dir.path(), &limits, &crate::Silent)?;
        let flat = merged.write(&crate::Silent, &mut out)?;
        Ok((flat, out))
    }

    /// The entries of a tar, with what is in them or where they lead.
    fn listed(tar: &[u8]) -> BTreeMap<String, String> {
        let mut listed = BTreeMap::new();
        for entry in tar::Archive::new(tar).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let link = entry.link_name().unwrap();
            let link = link.map(|link| link.display().to_string());
            let kind = entry.header().entry_type();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            if let Some(link) = link {
                text = format!("{kind:?} {link}");
            }
            assert!(listed.insert(path.clone(), text).is_none(), "{path} twice");
        }
        listed
    }

    #[test]
    fn upper_layers_hide_what_lower_ones_brought() {
        let long = "d/".repeat(60) + "file";
        let lower = tar(&[
            (FILE, "usr/bin/tool", "", "old"),
            (EntryType::Link, "usr/bin/same", "usr/bin/tool", ""),
            (EntryType::Link, "usr/bin/third", "usr/bin/tool", ""),
            (FILE, "etc/gone", "", "gone"),
            (EntryType::Symlink, "lib", "usr/lib", ""),
            (FILE, "usr/lib/a", "", "a"),
            (FILE, &long, "", "deep"),
        ]);
        let upper = tar(&[
            (FILE, "usr/bin/tool", "", "new"),
            (FILE, "etc/.wh.gone", "", ""),
            (FILE, "lib/b", "", "b"),
            (EntryType::Link, "lib/c", "usr/lib/a", ""),
        ]);
        let (flat, tar) = flat(&[lower, upper]).unwrap();
        let listed = listed(&tar);
        let at = |path: &str| listed.get(path).map(String::as_str);
        assert_eq!(at("usr/bin/tool"), Some("new"));
        // The old file lives on under its other names.
        assert_eq!(at("usr/bin/same"), Some("old"));
        assert_eq!(at("usr/bin/third"), Some("Link usr/bin/same"));
        assert_eq!((at("etc/gone"), at("etc/.wh.gone")), (None, None));
        assert_eq!(
            (at("lib"), at("usr/lib/b")),
            (Some("Symlink usr/lib"), Some("b"))
        );
        assert_eq!(at("usr/lib/c"), Some("Link usr/lib/a"));
        assert_eq!(at(&long), Some("deep"));
        assert_eq!((flat.files, flat.bytes), (5, 3 + 3 + 1 + 4 + 1));
    }

    #[test]
    fn owners_times_and_devices_are_kept() {
        let layer = tar(&[(FILE, "a", "", "x"), (EntryType::Char, "null", "", "")]);
        let (_, tar) = flat(&[layer]).unwrap();
        let mut archive = tar::Archive::new(&tar[..]);
        let mut entries = archive.entries().unwrap().map(Result::unwrap);
        let null = entries
            .find(|entry| entry.path().unwrap().ends_with("null"))
            .unwrap();
        let header = null.header();
        assert_eq!(
            (header.uid().unwrap(), header.gid().unwrap()),
            (1, 3_000_000)
        );
        assert_eq!(header.mtime().unwrap(), 1_000_000_001);
        assert_eq!(header.mode().unwrap(), 0o640);
        let device = (
            header.device_major().unwrap(),
            header.device_minor().unwrap(),
        );
        assert_eq!(device, (Some(1), Some(3)));
    }

    #[test]
    fn the_newest_is_one_that_is_there() {
        let lower = tar(&[
            (FILE, "a", "", ""),
            (FILE, "b", "", ""),
            (FILE, "c", "", ""),
        ]);
        let upper = tar(&[(FILE, ".wh.c", "", "")]);
        let (dir, limits) = (layout(&[lower, upper]), Limits::default());
        let merged = Merged::read(dir.path(), &limits, &crate::Silent).unwrap();
        assert_eq!(merged.newest(), 1_000_000_001);
    }

    #[test]
    fn what_is_not_whole_is_no_tree() {
        let good = tar(&[(FILE, "a", "", &"x".repeat(2000))]);
        let cut = good[..1000].to_vec();
        assert!(flat(&[cut]).unwrap_err().to_string().contains("layer 1"));
        let dangling = tar(&[(EntryType::Link, "a", "nowhere", "")]);
        assert!(
            flat(&[dangling])
                .unwrap_err()
                .to_string()
                .contains("hard link")
        );
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (dir, limits) = (layout(&[good]), Limits::default());
        let merged = Merged::read(dir.path(), &limits, &crate::Silent).unwrap();
        let error = merged.write(&crate::Silent, &mut Full);
        assert!(matches!(error, Err(Error::Writing(_))));
    }
}
