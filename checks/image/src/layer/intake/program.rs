//! Private keys in programs and libraries, where they stand whole in PEM, and archives that lie
//! behind a program.
//!
//! The better part of most images passes here, so that all is searched for one literal only; what
//! stands around it is looked at closely. Every library of cryptography has it, without a key.

use std::sync::LazyLock;

use hpcctl_model::scan::UNREAD;
use memchr::memmem::Finder;

use super::appended::Appended;
use crate::sensitive::{self, Sighting, Sightings};

/// What stands in the frame of every private key.
static FRAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"PRIVATE KEY"));

/// Bytes of what was looked at that the next bytes begin with, and where a key may lie over the edge.
const LITTLE: usize = 64;
const MUCH: usize = 24 * 1024;

/// The look at a program.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// The end of what was looked at.
    before: Vec<u8>,
    /// Whether a key may lie over the edge.
    is_open: bool,
    /// Whether its header says that it is an AppImage; none before that was seen.
    is_image: Option<bool>,
    appended: Appended,
    seen: Sightings,
}

impl Program {
    /// Looks at the next bytes of the file at a path.
    pub(super) fn see(&mut self, path: &str, bytes: &[u8]) {
        // AppImage's specification, "Image format": a magic in the header of ELF.
        let magic = bytes.get(8..11);
        let is_image = || matches!(magic, Some(b"AI\x01" | b"AI\x02"));
        self.is_image.get_or_insert_with(is_image);
        self.appended.see(bytes);
        let edge = bytes.len().min(LITTLE);
        self.before.extend_from_slice(&bytes[..edge]);
        let is_near = self.is_open || FRAME.find(&self.before).is_some();
        if !is_near && FRAME.find(bytes).is_none() {
            // A short piece forgets nothing of what stood before it.
            if bytes.len() > LITTLE {
                self.before.clear();
                self.before
                    .extend_from_slice(&bytes[bytes.len() - LITTLE..]);
            }
            return self.keep(LITTLE);
        }
        self.before.extend_from_slice(&bytes[edge..]);
        let seen = sensitive::look_at_program(path, &self.before);
        self.seen.take_in(seen, |_| None);
        self.keep(MUCH);
        self.is_open = FRAME.find(&self.before).is_some();
        if !self.is_open {
            self.keep(LITTLE);
        }
    }

    fn keep(&mut self, most: usize) {
        let passed = self.before.len().saturating_sub(most);
        self.before.drain(..passed);
    }

    /// What was seen of the file at a path, and whether an archive lies behind it.
    pub(super) fn into_seen(self, path: &str) -> Vec<Sighting> {
        let holds_more = self.is_image == Some(true) || self.appended.is_archive();
        let mut seen = self.seen.into_seen("this file");
        seen.extend(holds_more.then(|| Sighting {
            rule: UNREAD,
            line: None,
            text: "an archive behind a program, which was not looked into for keys".to_owned(),
            is_clue: sensitive::is_example(path),
        }));
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitive::tests::{noise, pem};

    /// A key as DER has it: its length is that of what follows.
    fn key(count: usize) -> String {
        let value = [&b"\x02\x01\0\x02\x82"[..], &noise(7, count - 5)].concat();
        let length = (count as u16).to_be_bytes();
        pem(
            "RSA PRIVATE KEY",
            &[&b"\x30\x82"[..], &length, &value].concat(),
        )
    }

    fn told(bytes: &[u8], step: usize) -> Vec<Sighting> {
        let mut program = Program::default();
        for part in bytes.chunks(step) {
            program.see("opt/bin/serve", part);
        }
        program.into_seen("opt/bin/serve")
    }

    #[test]
    fn whole_keys_are_found_wherever_they_lie_and_frames_alone_are_none() {
        let frames = b"-----BEGIN PRIVATE KEY-----\0-----BEGIN RSA PRIVATE KEY-----\0-----END \0";
        for before in [0, 10, 63, 64, 8000, 300_000] {
            let key = key(1200);
            let (noise, rest) = (noise(3, before), noise(4, 50_000));
            let with = [&noise[..], frames, key.as_bytes(), b"\0", &rest].concat();
            let cut = [&noise[..], frames, &key.as_bytes()[..900], b"\0", &rest].concat();
            for step in [20, 4096, 65_536, with.len()] {
                let seen = told(&with, step);
                assert_eq!(seen.len(), 1, "{before} {step} {seen:?}");
                assert_eq!((seen[0].rule, seen[0].line), ("secret.private-key", None));
                assert_eq!(told(&cut, step), [], "{before} {step}");
            }
        }
    }
}
