//! What gives access in a long text, behind the start of it that everything else is looked for in.

use std::collections::HashSet;

use super::{Content, Intake};
use crate::sensitive;
use crate::tree::Mark;

/// Bytes that are looked at together.
const PIECE: u64 = 1024 * 1024;

/// Bytes of a piece that the next one begins with: what lies on the edge is whole in one of them.
const OVERLAP: usize = 8 * 1024;

/// The most bytes of one text behind its start; the rest of it is not looked at.
const MOST: u64 = 255 * 1024 * 1024;

impl Intake<'_> {
    /// Looks at the rest of the text at hand, whose start is the last of the buffer from `from` on.
    pub(super) fn behind<C: Content>(
        &mut self,
        content: &mut C,
        from: usize,
    ) -> Result<(), C::Fault> {
        let start = &self.texts[from..];
        let kept = start.len().saturating_sub(OVERLAP);
        // Lines in front of the piece.
        let mut lines = newlines(&start[..kept]);
        let mut piece = start[kept..].to_vec();
        let (mode, size) = (self.listing.last_mode(), start.len() as u64);
        let (mut told, mut left) = (HashSet::new(), MOST);
        while content.left() > 0 && left > 0 {
            let before = piece.len();
            content.read_content(PIECE.min(left), &mut piece)?;
            let read = piece.len() - before;
            if read == 0 {
                break;
            }
            left = left.saturating_sub(read as u64);
            let source = sensitive::Source {
                path: content.path(),
                mode,
                size,
                bytes: &piece,
            };
            for mut sighting in sensitive::look_behind(&source, before) {
                sighting.line = sighting.line.map(|line| line + lines);
                if told.insert((sighting.rule, sighting.line)) {
                    self.listing.mark(Mark::Sensitive(sighting));
                }
            }
            let kept = piece.len().saturating_sub(OVERLAP);
            lines += newlines(&piece[..kept]);
            piece.drain(..kept);
        }
        Ok(())
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
