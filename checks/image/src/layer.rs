//! Reads one layer in one pass: digests, decompression, tar, and what its files hold.
//!
//! The compression is known by its magic bytes, not by the media type, which images often
//! get wrong.

mod intake;

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use hpcctl_model::scan;
use zstd::stream::read::Decoder as ZstdDecoder;

pub(crate) use intake::{Content, Intake, Plan};

use crate::blob::{Blob, Hashed};
use crate::fault::Faults;
use crate::tarball::{Bytes, Head, Kind, TarFault, Walk};
use crate::tree::Listing;
use crate::{Limits, Progress};

/// Plain bytes that are held at a time.
const BUFFER: usize = 128 * 1024;

/// Where a layer is, and what the image says about it.
#[derive(Debug, Clone)]
pub(crate) struct LayerSource {
    /// The bytes, or why they are not there.
    pub(crate) blob: Result<Blob, String>,
    /// The digest of the bytes as stored.
    pub(crate) digest: Option<String>,
    /// The digest of the plain tar.
    pub(crate) diff_id: Option<String>,
    /// The instruction that made it.
    pub(crate) created_by: Option<String>,
}

/// A layer that was read.
#[derive(Debug)]
pub(crate) struct LayerRead {
    /// What the report says about it.
    pub(crate) layer: scan::Layer,
    /// Its entries.
    pub(crate) listing: Listing,
    /// What could not be read.
    pub(crate) faults: Faults,
}

/// How the bytes of a layer are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Plain,
    Gzip,
    Zstd,
    /// Known by name, not read.
    Other(&'static str),
}

/// The first bytes of each compression.
const MAGIC: &[(&[u8], Compression)] = &[
    (b"\x1f\x8b", Compression::Gzip),
    (b"\x28\xb5\x2f\xfd", Compression::Zstd),
    (b"BZh", Compression::Other("bzip2")),
    (b"\xfd7zXZ\0", Compression::Other("xz")),
    (b"\x04\x22\x4d\x18", Compression::Other("lz4")),
    (b"LZIP", Compression::Other("lzip")),
];

impl Compression {
    fn of(start: &[u8]) -> Self {
        let known = MAGIC.iter().find(|(magic, _)| start.starts_with(magic));
        known.map_or(Self::Plain, |(_, compression)| *compression)
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
            Self::Plain => "application/vnd.oci.image.layer.v1.tar",
            Self::Other(_) => "application/octet-stream",
        }
    }
}

/// Reads a layer; whatever goes wrong is in its faults.
pub(crate) fn read(
    source: &LayerSource,
    plan: &Plan,
    progress: &(dyn Progress + Sync),
) -> LayerRead {
    let mut faults = Faults::default();
    let mut intake = Intake::new(plan);
    let mut layer = scan::Layer {
        digest: source.digest.clone(),
        diff_id: source.diff_id.clone(),
        media_type: Compression::Plain.media_type().to_owned(),
        size: 0,
        created_by: source.created_by.clone(),
    };
    match &source.blob {
        Ok(blob) => {
            layer.size = blob.size();
            let mut reading = Reading {
                plan,
                intake: &mut intake,
                faults: &mut faults,
            };
            reading.read(blob, source, &mut layer, progress);
        }
        Err(why) => faults.add(name(source), why),
    }
    let listing = intake.finish();
    LayerRead {
        layer,
        listing,
        faults,
    }
}

/// How a layer is called in what could not be read.
fn name(source: &LayerSource) -> String {
    let digest = source.digest.as_ref().or(source.diff_id.as_ref());
    digest.map_or_else(|| "layer".to_owned(), |digest| format!("layer {digest}"))
}

struct Reading<'a, 'p> {
    plan: &'a Plan,
    intake: &'a mut Intake<'p>,
    faults: &'a mut Faults,
}

impl Reading<'_, '_> {
    fn read(
        &mut self,
        blob: &Blob,
        source: &LayerSource,
        layer: &mut scan::Layer,
        progress: &(dyn Progress + Sync),
    ) {
        let mut stored = Hashed::new(blob.reader(Some(progress)), u64::MAX);
        let compression = match stored.fill_buf() {
            Ok(start) => Compression::of(start),
            Err(error) => return self.faults.add(name(source), error.to_string()),
        };
        layer.media_type = compression.media_type().to_owned();
        let limit = plain_limit(&self.plan.limits, blob.size());
        let plain = match compression {
            Compression::Plain => self.walk(Hashed::new(&mut stored, limit)),
            Compression::Gzip => self.walk(buffered(MultiGzDecoder::new(&mut stored), limit)),
            Compression::Zstd => match ZstdDecoder::with_buffer(&mut stored) {
                Ok(decoder) => self.walk(buffered(decoder, limit)),
                Err(error) => Err(error.into()),
            },
            Compression::Other(kind) => {
                let why = format!("it is compressed with {kind}, which is not read");
                Err(io::Error::other(why).into())
            }
        };
        match plain {
            Ok(actual) => self.settle(source, "plain tar", &mut layer.diff_id, actual),
            Err(fault) => self.faults.add(name(source), fault.to_string()),
        }
        match stored.finish() {
            Ok(actual) => self.settle(source, "stored bytes", &mut layer.digest, actual),
            Err(error) => self.faults.add(name(source), error.to_string()),
        }
    }

    /// Writes the digest that the bytes have, and tells where the image promised another one.
    fn settle(
        &mut self,
        source: &LayerSource,
        part: &str,
        promised: &mut Option<String>,
        actual: String,
    ) {
        match promised {
            Some(promised) if !promised.starts_with("sha256:") => {
                let why =
                    format!("the digest {promised} of its {part} is not of a kind that is checked");
                self.faults.add(name(source), why);
            }
            Some(promised) if *promised != actual => {
                let why = format!("the digest of its {part} is {actual}, not {promised}");
                self.faults.add(name(source), why);
            }
            _ => {}
        }
        *promised = Some(actual);
    }

    /// Walks the tar to its end and returns the digest of it.
    fn walk<R: BufRead>(&mut self, plain: Hashed<R>) -> Result<String, TarFault> {
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
        Ok(walk.bytes().finish()?)
    }

    fn take<R: Bytes>(&mut self, walk: &mut Walk<'_, R>, head: &Head) -> Result<(), TarFault> {
        if !self.intake.push(walk.path(), walk.link(), head) {
            return Err(io::Error::other("the names of its files do not fit").into());
        }
        if head.kind != Kind::File {
            return Ok(());
        }
        if head.sparse {
            if self.intake.asks_for(walk.path()) {
                let why = "it is stored as a sparse file, which is not read";
                self.faults.add(format!("/{}", walk.path()), why);
            }
            return Ok(());
        }
        self.intake.content(walk, self.faults)
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
}

fn buffered<R: Read>(decoder: R, limit: u64) -> Hashed<BufReader<R>> {
    Hashed::new(BufReader::with_capacity(BUFFER, decoder), limit)
}

/// How many plain bytes a layer of so many stored bytes may have.
fn plain_limit(limits: &Limits, stored: u64) -> u64 {
    let by_ratio = stored.saturating_mul(limits.ratio).max(limits.ratio_from);
    by_ratio.min(limits.layer_bytes)
}
