//! What layers held, kept from one scan to the next by their digests.
//!
//! Only a layer that was read whole, and whose bytes had the promised digest, is kept. A file
//! of the cache bears a checksum; one that cannot be read counts as missing. The cache is as
//! trusted as its directory: whoever can write to it decides what scans find.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Options;
use crate::catalog::CATALOGERS;
use crate::fault::Faults;
use crate::layer::{LayerRead, LayerSource, Stored};
use crate::tree::Listing;

/// Changes whenever what is kept of a layer does.
const FORMAT: u32 = 14;

/// The most bytes of one file of the cache, and of what is in it.
const MOST: u64 = 1 << 30;

/// What was not asked for in this time goes.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The end of the names of its files.
const EXTENSION: &str = "layer";

/// A directory of layers that were read.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
    /// What a result depends on beside the layer.
    stamp: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    layer: hpcctl_model::scan::Layer,
    listing: Listing,
}

impl Cache {
    /// Opens a cache, made where it is missing, for scans with these options.
    pub(crate) fn open(directory: &Path, options: &Options) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(directory);
        let usable = made.and_then(|()| prune(directory)).and_then(|()| {
            // Whether a file can be made there shows only when one is.
            let trial = directory.join(format!("{}.tmp", std::process::id()));
            // Another thread may have removed it already.
            File::create(&trial).map(|_| {
                let _ = fs::remove_file(&trial);
            })
        });
        usable.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", directory.display()))
        })?;
        let catalogers: Vec<&str> = CATALOGERS.iter().map(|row| row.id).collect();
        let version = env!("CARGO_PKG_VERSION");
        let options = Options {
            cache: None,
            platform: None,
            insecure: false,
            lists_files: false,
            ..options.clone()
        };
        Ok(Self {
            directory: directory.to_owned(),
            stamp: format!("{FORMAT} {version} {catalogers:?} {options:?}"),
        })
    }

    /// What a layer held when it was read before.
    pub(crate) fn get(&self, source: &LayerSource) -> Option<LayerRead> {
        let path = self.path(source)?;
        let kept = read(&path)?;
        // What is asked for stays; if the time cannot be set, it only goes earlier.
        let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        let mut layer = kept.layer;
        layer.created_by.clone_from(&source.created_by);
        Some(LayerRead {
            layer,
            listing: kept.listing,
            faults: Faults::default(),
            file_digest: None,
        })
    }

    /// Keeps what a layer held; a cache that cannot be written to only costs time.
    pub(crate) fn put(&self, source: &LayerSource, read: LayerRead) -> LayerRead {
        let Some(path) = self.path(source).filter(|_| read.faults.is_empty()) else {
            return read;
        };
        let kept = Kept {
            layer: read.layer,
            listing: read.listing,
        };
        let _ = write(&path, &kept);
        LayerRead {
            layer: kept.layer,
            listing: kept.listing,
            faults: read.faults,
            file_digest: read.file_digest,
        }
    }

    /// The file of a layer; none where nothing promises what its bytes are, or where they are
    /// not there to be checked.
    fn path(&self, source: &LayerSource) -> Option<PathBuf> {
        if !matches!(source.stored, Ok(Stored::Tar(_))) {
            return None;
        }
        let promised = source.digest.as_ref().or(source.diff_id.as_ref())?;
        let key = crate::blob::sha256(format!("{} {promised}", self.stamp).as_bytes());
        let name = key.strip_prefix("sha256:").unwrap_or(&key);
        Some(self.directory.join(name).with_extension(EXTENSION))
    }
}

fn read(path: &Path) -> Option<Kept> {
    let mut bytes = Vec::new();
    let mut file = File::open(path).ok()?.take(MOST);
    file.read_to_end(&mut bytes).ok()?;
    let (sum, packed) = bytes.split_first_chunk::<32>()?;
    if Sha256::digest(packed)[..] != sum[..] {
        return None;
    }
    let mut plain = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(packed).ok()?;
    decoder.take(MOST).read_to_end(&mut plain).ok()?;
    postcard::from_bytes(&plain).ok()
}

fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let plain = postcard::to_allocvec(kept).map_err(io::Error::other)?;
    let packed = zstd::bulk::compress(&plain, 1)?;
    if packed.len() as u64 + 32 > MOST || plain.len() as u64 > MOST {
        return Ok(());
    }
    // Another scan may be writing the same: each has a name of its own until it is whole.
    let unique = format!(
        "{}.{:?}.tmp",
        std::process::id(),
        std::thread::current().id()
    );
    let temporary = path.with_extension(unique);
    let mut file = File::create_new(&temporary)?;
    let written = file
        .write_all(&Sha256::digest(&packed))
        .and_then(|()| file.write_all(&packed))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Removes what was not asked for in a long time, and what a scan that broke off left behind.
fn prune(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let is_ours = path
            .extension()
            .is_some_and(|end| end == EXTENSION || end == "tmp");
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > KEPT));
        if is_ours && is_old {
            // Another scan may have removed it already.
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

/// A word of a table, such as the type of a purl; it is kept as text.
///
/// A name of its own, because serde would borrow a `&str` from what it reads.
pub(crate) type Word = &'static str;

/// How a [`Word`] is kept.
pub(crate) mod word {
    use std::collections::HashSet;
    use std::sync::{Mutex, PoisonError};

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// More words than all tables have.
    const MOST: usize = 1000;

    static WORDS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

    /// Writes a word.
    pub(crate) fn serialize<S: Serializer>(word: &str, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(word)
    }

    /// Reads a word; each is held once for as long as the program runs.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<&'static str, D::Error> {
        let text = String::deserialize(from)?;
        let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
        let words = words.get_or_insert_default();
        if let Some(known) = words.get(&*text) {
            return Ok(known);
        }
        if words.len() >= MOST {
            return Err(D::Error::custom("too many words"));
        }
        let word: &'static str = Box::leak(text.into_boxed_str());
        words.insert(word);
        Ok(word)
    }
}

/// Pairs of a word and a text.
pub(crate) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Word;

    #[derive(Serialize, Deserialize)]
    struct Pair(#[serde(with = "super::word")] Word, String);

    /// Writes the pairs.
    pub(crate) fn serialize<S: Serializer>(
        pairs: &[(&'static str, String)],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(pairs.iter().map(|(key, value)| Pair(key, value.clone())))
    }

    /// Reads the pairs.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(&'static str, String)>, D::Error> {
        let pairs = Vec::<Pair>::deserialize(from)?;
        Ok(pairs
            .into_iter()
            .map(|Pair(key, value)| (key, value))
            .collect())
    }
}
