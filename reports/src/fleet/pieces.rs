//! Lines that came in pieces, put together again: srun(1) passes on at most 1024 bytes of a task at
//! a time, between which those of other tasks may come. With `--label` each piece is a line of text
//! of its own, `3: HPCCTL1 n3 ...` and `3: ...`, in the order in which the task wrote it.
//!
//! A piece begins where a line is not whole, and goes on where the same label comes again. Whether it
//! is whole then is for its sum to say. Where nobody puts labels there, the node writes such pieces
//! itself ([`broken`]): what is shorter than srun's measure is passed on whole.

use std::collections::HashMap;

use super::line::{MAGIC, MOST};
use super::node_set::{NAME, is_name};

/// The longest text in pieces: a line with what stands in front of it, be it one that broke off.
const TEXT: usize = 4 * MOST;

/// The most bytes of lines that are not whole yet: every node of the largest machines may have one.
const BYTES: usize = 512 << 20;

/// The most bytes of a piece that a node writes.
const PIECE: usize = 1000;

/// What stands behind a label.
const COLON: &[u8] = b": ";

/// Texts in which a line is not whole yet, by their label.
#[derive(Debug, Default)]
pub struct Pieces {
    by_label: HashMap<Box<[u8]>, Vec<u8>>,
    bytes: usize,
}

/// A line of a node in pieces, with its name as their label.
pub fn broken(line: &[u8]) -> Vec<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let name = line.strip_prefix(MAGIC.as_bytes()).unwrap_or_default();
    let name = name.split(|byte| *byte == b' ').next().unwrap_or_default();
    let most = PIECE - NAME - COLON.len() - 1;
    let pieces = line.chunks(most);
    let pieces = pieces.flat_map(|piece| [name, COLON, piece, b"\n"]);
    pieces.collect::<Vec<_>>().concat()
}

/// What an engine calls the node whose line begins behind it; the number of a task is no name.
pub fn label(text: &[u8]) -> Option<&str> {
    let (label, _) = labelled(text).filter(|(_, rest)| rest.starts_with(MAGIC.as_bytes()))?;
    let is_number = label.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number).then_some(label)
}

/// The label in front of a text, and what stands behind it.
fn labelled(text: &[u8]) -> Option<(&str, &[u8])> {
    let at = memchr::memchr(COLON[0], text)?;
    let rest = text[at..].strip_prefix(COLON)?;
    let label = str::from_utf8(&text[..at]).ok()?;
    is_name(label).then_some((label, rest))
}

impl Pieces {
    /// The text that this one goes on with, and this one; none where its label has none.
    pub fn joined(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        if self.by_label.is_empty() {
            return None;
        }
        let (label, rest) = labelled(text)?;
        let mut joined = self.by_label.remove(label.as_bytes())?;
        self.bytes -= joined.len();
        joined.extend_from_slice(rest);
        Some(joined)
    }

    /// Keeps a text in which a line is not whole until more of it comes; false where it cannot be
    /// gone on with.
    pub fn keep(&mut self, text: &[u8]) -> bool {
        // A space before the end is the node's.
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let Some((label, _)) = labelled(text) else {
            return false;
        };
        if text.len() > TEXT || self.bytes + text.len() > BYTES {
            return false;
        }
        self.bytes += text.len();
        self.by_label.insert(label.as_bytes().into(), text.into());
        true
    }

    /// What was never gone on with.
    pub fn rest(&mut self) -> impl Iterator<Item = Vec<u8>> + use<> {
        self.bytes = 0;
        std::mem::take(&mut self.by_label).into_values()
    }
}
