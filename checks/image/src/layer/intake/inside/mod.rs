//! What gives access, and what vendors restrict, inside archives and compressed files: zip (jar,
//! wheel), tar, cpio, ar (and so packages of Debian), packages of rpm, and what gzip, xz, zstd,
//! bzip2, lz4 or lzip packed; archives in archives, too.
//!
//! Everything is read as it comes, so that an archive of any size takes no memory. How much is
//! unpacked, and how deep, is bounded; what is beyond the bounds, encrypted or of another form is
//! told by [`UNREAD`], which the gate judges by a rule of its own. Classes of Java and pictures are
//! passed over.

mod ar;
mod cpio;
mod form;
mod git;
mod leaf;
mod rpm;
mod source;
mod zip;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use hpcctl_model::scan::UNREAD;

use self::form::Form;
use self::source::Stored;
use super::{Content, HEAD, Intake, KEEP, ROOM, buffer};
use crate::Limits;
use crate::blob::Hashed;
use crate::compression::{Beside, Compression};
use crate::layer::{Room, Roomy, take};
use crate::sensitive::{self, Sighting};
use crate::tarball::{Entry, Kind, Walk};
use crate::tree::{Mark, Member as Restricted};

/// The most stored bytes of a zip that is held, to be read by its directory.
const HELD: u64 = 16 * 1024 * 1024;

/// What one archive may unpack to: so much, and for each stored byte.
const PLAIN: u64 = 64 * 1024 * 1024;
const RATIO: u64 = 50;

/// How many archives may lie in one another; a compressed tar counts for two.
const DEPTH: usize = 8;

/// The most sightings of one archive that are told, and the reasons why it was not looked into.
const TOLD: usize = 50;
const REASONS: usize = 4;

/// Ends of the names of members that are code of Java or pictures.
const PASSED: [&str; 5] = [".class", ".gif", ".jpeg", ".jpg", ".png"];

/// Directories whose compressed files are manuals and logs of changes of packages.
const MANUALS: [&str; 3] = ["usr/share/doc/", "usr/share/info/", "usr/share/man/"];

/// Bytes as they come.
trait Stream: BufRead {}

impl<S: BufRead + ?Sized> Stream for S {}

fn is_passed(name: &str) -> bool {
    PASSED.iter().any(|end| name.ends_with(end))
}

/// Reads over so many bytes.
fn pass(stored: &mut dyn Stream, count: u64) -> io::Result<()> {
    io::copy(&mut stored.take(count), &mut io::sink()).map(drop)
}

