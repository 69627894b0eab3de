//! Reads one layer in one pass: digests, decompression, tar, and what its files hold.

mod database;
mod intake;
mod room;
mod sniff;

use std::io::{self, BufRead};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use hpcctl_model::scan;

pub(crate) use intake::{Content, Intake, Plan};
pub(crate) use room::{Room, Roomy, take};
pub(crate) use sniff::is_text;

use crate::blob::{Blob, Hashed, digests};
use crate::compression::{Beside, Compression};
use crate::fault::Faults;
use crate::format;
use crate::tarball::{Bytes, Head, Kind, TarFault, Walk};
use crate::tree::Listing;
use crate::{DiffIds, Limits, Progress, ext, squashfs};

/// Where a layer is, and what the image says about it.
#[derive(Debug, Clone)]
pub(crate) struct LayerSource {
    /// The bytes, or why they are not there.
    pub(crate) stored: Result<Stored, String>,
    /// The digest of the bytes as stored.
    pub(crate) digest: Option<String>,
    /// The digest of the plain tar.
    pub(crate) diff_id: Option<String>,
    /// The instruction that made it.
    pub(crate) created_by: Option<String>,
}

impl LayerSource {
    /// Whether the digest of the plain tar is to be taken.
    fn plain_digest(&self, plan: &Plan) -> PlainDigest {
        let is_checked = |digest: &Option<String>| {
            let digest = digest.as_deref();
            digest.is_some_and(|digest| digest.starts_with("sha256:"))
        };
        match plan.diff_ids {
            DiffIds::Promised if is_checked(&self.digest) && self.diff_id.is_some() => {
                PlainDigest::Promised
            }
            _ => PlainDigest::Taken,
        }
    }
}

/// What is done about the digest of a plain tar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlainDigest {
    /// It is taken.
    Taken,
    /// What the image says stands.
    Promised,
}

/// What a layer is stored as.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    /// A tar, compressed or not.
    Tar(Blob),
    /// A directory with the files.
    Directory(Directory),
    /// A squashfs.
    Squashfs(Partition),
    /// An ext2, ext3 or ext4 file system.
    Ext(Partition),
    /// It was read already, since its bytes come only once.
    Read(Arc<LayerRead>),
}

impl Stored {
    /// Whether both are the same stored bytes.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tar(one), Self::Tar(two)) => one.is_same(two),
            (Self::Read(one), Self::Read(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }

    /// Whether it is a directory, which costs whoever made it what it costs to read.
    pub(crate) fn is_directory(&self) -> bool {
        matches!(self, Self::Directory(_))
    }

    /// The bytes that are still to be read.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Tar(blob) => blob.size(),
            Self::Squashfs(partition) | Self::Ext(partition) => partition.file.size(),
            Self::Directory(_) | Self::Read(_) => 0,
        }
    }
}

/// A file system in a file.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    /// The whole file.
    pub(crate) file: Blob,
    /// The part that is the file system.
    pub(crate) part: Blob,
    /// Whether it lies over others, and the marks of overlayfs in it hide what they have.
    pub(crate) is_layer: bool,
}

impl Partition {
    /// A file that is nothing but the file system.
    pub(crate) fn whole(file: Blob) -> Self {
        Self {
            part: file.clone(),
            file,
            is_layer: false,
        }
    }

    /// What `read` makes of the file system, with the digests of its bytes, which are taken on
    /// another core meanwhile; `name` is for what cannot be read.
    pub(crate) fn hashed(
        &self,
        name: &str,
        progress: &(dyn Progress + Sync),
        read: impl FnOnce() -> LayerRead,
    ) -> LayerRead {
        let hash = || digests(&self.part, &self.file, progress);
        let (mut read, hashed) = thread::scope(|scope| {
            let beside = thread::Builder::new().spawn_scoped(scope, hash);
            let read = read();
            // A user may have no thread left.
            (read, beside.map_or_else(|_| Ok(hash()), |it| it.join()))
        });
        match hashed {
            Ok(Ok((digest, file_digest))) => {
                read.layer.digest = Some(digest);
                read.file_digest = Some(file_digest);
            }
            Ok(Err(error)) => read.faults.add(name, error.to_string()),
            Err(_) => read.faults.add(name, "it could not be hashed"),
        }
        read
    }
}

/// A directory that is a layer.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whether the marks of overlayfs in it hide files of lower layers.
    pub(crate) overlay: bool,
    /// Whether its files belong to whom the image says.
    pub(crate) owners: bool,
    /// What to do where permission is denied.
    pub(crate) hint: Option<&'static str>,
}

impl Directory {
    /// A directory that is what it shows.
    pub(crate) fn plain(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            overlay: false,
            owners: true,
            hint: None,
        }
    }
}

/// A layer that was read.
#[derive(Debug, Clone)]
pub(crate) struct LayerRead {
    /// What the report says about it.
    pub(crate) layer: scan::Layer,
    /// Its entries.
    pub(crate) listing: Listing,
    /// What could not be read.
    pub(crate) faults: Faults,
    /// The digest of the file that holds this layer and nothing else of an image.
    pub(crate) file_digest: Option<String>,
}

