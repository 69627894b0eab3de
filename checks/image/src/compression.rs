//! The compressions of layers and of whole archives, known by their first bytes.
//!
//! The media type of a layer, and the name of a file, are often wrong: they are not looked at.

mod beside;
mod gzip;
mod zstd;

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::MultiBzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use lz4_flex::frame::FrameDecoder;

pub(crate) use self::beside::Beside;

/// Plain bytes that are held at a time.
const BUFFER: usize = 128 * 1024;

/// What an xz or lzip decoder may hold; `xz -9` asks for 65 MiB.
const XZ_MEMORY: u64 = 160 * 1024 * 1024;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Lz4,
    Lzip,
}

/// The first bytes of each compression.
const MAGIC: &[(&[u8], Compression)] = &[
    (b"\x1f\x8b", Compression::Gzip),
    (b"\x28\xb5\x2f\xfd", Compression::Zstd),
    // A frame to be skipped, with which pzstd begins.
    (b"\x50\x2a\x4d\x18", Compression::Zstd),
    (b"BZh", Compression::Bzip2),
    (b"\xfd7zXZ\0", Compression::Xz),
    (b"\x04\x22\x4d\x18", Compression::Lz4),
    (b"LZIP\x01", Compression::Lzip),
];

impl Compression {
    /// Tells by the first bytes.
    pub(crate) fn of(start: &[u8]) -> Self {
        let known = MAGIC.iter().find(|(magic, _)| start.starts_with(magic));
        known.map_or(Self::Plain, |(_, compression)| *compression)
    }

    /// The media type of a tar that is compressed so; the specification has names for three.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "application/vnd.oci.image.layer.v1.tar",
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
            Self::Bzip2 => "application/vnd.oci.image.layer.v1.tar+bzip2",
            Self::Xz => "application/vnd.oci.image.layer.v1.tar+xz",
            Self::Lz4 => "application/vnd.oci.image.layer.v1.tar+lz4",
            Self::Lzip => "application/vnd.oci.image.layer.v1.tar+lzip",
        }
    }

    /// A reader of the plain bytes; streams that follow one another are read as one.
    pub(crate) fn decoder<'a>(
        self,
        stored: impl BufRead + 'a,
    ) -> io::Result<Box<dyn BufRead + 'a>> {
        self.decoder_beside(stored, None)
    }

    /// A reader of the plain bytes that takes note of what lies beside them.
    pub(crate) fn decoder_beside<'a>(
        self,
        stored: impl BufRead + 'a,
        beside: Option<&'a Beside>,
    ) -> io::Result<Box<dyn BufRead + 'a>> {
        Ok(match self {
            Self::Plain => Box::new(stored),
            Self::Gzip => Box::new(gzip::Members::new(stored, beside)),
            Self::Zstd => buffered(zstd::Frames::new(stored, beside)?),
            Self::Bzip2 => buffered(MultiBzDecoder::new(stored)),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
                buffered(XzDecoder::new_stream(stored, stream))
            }
            Self::Lzip => {
                let stream = Stream::new_lzip_decoder(XZ_MEMORY, CONCATENATED)?;
                buffered(XzDecoder::new_stream(stored, stream))
            }
            Self::Lz4 => buffered(Frames(FrameDecoder::new(stored))),
        })
    }
}

fn buffered<'a>(decoder: impl Read + 'a) -> Box<dyn BufRead + 'a> {
    Box::new(BufReader::with_capacity(BUFFER, decoder))
}

/// Frames of lz4 that follow one another.
struct Frames<R: Read>(FrameDecoder<R>);

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.0.read(out)?;
            // The decoder stops after each frame, even if another follows.
            if count > 0 || out.is_empty() || self.0.get_mut().fill_buf()?.is_empty() {
                return Ok(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    const PLAIN: &[u8] = b"the same bytes, over and over, over and over, over and over";

    /// The bytes in each compression that can be written here.
    fn compressed(plain: &[u8]) -> Vec<(Compression, Vec<u8>)> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(plain).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(plain).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(plain).unwrap();
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(plain).unwrap();
        vec![
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Zstd, ::zstd::encode_all(plain, 1).unwrap()),
            (Compression::Bzip2, bzip2.finish().unwrap()),
            (Compression::Xz, xz.finish().unwrap()),
            (Compression::Lz4, lz4.finish().unwrap()),
        ]
    }

    fn read(compression: Compression, stored: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        let decoder = compression.decoder(stored)?;
        decoder.take(1 << 20).read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn each_is_known_by_its_first_bytes_and_read() {
        for (compression, stored) in compressed(PLAIN) {
            assert_eq!(Compression::of(&stored), compression);
            assert_eq!(read(compression, &stored).unwrap(), PLAIN);
            let twice = [&stored[..], &stored].concat();
            let plain = read(compression, &twice).unwrap();
            assert_eq!(plain, PLAIN.repeat(2), "{compression:?}");
        }
        assert_eq!(Compression::of(b"etc/passwd"), Compression::Plain);
    }

    #[test]
    fn a_stream_that_was_cut_is_an_error() {
        for (compression, stored) in compressed(PLAIN) {
            let cut = &stored[..stored.len() / 2];
            assert!(read(compression, cut).is_err(), "{compression:?}");
        }
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0_usize..200, byte: u8) {
            for (compression, mut stored) in compressed(PLAIN) {
                let length = stored.len();
                stored[at % length] = byte;
                let _ = read(compression, &stored);
            }
        }
    }
}