impl Intake<'_> {
    /// Whether the file at hand holds others that keys are looked for in.
    pub(super) fn is_archive(&self, path: &str) -> bool {
        self.plan.judges()
            && Form::of(path, &self.scratch).is_some()
            && !MANUALS.iter().any(|start| path.starts_with(start))
    }

    /// Looks into the archive at hand, of which the start is read.
    pub(super) fn inside<C: Content>(&mut self, content: &mut C) -> Result<(), C::Fault> {
        let path = content.path().to_owned();
        let size = self.scratch.len() as u64 + content.left();
        let is_zip = Form::of(&path, &self.scratch) == Some(Form::Zip);
        let wanted = match is_zip && size <= HELD {
            true => HELD,
            // It may be something else by its name.
            false if self.is_sensitive(&path, size) => sensitive::MOST_BYTES,
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
    pub(super) fn look_inside(&mut self, path: &str, size: u64) {
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

    fn tell(&mut self, inside: Inside<'_>) {
        for mark in inside.told() {
            self.listing.mark(mark);
        }
    }
}

/// A member of an archive.
struct Member {
    /// Its path, through all archives that it lies in.
    name: String,
    /// Where the path in the innermost archive begins.
    own: usize,
    mode: u16,
    /// Its size; none where that shows at its end.
    size: Option<u64>,
}

impl Member {
    fn new(name: String, mode: u16, size: Option<u64>) -> Self {
        Self {
            name,
            own: 0,
            mode,
            size,
        }
    }

    /// A member of the archive that is in front of it.
    fn of(above: &str, name: &str, mode: u16, size: Option<u64>) -> Self {
        let name = name.trim_start_matches(['.', '/']);
        Self {
            name: format!("{above}{name}"),
            own: above.len(),
            mode,
            size,
        }
    }

    /// Its path in the innermost archive.
    fn own(&self) -> &str {
        &self.name[self.own..]
    }
}

/// The look into one archive.
struct Inside<'a> {
    path: &'a str,
    limits: &'a Limits,
    room: &'a Room,
    /// Plain bytes that it may still unpack to.
    left: Arc<AtomicU64>,
    /// Whether a decompression that takes much memory is under way.
    is_large: bool,
    /// What was not looked at, and why, each once.
    passed: Vec<String>,
    seen: Vec<Sighting>,
    /// Files of vendors, by the row of their terms.
    restricted: BTreeMap<&'static str, Restricted>,
}

impl<'a> Inside<'a> {
    fn new(path: &'a str, size: u64, limits: &'a Limits, room: &'a Room) -> Self {
        Self {
            path,
            limits,
            room,
            left: Arc::new(AtomicU64::new(
                size.saturating_mul(RATIO).saturating_add(PLAIN),
            )),
            is_large: false,
            passed: Vec::new(),
            seen: Vec::new(),
            restricted: BTreeMap::new(),
        }
    }

    fn passes(&mut self, why: &str) {
        if !self.passed.iter().any(|known| known == why) && self.passed.len() < REASONS {
            self.passed.push(why.to_owned());
        }
    }

    /// Looks at what may be an archive in an archive.
    fn any(&mut self, stored: &mut dyn Stream, member: Member, depth: usize) {
        let mut head = Vec::with_capacity(HEAD);
        if let Err(error) = (&mut *stored).take(HEAD as u64).read_to_end(&mut head) {
            self.passes(&error.to_string());
        }
        let path = if depth == 0 { self.path } else { &member.name };
        match Form::of(path, &head) {
            None => self.leaf(head, stored, &member),
            Some(Form::Closed(what)) => {
                self.passes(&format!("it is or holds {what}, which is not looked into"));
            }
            Some(_) if depth == DEPTH => {
                self.passes(&format!(
                    "archives lie in one another more than {DEPTH} deep"
                ));
            }
            Some(form) => {
                let mut whole = Cursor::new(head).chain(stored);
                if let Err(error) = self.holder(form, &mut whole, &member, depth) {
                    self.passes(&error.to_string());
                }
            }
        }
    }

    /// Looks at what an archive holds.
    fn holder(
        &mut self,
        form: Form,
        stored: &mut dyn Stream,
        member: &Member,
        depth: usize,
    ) -> io::Result<()> {
        // The file itself is named by whoever tells of it.
        let above = match depth {
            0 => String::new(),
            _ => format!("{}/", member.name),
        };
        let inner = depth + 1;
        match form {
            Form::Zip => zip::streamed(self, stored, &above, inner),
            Form::Tar => self.tar(stored, &above, inner),
            Form::Ar => ar::each(self, stored, &above, inner),
            Form::Cpio => cpio::each(self, stored, &above, inner),
            Form::Rpm => rpm::payload(self, stored, &above, inner),
            Form::Pack => git::pack(self, stored, &above, inner),
            Form::Object => git::loose(self, stored, &above, inner),
            Form::Packed(compression) => self.packed(compression, stored, member, inner),
            Form::Closed(_) => Ok(()),
        }
    }

    /// What was compressed: an archive, or one file.
    fn packed(
        &mut self,
        compression: Compression,
        stored: &mut dyn Stream,
        member: &Member,
        depth: usize,
    ) -> io::Result<()> {
        let takes_much = matches!(
            compression,
            Compression::Xz | Compression::Lzip | Compression::Zstd
        );
        if takes_much && self.is_large {
            return Err(io::Error::other(
                "what is compressed in it twice, by xz, lzip or zstd, was not unpacked",
            ));
        }
        let beside = Beside::default();
        let decoder = compression.decoder_beside(stored, Some(&beside))?;
        let name = member.name.rsplit_once('.');
        let name = name.map_or(&*member.name, |(name, _)| name).to_owned();
        let one = Member {
            name,
            own: member.own,
            mode: member.mode,
            size: None,
        };
        self.is_large |= takes_much;
        let mut plain = self.counted(decoder);
        self.any(&mut plain, one, depth);
        let drained = io::copy(&mut plain, &mut io::sink());
        drop(plain);
        self.is_large &= !takes_much;
        for why in beside.into_told() {
            self.passes(&why);
        }
        drained.map(drop)
    }

    fn tar(&mut self, stored: &mut dyn Stream, above: &str, depth: usize) -> io::Result<()> {
        let limits = self.limits;
        let mut walk = Walk::new(Hashed::without_digest(stored, u64::MAX), limits);
        while let Some(head) = walk.advance().map_err(io::Error::other)? {
            for sighting in sensitive::look_at_bytes(walk.beside()) {
                let one = Member::of(above, walk.path(), head.mode, None);
                self.sees(&one, sighting);
            }
            if let Some(fault) = head.fault {
                self.passes(&fault.to_string());
            }
            if head.kind != Kind::File || head.size == 0 || is_passed(walk.path()) {
                continue;
            }
            let one = Member::of(above, walk.path(), head.mode, Some(head.size));
            let content = Entry::of(&mut walk);
            match head.sparse {
                // A hole is as long as a header says.
                true => {
                    let mut content = self.counted(content);
                    self.any(&mut content, one, depth);
                }
                false => self.any(&mut { content }, one, depth),
            }
        }
        let is_odd = walk.is_padded_oddly() || !walk.beside().is_empty();
        if is_odd || !walk.bytes().ends_in_zeros()? {
            self.passes("a tar has bytes that belong to no file");
        }
        Ok(())
    }

    /// A reader of what is unpacked, as far as there is room for it.
    fn counted<R: BufRead>(&self, plain: R) -> Roomy<R, impl Fn(usize) -> bool + use<'a, R>> {
        let (left, room) = (Arc::clone(&self.left), self.room);
        Roomy::new(plain, move |count| {
            take(&left, count as u64) && room.unpacked(count)
        })
    }

    /// Takes note of something that was seen in a member.
    fn sees(&mut self, member: &Member, sighting: Sighting) {
        let shown = member.name.chars().filter(|one| !one.is_control());
        let shown: String = shown.collect();
        let line = sighting.line;
        let line = line.map_or(String::new(), |line| format!(", line {line}"));
        if self.seen.len() == TOLD {
            return self.passes("it holds more than is told");
        }
        self.seen.push(Sighting {
            text: format!("{} ({shown}{line} in this archive)", sighting.text),
            line: None,
            ..sighting
        });
    }

    fn told(self) -> impl Iterator<Item = Mark> {
        let unread = (!self.passed.is_empty()).then(|| Sighting {
            rule: UNREAD,
            line: None,
            text: format!(
                "an archive that was not looked into for keys as a whole: {}",
                self.passed.join("; ")
            ),
            is_clue: sensitive::is_example(self.path),
        });
        let seen = self.seen.into_iter().chain(unread).map(Mark::Sensitive);
        seen.chain(self.restricted.into_values().map(Mark::Holds))
    }
}

#[cfg(test)]
mod tests;
