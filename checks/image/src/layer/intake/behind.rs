//! What gives access in a long text, behind the start of it that everything else is looked for in.

use std::collections::HashSet;

use super::{Content, Intake};
use crate::cache::Word;
use crate::sensitive::{self, Sighting};
use crate::tree::Mark;

/// Bytes that are looked at together.
pub(super) const PIECE: u64 = 1024 * 1024;

/// Bytes of a piece that the next one begins with: what lies on the edge is whole in one of them.
const OVERLAP: usize = 8 * 1024;

/// The most bytes of one text behind its start; the rest of it is not looked at.
pub(super) const MOST: u64 = 255 * 1024 * 1024;

/// The rest of a text that is looked at by pieces.
pub(super) struct Behind {
    /// The end of what was looked at, then what is to be looked at.
    piece: Vec<u8>,
    /// How much of the piece was looked at.
    known: usize,
    /// Lines in front of the piece.
    lines: u64,
    told: HashSet<(Word, Option<u64>)>,
}

impl Behind {
    /// Goes on behind a start that was looked at.
    pub(super) fn new(start: &[u8]) -> Self {
        let kept = start.len().saturating_sub(OVERLAP);
        Self {
            piece: start[kept..].to_vec(),
            known: start.len() - kept,
            lines: newlines(&start[..kept]),
            told: HashSet::new(),
        }
    }

    /// Where the next piece is appended to.
    pub(super) fn piece(&mut self) -> &mut Vec<u8> {
        &mut self.piece
    }

    /// Looks at what was appended to the piece; false where nothing was.
    pub(super) fn look(&mut self, path: &str, mode: u16, mut take: impl FnMut(Sighting)) -> bool {
        if self.piece.len() == self.known {
            return false;
        }
        let source = sensitive::Source {
            path,
            mode,
            size: self.piece.len() as u64,
            bytes: &self.piece,
        };
        for mut sighting in sensitive::look_behind(&source, self.known) {
            sighting.line = sighting.line.map(|line| line + self.lines);
            if self.told.insert((sighting.rule, sighting.line)) {
                take(sighting);
            }
        }
        let kept = self.piece.len().saturating_sub(OVERLAP);
        self.lines += newlines(&self.piece[..kept]);
        self.piece.drain(..kept);
        self.known = self.piece.len();
        true
    }
}

impl Intake<'_> {
    /// Looks at the rest of the text at hand, whose start is the last of the buffer from `from` on.
    pub(super) fn behind<C: Content>(
        &mut self,
        content: &mut C,
        from: usize,
    ) -> Result<(), C::Fault> {
        let mut behind = Behind::new(&self.texts[from..]);
        let (mode, mut left) = (self.listing.last_mode(), MOST);
        while content.left() > 0 && left > 0 {
            content.read_content(PIECE.min(left), behind.piece())?;
            left = left.saturating_sub(PIECE);
            let listing = &mut self.listing;
            let is_more = behind.look(content.path(), mode, |sighting| {
                listing.mark(Mark::Sensitive(sighting));
            });
            if !is_more {
                break;
            }
        }
        Ok(())
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
