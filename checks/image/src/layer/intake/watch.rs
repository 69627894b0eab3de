//! The look at a file that is not held as a whole, as it passes: what gives access in a text behind
//! its start, in a program, and in what is neither.

use super::behind::Behind;
use super::program::Program;
use super::unprinted::Strings;
use super::{Content, ELF, HEAD, Intake, is_text};
use crate::sensitive::{self, Sighting};
use crate::tree::Mark;

/// Bytes that are looked at together.
pub(super) const PIECE: u64 = 256 * 1024;

/// The look at the file at hand.
#[derive(Debug)]
pub(super) enum Watch {
    /// At the strings of what is no text.
    Strings(Strings),
    /// At a text.
    Text(Behind),
    /// At a program or a library.
    Program(Program),
}

impl Watch {
    /// Looks at the next bytes of the file at a path.
    pub(super) fn see(&mut self, path: &str, mode: u16, bytes: &[u8]) {
        match self {
            Self::Strings(strings) => strings.see(path, bytes),
            Self::Text(behind) => behind.see(path, mode, bytes),
            Self::Program(program) => program.see(path, bytes),
        }
    }

    /// What was seen.
    pub(super) fn into_seen(self, path: &str, mode: u16) -> Vec<Sighting> {
        match self {
            Self::Strings(strings) => strings.into_seen(),
            Self::Text(behind) => behind.into_seen(path, mode),
            Self::Program(program) => program.into_seen(path),
        }
    }
}

impl Intake<'_> {
    /// Begins to look at the file at hand, whose start is read: at what is no text, and at a text that
    /// catalogers read.
    pub(super) fn begin_watch(&mut self, path: &str) {
        let start = || sensitive::most_bytes(path).min(self.most().max(HEAD as u64));
        self.watch = match self.plan.judges() {
            false => None,
            true if is_text(&self.scratch) => {
                let is_read = !self.rows.is_empty();
                is_read.then(|| Watch::Text(Behind::new(start())))
            }
            true if self.scratch.starts_with(ELF) => Some(Watch::Program(Program::default())),
            true => Some(Watch::Strings(Strings::new(&self.scratch))),
        };
        self.watch(path, 0);
    }

    /// Looks at what was read of the file at hand since it was so long.
    pub(super) fn watch(&mut self, path: &str, from: usize) {
        if let Some(watch) = &mut self.watch {
            watch.see(path, self.listing.last_mode(), &self.scratch[from..]);
        }
    }

    /// Passes over bytes of the file at hand, and looks at them.
    pub(super) fn pass<C: Content>(&mut self, content: &mut C, count: u64) -> Result<(), C::Fault> {
        let Some(watch) = &mut self.watch else {
            return content.skip(count);
        };
        let (path, mode) = (content.path().to_owned(), self.listing.last_mode());
        content.pass(count, PIECE, &mut |bytes| watch.see(&path, mode, bytes))
    }

    /// Ends the look at the file at hand.
    pub(super) fn end_watch(&mut self, path: &str) {
        let mode = self.listing.last_mode();
        let seen = self.watch.take().map(|watch| watch.into_seen(path, mode));
        for sighting in seen.into_iter().flatten() {
            self.listing.mark(Mark::Sensitive(sighting));
        }
    }
}