impl LayerRead {
    /// Nothing was read, for a reason.
    fn nothing(name: String, why: &str) -> Self {
        let mut faults = Faults::default();
        faults.add(name, why);
        Self {
            layer: unread(),
            listing: Listing::default(),
            faults,
            file_digest: None,
        }
    }
}

/// A layer of which nothing is known.
fn unread() -> scan::Layer {
    scan::Layer {
        digest: None,
        diff_id: None,
        media_type: Compression::Plain.media_type().to_owned(),
        size: 0,
        created_by: None,
    }
}

/// Reads a layer; whatever goes wrong is in its faults.
pub(crate) fn read(
    source: &LayerSource,
    plan: &Plan,
    progress: &(dyn Progress + Sync),
) -> LayerRead {
    let name = name(source);
    let mut read = match &source.stored {
        Ok(Stored::Tar(blob)) => {
            let plain = source.plain_digest(plan);
            read_tar(blob.reader(Some(progress)), blob.size(), &name, plan, plain)
        }
        Ok(Stored::Directory(directory)) => {
            format::read_directory(directory, &name, plan, progress)
        }
        Ok(Stored::Squashfs(partition)) => squashfs::read(partition, &name, plan, progress),
        Ok(Stored::Ext(partition)) => ext::read(partition, &name, plan, progress),
        Ok(Stored::Read(read)) => LayerRead::clone(read),
        Err(why) => LayerRead::nothing(name.clone(), why),
    };
    check(source, &name, &mut read);
    read
}

/// Whether the stored bytes of a layer are there and have the digest that the image promises.
pub(crate) fn is_intact(source: &LayerSource) -> bool {
    let Ok(Stored::Tar(blob)) = &source.stored else {
        return false;
    };
    // A layer that is a plain tar may be named by the digest of its content alone.
    let promised = source.digest.as_ref().or(source.diff_id.as_ref());
    let mut hashed = Hashed::new(blob.reader(None), u64::MAX);
    let is_read = io::copy(&mut hashed, &mut io::sink()).is_ok();
    let digest = hashed.finish().ok().flatten();
    is_read && digest.is_some() && digest.as_ref() == promised
}

/// What a layer held that is the same bytes as one that was read before.
pub(crate) fn again(source: &LayerSource, known: &LayerRead) -> LayerRead {
    let mut read = known.clone();
    // What is wrong with its bytes was told.
    read.faults = Faults::default();
    check(source, &name(source), &mut read);
    read
}

/// Compares what was read with what the image says of it.
fn check(source: &LayerSource, name: &str, read: &mut LayerRead) {
    let LayerRead { layer, faults, .. } = read;
    settle(
        name,
        "plain tar",
        &source.diff_id,
        &mut layer.diff_id,
        faults,
    );
    settle(
        name,
        "stored bytes",
        &source.digest,
        &mut layer.digest,
        faults,
    );
    layer.created_by.clone_from(&source.created_by);
}

/// How a layer is called in what could not be read.
fn name(source: &LayerSource) -> String {
    let digest = source.digest.as_ref().or(source.diff_id.as_ref());
    digest.map_or_else(|| "layer".to_owned(), |digest| format!("layer {digest}"))
}

/// Keeps the digest that the bytes have, and tells where the image promised another one; where
/// they could not be hashed, the promise stands.
fn settle(
    name: &str,
    part: &str,
    promised: &Option<String>,
    actual: &mut Option<String>,
    faults: &mut Faults,
) {
    let Some(promised) = promised else {
        return;
    };
    match actual {
        None => *actual = Some(promised.clone()),
        Some(_) if !promised.starts_with("sha256:") => {
            let why =
                format!("the digest {promised} of its {part} is not of a kind that is checked");
            faults.add(name, why);
        }
        Some(actual) if actual != promised => {
            let why = format!("the digest of its {part} is {actual}, not {promised}");
            faults.add(name, why);
        }
        Some(_) => {}
    }
}

