//! Members of gzip that follow one another, each of which may carry something in its header.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::Beside;

/// Reads the members of a stream as one, as [`flate2::bufread::MultiGzDecoder`] does, and shows
/// the header of each.
pub(super) struct Members<'b, R> {
    /// The member at hand; none at the end of the stream.
    member: Option<GzDecoder<R>>,
    beside: Option<&'b Beside>,
}

impl<'b, R: BufRead> Members<'b, R> {
    pub(super) fn new(stored: R, beside: Option<&'b Beside>) -> Self {
        Self {
            member: Some(GzDecoder::new(stored)),
            beside,
        }
    }
}

impl<R: BufRead> Read for Members<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            if let (Some(beside), Some(header)) = (self.beside, member.header()) {
                beside.gzip(header);
            }
            let mut stored = match self.member.take() {
                Some(member) => member.into_inner(),
                None => break,
            };
            if !stored.fill_buf()?.is_empty() {
                self.member = Some(GzDecoder::new(stored));
            }
        }
        Ok(0)
    }
}
