//! Which files of a layer are looked into, and how their bytes come: held, or as a stream.

use std::io::{Cursor, Read};

use flate2::bufread::GzDecoder;

use super::super::{Content, Intake, KEEP, ROOM, buffer, is_text};
use super::form::Form;
use super::source::Stored;
use super::{Inside, Member, zip};
use crate::sensitive;

/// The most stored bytes of a zip that is held, to be read by its directory.
const HELD: u64 = 16 * 1024 * 1024;

/// Directories whose texts that gzip packed are manuals and logs of changes of packages.
pub(super) const MANUALS: [&str; 3] = ["usr/share/doc/", "usr/share/info/", "usr/share/man/"];

/// Plain bytes that tell whether it is one: a header of tar has as many.
const START: usize = 512;

impl Intake<'_> {
    /// Whether the file at hand holds others that keys are looked for in.
    pub(in crate::layer::intake) fn is_archive(&self, path: &str) -> bool {
        let head = &self.scratch[..];
        self.plan.judges() && Form::of(path, head).is_some() && !is_manual(path, head)
    }

    /// Looks into the archive at hand, of which the start is read.
    pub(in crate::layer::intake) fn inside<C: Content>(
        &mut self,
        content: &mut C,
    ) -> Result<(), C::Fault> {
        let path = content.path().to_owned();
        let size = self.scratch.len() as u64 + content.left();
        let is_zip = Form::of(&path, &self.scratch) == Some(Form::Zip);
        let wanted = match is_zip && size <= HELD {
            true => HELD,
            // It may be something else by its name.
            false if self.is_sensitive(&path, size) => sensitive::most_bytes(&path),
            false => 0,
        };
        let wanted = wanted.saturating_sub(self.scratch.len() as u64);
        let plan = self.plan;
        let _one = plan.one_large(size);
        content.read_content(wanted, &mut self.scratch)?;
        self.look(&path, size);
        let mut rest = Stored::of(content);
        let mut inside = Inside::new(&path, size, &plan.limits, &plan.room);
        if is_zip && self.scratch.len() as u64 == size {
            zip::held(&mut inside, &self.scratch, "", 1);
        } else {
            let mut whole = Cursor::new(&self.scratch).chain(&mut rest);
            let name = path.rsplit('/').next().unwrap_or(&path);
            inside.any(
                &mut whole,
                Member::new(name.to_owned(), 0o644, Some(size)),
                0,
            );
        }
        self.tell(inside);
        if self.scratch.len() > KEEP || self.scratch.capacity() > ROOM {
            self.scratch = buffer();
        }
        rest.finish()
    }

    /// Looks into the archive that was read for catalogers, as a whole or to their bound.
    pub(in crate::layer::intake) fn look_inside(&mut self, path: &str, size: u64) {
        let mut inside = Inside::new(path, size, &self.plan.limits, &self.plan.room);
        let is_whole = self.scratch.len() as u64 == size;
        match Form::of(path, &self.scratch) {
            Some(Form::Zip) if is_whole => zip::held(&mut inside, &self.scratch, "", 1),
            _ => {
                let name = path.rsplit('/').next().unwrap_or(path);
                let one = Member::new(name.to_owned(), 0o644, Some(size));
                inside.any(&mut &self.scratch[..], one, 0);
            }
        }
        if !is_whole {
            inside.passes("it is larger than what is looked at");
        }
        self.tell(inside);
    }

    /// Looks into the archive that begins at a place of the buffer of texts, behind a script.
    pub(in crate::layer::intake) fn behind_script<C: Content>(
        &mut self,
        content: &mut C,
        script: usize,
        from: usize,
    ) -> Result<(), C::Fault> {
        let path = content.path().to_owned();
        let size = (self.texts.len() - script) as u64 + content.left();
        let plan = self.plan;
        let mut inside = Inside::new(&path, size, &plan.limits, &plan.room);
        let mut rest = Stored::of(content);
        let mut whole = Cursor::new(&self.texts[from..]).chain(&mut rest);
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        inside.any(&mut whole, Member::new(name, 0o644, None), 0);
        self.tell(inside);
        rest.finish()
    }

    fn tell(&mut self, inside: Inside<'_>) {
        for mark in inside.told() {
            self.listing.mark(mark);
        }
    }
}

/// Whether a file is a manual, by its path and the start of what was packed: a text. To unpack them
/// all takes a twelfth of the time of a scan, and the addresses in them are examples.
pub(super) fn is_manual(path: &str, head: &[u8]) -> bool {
    if !MANUALS.iter().any(|start| path.starts_with(start)) {
        return false;
    }
    let mut plain = [0; START];
    let mut decoder = GzDecoder::new(head);
    let mut filled = 0;
    loop {
        match decoder.read(&mut plain[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(_) => return false,
        }
    }
    let plain = &plain[..filled];
    filled > 0 && is_text(plain) && Form::of("", plain).is_none()
}

/// Whether bytes begin as an archive does.
pub(in crate::layer::intake) fn is_one(bytes: &[u8]) -> bool {
    Form::of("", bytes).is_some()
}
