//! What gives access, and what vendors restrict, inside archives and compressed files: zip (jar,
//! wheel), tar, cpio, ar (and so packages of Debian), packages of rpm, and what gzip, xz, zstd,
//! bzip2, lz4 or lzip packed; archives in archives, too.
//!
//! Everything is read as it comes, so that an archive of any size takes no memory. How much is
//! unpacked, and how deep, is bounded; what is beyond the bounds, encrypted or of another form is
//! told by [`UNREAD`], which the gate judges by a rule of its own. Classes of Java, pictures and
//! manuals are passed over.

mod ar;
mod cpio;
mod file;
mod form;
mod git;
mod leaf;
mod rpm;
mod source;
mod tar;
mod zip;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use hpcctl_model::scan::UNREAD;

pub(super) use self::file::is_one;
use self::form::Form;
pub(super) use self::form::{behind_script, is_script};
use super::HEAD;
use crate::Limits;
use crate::blob::Hashed;
use crate::compression::{Beside, Compression};
use crate::layer::{Room, Roomy, take};
use crate::sensitive::{self, Sighting, Sightings};
use crate::tree::{Mark, Member as Restricted};

/// What one archive may unpack to: so much, and for each stored byte.
const PLAIN: u64 = 64 * 1024 * 1024;
const RATIO: u64 = 50;

/// How many archives may lie in one another; a compressed tar counts for two.
const DEPTH: usize = 8;

/// The most reasons that are told why an archive was not looked into.
const REASONS: usize = 4;

/// Ends of the names of members that are code of Java or pictures.
const PASSED: [&str; 5] = [".class", ".gif", ".jpeg", ".jpg", ".png"];

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
    seen: Sightings,
    /// Whether what is seen only may be a secret.
    is_doubtful: bool,
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
            seen: Sightings::default(),
            is_doubtful: false,
            restricted: BTreeMap::new(),
        }
    }

    /// Sees to it that nothing but zeros is left of something.
    fn ends(&mut self, stored: &mut dyn Stream, what: &str) -> io::Result<()> {
        if !Hashed::without_digest(stored, u64::MAX).ends_in_zeros()? {
            self.passes(&format!(
                "bytes behind the end of {what} were not looked at"
            ));
        }
        Ok(())
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
            None => self.leaf(head, stored, &member, depth),
            Some(Form::Closed(what)) => {
                self.passes(&format!("it is or holds {what}, which is not looked into"));
            }
            Some(Form::Script(None)) => {
                self.passes("something that is no text lies behind a script");
                self.leaf(head, stored, &member, depth);
            }
            Some(_) if depth >= DEPTH => {
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
            Form::Tar => tar::each(self, stored, &above, inner),
            Form::Ar => ar::each(self, stored, &above, inner),
            Form::Cpio => cpio::each(self, stored, &above, inner),
            Form::Rpm => rpm::payload(self, stored, &above, inner),
            Form::Pack => git::pack(self, stored, &above, inner),
            Form::Object => git::loose(self, stored, &above, inner),
            Form::Packed(compression) => self.packed(compression, stored, member, inner),
            Form::Script(Some(at)) => self.script(at, stored, member, inner),
            Form::Closed(_) | Form::Script(None) => Ok(()),
        }
    }

    /// A script, then an archive.
    fn script(
        &mut self,
        at: usize,
        stored: &mut dyn Stream,
        member: &Member,
        depth: usize,
    ) -> io::Result<()> {
        let mut lines = vec![0; at];
        stored.read_exact(&mut lines)?;
        self.leaf(lines, &mut io::empty(), member, depth);
        let one = Member {
            name: member.name.clone(),
            own: member.own,
            mode: member.mode,
            size: member.size.map(|size| size.saturating_sub(at as u64)),
        };
        self.any(stored, one, depth);
        Ok(())
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
        let beside = Beside::within(Arc::clone(&self.left));
        let decoder = compression.decoder_beside(&mut *stored, Some(&beside))?;
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
        drained?;
        self.ends(stored, "a compressed stream")
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
        self.seen.add(Sighting {
            text: format!("{} ({shown}{line} in this archive)", sighting.text),
            line: None,
            is_clue: sighting.is_clue || self.is_doubtful,
            ..sighting
        });
    }

    fn told(mut self) -> impl Iterator<Item = Mark> {
        if self.seen.more() > 0 {
            self.passes("it holds more than is told");
        }
        let unread = (!self.passed.is_empty()).then(|| Sighting {
            rule: UNREAD,
            line: None,
            text: format!(
                "an archive that was not looked into for keys as a whole: {}",
                self.passed.join("; ")
            ),
            is_clue: sensitive::is_example(self.path),
        });
        let seen = self.seen.into_seen("this archive").into_iter();
        let seen = seen.chain(unread).map(Mark::Sensitive);
        seen.chain(self.restricted.into_values().map(Mark::Holds))
    }
}

#[cfg(test)]
mod tests;