/// Reads a layer that is a tar of `size` stored bytes; `name` is for what cannot be read.
pub(crate) fn read_tar(
    stored: impl BufRead,
    size: u64,
    name: &str,
    plan: &Plan,
    plain_digest: PlainDigest,
) -> LayerRead {
    let mut reading = Reading {
        plan,
        intake: Intake::new(plan),
        faults: Faults::default(),
    };
    let mut layer = unread();
    layer.size = size;
    let mut stored = Hashed::new(stored, u64::MAX);
    let beside = Beside::default();
    match stored.fill_buf() {
        Ok(start) => {
            let compression = Compression::of(start);
            layer.media_type = compression.media_type().to_owned();
            let limit = plan.limits.layer_bytes;
            // What is stored as it is has one digest.
            let is_plain = compression == Compression::Plain;
            let hashed = match plain_digest {
                PlainDigest::Taken if !is_plain => Hashed::new,
                _ => Hashed::without_digest,
            };
            let plain = compression.decoder_beside(&mut stored, Some(&beside));
            let plain = plain.map_err(TarFault::from);
            let plain = plain.map(|plain| Roomy::new(plain, |count| plan.room.plain(count)));
            let walked = plain.and_then(|plain| reading.walk(name, hashed(plain, limit)));
            let is_whole = walked.is_ok();
            match walked {
                Ok(digest) => layer.diff_id = digest,
                Err(fault) => reading.faults.add(name, fault.to_string()),
            }
            match reading.rest(name, &mut stored, is_whole) {
                Ok(digest) => layer.digest = digest,
                Err(error) => reading.faults.add(name, error.to_string()),
            }
            if is_plain && is_whole {
                layer.diff_id.clone_from(&layer.digest);
            }
        }
        Err(error) => reading.faults.add(name, error.to_string()),
    }
    if plan.judges() {
        for why in beside.into_told() {
            reading.faults.add(name, why);
        }
    }
    LayerRead {
        file_digest: layer.digest.clone(),
        layer,
        listing: reading.intake.finish(&mut reading.faults),
        faults: reading.faults,
    }
}

struct Reading<'p> {
    plan: &'p Plan,
    intake: Intake<'p>,
    faults: Faults,
}

impl Reading<'_> {
    /// Walks the tar to its end and returns the digest of it, if that is taken.
    fn walk<R: BufRead>(
        &mut self,
        name: &str,
        plain: Hashed<R>,
    ) -> Result<Option<String>, TarFault> {
        let limits = &self.plan.limits;
        let mut walk = Walk::new(plain, limits);
        while let Some(head) = walk.advance()? {
            if self.intake.len() >= limits.layer_entries {
                let why = format!("it has more than {} entries", limits.layer_entries);
                return Err(io::Error::other(why).into());
            }
            if !self.plan.selection.takes(walk.path()) {
                continue;
            }
            if let Some(fault) = head.fault {
                self.faults.add(walk.path(), fault.to_string());
                continue;
            }
            self.take(&mut walk, &head)?;
        }
        self.end(name, &mut walk)?;
        Ok(walk.bytes().finish()?)
    }

    /// Tells what of a tar belongs to no file: nobody looks at it, and it goes out all the same.
    fn end<R: BufRead>(
        &mut self,
        name: &str,
        walk: &mut Walk<'_, Hashed<R>>,
    ) -> Result<(), TarFault> {
        if !self.plan.judges() {
            return Ok(());
        }
        if !walk.beside().is_empty() {
            let why = "its last extended header belongs to no entry, and was not looked at";
            self.faults.add(name, why);
        }
        if walk.is_padded_oddly() {
            let why = "bytes behind contents of files, where a tar has zeros, were not looked at";
            self.faults.add(name, why);
        }
        if !walk.bytes().ends_in_zeros()? {
            let why = "bytes behind the end of its tar were not looked at";
            self.faults.add(name, why);
        }
        Ok(())
    }

    /// Reads what the decompression left of the stored bytes, and returns their digest.
    fn rest<R: BufRead>(
        &mut self,
        name: &str,
        stored: &mut Hashed<R>,
        is_whole: bool,
    ) -> io::Result<Option<String>> {
        if is_whole && self.plan.judges() && !stored.ends_in_zeros()? {
            let why = "bytes behind the end of its compressed stream were not looked at";
            self.faults.add(name, why);
        }
        stored.finish()
    }

    fn take<R: Bytes>(&mut self, walk: &mut Walk<'_, R>, head: &Head) -> Result<(), TarFault> {
        if !self.intake.push(walk.path(), walk.link(), head) {
            return Err(io::Error::other(
                "it has more files, or longer names, than an image of this size has",
            )
            .into());
        }
        self.intake.beside(walk.beside());
        if head.kind == Kind::File {
            self.intake.content(walk, &mut self.faults)?;
        } else if walk.left() > 0 && self.plan.judges() {
            let why = "it is no file, and has a content that was not looked at";
            self.faults.add(format!("/{}", walk.path()), why);
        }
        Ok(())
    }
}

impl<R: Bytes> Content for Walk<'_, R> {
    type Fault = TarFault;

    fn path(&self) -> &str {
        Walk::path(self)
    }

    fn left(&self) -> u64 {
        Walk::left(self)
    }

    fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), TarFault> {
        Walk::read_content(self, limit, out)
    }

    fn skip(&mut self, count: u64) -> Result<(), TarFault> {
        Walk::skip_content(self, count)
    }

    fn pass(&mut self, count: u64, step: u64, see: &mut dyn FnMut(&[u8])) -> Result<(), TarFault> {
        Walk::pass_over(self, count, step, see)
    }
}

/// How many plain bytes a file system, or an archive, of so many stored bytes may have.
pub(crate) fn plain_limit(limits: &Limits, stored: u64) -> u64 {
    let by_ratio = stored.saturating_mul(limits.ratio);
    let most = by_ratio.saturating_add(limits.ratio_from);
    most.min(limits.layer_bytes)
}
