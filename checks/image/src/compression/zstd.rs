//! Frames of zstd that follow one another, and what lies in those that decoders skip (RFC 8878,
//! section 3.1).

use std::io::{self, BufRead, Read};

use zstd::stream::raw::{Decoder, Operation};

use super::Beside;
use super::beside::MOST_PACKED;

/// The magic of frames that are skipped, whose lowest four bits are free.
const SKIPPED: u32 = 0x184d_2a50;

/// Reads the frames of a stream as one, and shows what is skipped.
pub(super) struct Frames<'b, R> {
    stored: R,
    decoder: Decoder<'static>,
    /// The magic of the frame at hand, as far as the decoder has not seen it.
    magic: Vec<u8>,
    is_in_frame: bool,
    beside: Option<&'b Beside>,
}

impl<'b, R: BufRead> Frames<'b, R> {
    pub(super) fn new(stored: R, beside: Option<&'b Beside>) -> io::Result<Self> {
        Ok(Self {
            stored,
            decoder: Decoder::new()?,
            magic: Vec::new(),
            is_in_frame: false,
            beside,
        })
    }

    /// Begins the next frame that is not skipped; false at the end of the stream.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            let mut magic = Vec::with_capacity(4);
            self.stored.by_ref().take(4).read_to_end(&mut magic)?;
            let number = magic
                .first_chunk::<4>()
                .map(|four| u32::from_le_bytes(*four));
            if number.is_some_and(|number| number & !0xf == SKIPPED) {
                self.skip()?;
                continue;
            }
            self.is_in_frame = !magic.is_empty();
            self.magic = magic;
            return Ok(self.is_in_frame);
        }
    }

    /// Passes over a frame whose magic was read.
    fn skip(&mut self) -> io::Result<()> {
        let mut size = [0; 4];
        self.stored.read_exact(&mut size)?;
        let size = u64::from(u32::from_le_bytes(size));
        let mut kept = Vec::new();
        let mut frame = self.stored.by_ref().take(size);
        if self.beside.is_some() {
            frame.by_ref().take(MOST_PACKED).read_to_end(&mut kept)?;
        }
        io::copy(&mut frame, &mut io::sink())?;
        if frame.limit() > 0 {
            return Err(cut());
        }
        if let Some(beside) = self.beside {
            beside.frame(size, &kept);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Frames<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !out.is_empty() {
            if !self.is_in_frame && !self.begin()? {
                break;
            }
            let is_magic = !self.magic.is_empty();
            let input = match is_magic {
                true => &self.magic[..],
                false => self.stored.fill_buf()?,
            };
            let is_end = input.is_empty();
            let status = self.decoder.run_on_buffers(input, out)?;
            match is_magic {
                true => drop(self.magic.drain(..status.bytes_read)),
                false => self.stored.consume(status.bytes_read),
            }
            self.is_in_frame = status.remaining > 0;
            if status.bytes_written > 0 {
                return Ok(status.bytes_written);
            }
            if is_end && self.is_in_frame {
                return Err(cut());
            }
        }
        Ok(0)
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "a frame of zstd is cut off")
}
