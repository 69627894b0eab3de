//! The compressions of squashfs: each block is a stream of its own.

use std::io;

use flate2::{Decompress, FlushDecompress};
use liblzma::stream::{Action, Status, Stream};

use super::SquashFault;

/// What an xz or lzma decoder may hold: no block has a dictionary of more than a few MiB.
const LZMA_MEMORY: u64 = 32 * 1024 * 1024;

/// A compression, by its number in the superblock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Lzma,
    Lzo,
    Xz,
    Lz4,
    Zstd,
}

impl Codec {
    /// The compression of a number.
    pub(super) fn of(number: u16) -> Result<Self, SquashFault> {
        Ok(match number {
            1 => Self::Gzip,
            2 => Self::Lzma,
            3 => Self::Lzo,
            4 => Self::Xz,
            5 => Self::Lz4,
            6 => Self::Zstd,
            other => {
                let what = format!("a squashfs whose compression has the number {other}");
                return Err(SquashFault::Unsupported(what));
            }
        })
    }

    /// Decompresses a block of at most `most` bytes.
    pub(super) fn unpack(self, stored: &[u8], most: usize) -> io::Result<Vec<u8>> {
        let mut plain = vec![0; most];
        let size = match self {
            Self::Gzip => {
                let mut inflate = Decompress::new(true);
                inflate.decompress(stored, &mut plain, FlushDecompress::Finish)?;
                usize::try_from(inflate.total_out()).unwrap_or(most)
            }
            Self::Lzma => lzma(Stream::new_lzma_decoder(LZMA_MEMORY)?, stored, &mut plain)?,
            Self::Xz => {
                let stream = Stream::new_stream_decoder(LZMA_MEMORY, 0)?;
                lzma(stream, stored, &mut plain)?
            }
            Self::Lzo => {
                lzokay::decompress::decompress(stored, &mut plain).map_err(io::Error::other)?
            }
            Self::Lz4 => {
                lz4_flex::block::decompress_into(stored, &mut plain).map_err(io::Error::other)?
            }
            Self::Zstd => zstd::bulk::decompress_to_buffer(stored, &mut plain[..])?,
        };
        plain.truncate(size);
        Ok(plain)
    }
}

fn lzma(mut stream: Stream, mut stored: &[u8], plain: &mut [u8]) -> io::Result<usize> {
    loop {
        let (read, written) = (stream.total_in(), stream.total_out());
        let at = usize::try_from(written).unwrap_or(usize::MAX);
        let room = plain.get_mut(at..).unwrap_or_default();
        let status = stream.process(stored, room, Action::Finish)?;
        let used = usize::try_from(stream.total_in() - read).unwrap_or(usize::MAX);
        stored = stored.get(used..).unwrap_or_default();
        let is_stuck = used == 0 && stream.total_out() == written;
        if status == Status::StreamEnd || is_stuck {
            return Ok(usize::try_from(stream.total_out()).unwrap_or(usize::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    const PLAIN: &[u8] = b"abcabcabcabcabcabcabcabcabcabcabcabc";

    fn stored() -> Vec<(Codec, Vec<u8>)> {
        let mut gzip = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(PLAIN).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(PLAIN).unwrap();
        // LZO1X: so many literals and 17 more in the first byte, and the end.
        let lzo = [&[17 + PLAIN.len() as u8], PLAIN, &[0x11, 0, 0]].concat();
        vec![
            (Codec::Gzip, gzip.finish().unwrap()),
            (Codec::Xz, xz.finish().unwrap()),
            (Codec::Lzo, lzo),
            (Codec::Lz4, lz4_flex::block::compress(PLAIN)),
            (Codec::Zstd, zstd::encode_all(PLAIN, 1).unwrap()),
        ]
    }

    #[test]
    fn blocks_are_unpacked_and_bounded() {
        for (codec, stored) in stored() {
            assert_eq!(codec.unpack(&stored, 100).unwrap(), PLAIN, "{codec:?}");
            let cut = codec.unpack(&stored, 10);
            assert!(cut.is_err() || cut.unwrap().len() <= 10, "{codec:?}");
        }
        assert!(Codec::of(7).is_err());
    }

    proptest! {
        #[test]
        fn any_block_is_unpacked_or_refused(at in 0_usize..100, byte: u8, noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (codec, mut stored) in stored() {
                let length = stored.len();
                stored[at % length] = byte;
                let _ = codec.unpack(&stored, 64);
                let _ = codec.unpack(&noise, 64);
            }
        }
    }
}
