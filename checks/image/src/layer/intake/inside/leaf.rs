//! What is looked for in a member of an archive that is none itself: what gives access, and whether
//! it is a file of a vendor, by its path and its SONAME.

use std::io::{self, BufRead, Cursor, Read};

use hpcctl_license_db::redistribution::{Finder, State, Subject};
use hpcctl_model::scan::UNREAD;

use super::super::behind::Behind;
use super::super::program::Program;
use super::super::unprinted::Strings;
use super::super::watch::{PIECE, Watch};
use super::super::{ELF, is_text};
use super::form::{behind_script, is_script};
use super::{Inside, Member, Restricted, Stream};
use crate::linkage::{Held, Linkage};
use crate::sensitive::{self, Source};

impl Inside<'_> {
    /// Looks at a member whose start was read.
    pub(super) fn leaf(
        &mut self,
        head: Vec<u8>,
        rest: &mut dyn Stream,
        member: &Member,
        depth: usize,
    ) {
        if head.is_empty() {
            return;
        }
        let read = self.read(head, rest, member, depth);
        if let Err(error) = read {
            self.passes(&error.to_string());
        }
    }

    fn read(
        &mut self,
        mut start: Vec<u8>,
        rest: &mut dyn Stream,
        member: &Member,
        depth: usize,
    ) -> io::Result<()> {
        // Where it lies tells whether it is an example, and its own name what it may be.
        let path = format!("{}/{}", self.path, member.name);
        if start.starts_with(ELF) {
            return self.program(start, rest, member, &path);
        }
        self.restrict(member, None);
        let is_end = rest.fill_buf()?.is_empty();
        let size = match member.size {
            _ if is_end => start.len() as u64,
            size => size.unwrap_or(u64::MAX),
        };
        let is_text = is_text(&start);
        if !is_text && !sensitive::wants(&path, &start, size) {
            let watch = Watch::Strings(Strings::new(&start));
            return self.watch(watch, &start, rest, member, &path);
        }
        let most = sensitive::most_bytes(&path);
        let more = most.saturating_sub(start.len() as u64);
        let read = (&mut *rest).take(more).read_to_end(&mut start);
        let seen = sensitive::look(&Source {
            path: &path,
            mode: member.mode,
            size: size.max(start.len() as u64),
            bytes: &start,
        });
        for sighting in seen {
            self.sees(member, sighting);
        }
        read?;
        if let Some(at) = is_script(&start).then(|| behind_script(&start)).flatten() {
            let one = Member::new(format!("{}/", member.name), member.mode, None);
            self.any(&mut Cursor::new(&start[at..]).chain(rest), one, depth + 1);
            return Ok(());
        }
        if is_text && sensitive::is_named(&path) && !rest.fill_buf()?.is_empty() {
            self.passes(&sensitive::only_start(most));
        }
        let watch = match is_text {
            true => Watch::Text(Behind::new(start.len() as u64)),
            false => Watch::Strings(Strings::new(&start)),
        };
        self.watch(watch, &start, rest, member, &path)
    }

    /// Looks at a member, whose start was read, to its end.
    fn watch(
        &mut self,
        mut watch: Watch,
        start: &[u8],
        rest: &mut dyn Stream,
        member: &Member,
        path: &str,
    ) -> io::Result<()> {
        watch.see(path, member.mode, start);
        let mut piece = Vec::new();
        let read = loop {
            piece.clear();
            match (&mut *rest).take(PIECE).read_to_end(&mut piece) {
                Ok(0) => break Ok(()),
                Ok(_) => watch.see(path, member.mode, &piece),
                Err(error) => {
                    watch.see(path, member.mode, &piece);
                    break Err(error);
                }
            }
        };
        self.watched(watch, member, path);
        read
    }

    /// Looks at a program or a library.
    fn program(
        &mut self,
        start: Vec<u8>,
        rest: &mut dyn Stream,
        member: &Member,
        path: &str,
    ) -> io::Result<()> {
        let mut watch = Watch::Program(Program::default());
        watch.see(path, member.mode, &start);
        let mut shown = Shown {
            stored: rest,
            see: |bytes: &[u8]| watch.see(path, member.mode, bytes),
        };
        let soname = soname(start, &mut shown, member.size);
        let read = soname.and_then(|soname| {
            self.restrict(member, soname);
            io::copy(&mut shown, &mut io::sink())
        });
        self.watched(watch, member, path);
        read.map(drop)
    }

    /// Takes note of what was seen of a member as it passed.
    fn watched(&mut self, watch: Watch, member: &Member, path: &str) {
        for sighting in watch.into_seen(path, member.mode) {
            match sighting.rule == UNREAD {
                true => self.passes(&sighting.text),
                false => self.sees(member, sighting),
            }
        }
    }

    /// Takes note of a file that terms of vendors are for, by its path in the innermost archive.
    fn restrict(&mut self, member: &Member, soname: Option<String>) {
        let found = Finder::new().terms_of(&Subject {
            path: member.own(),
            soname: soname.as_deref(),
            ..Subject::default()
        });
        let found = found.into_iter().map(|found| found.terms);
        for terms in found.filter(|terms| terms.state != State::Yes) {
            let known = self.restricted.entry(&terms.id);
            let first = known.or_insert_with(|| Restricted {
                path: member.own().to_owned(),
                soname: soname.clone(),
                count: 0,
            });
            first.count += 1;
        }
    }
}

/// A stream that shows what is taken from it.
struct Shown<'s, F> {
    stored: &'s mut dyn Stream,
    see: F,
}

impl<F: FnMut(&[u8])> BufRead for Shown<'_, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.stored.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is in the buffer is there without reading.
        if let Ok(buffer) = self.stored.fill_buf() {
            (self.see)(&buffer[..count.min(buffer.len())]);
        }
        self.stored.consume(count);
    }
}

impl<F: FnMut(&[u8])> Read for Shown<'_, F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

/// The SONAME of an ELF file; none where it has none.
fn soname(head: Vec<u8>, rest: &mut dyn Stream, size: Option<u64>) -> io::Result<Option<String>> {
    let size = size.unwrap_or(u64::MAX);
    let mut at = head.len() as u64;
    let mut held = Held::in_buffer(Vec::new());
    held.buffer().extend_from_slice(&head);
    held.took(0);
    while let Some(part) = held.next(at, size) {
        let passed = io::copy(&mut rest.take(part.start - at), &mut io::sink())?;
        let from = at + passed;
        let wanted = part.end - part.start;
        let read = rest.take(wanted).read_to_end(held.buffer())? as u64;
        held.took(from);
        at = from + read;
        if from != part.start || read < wanted {
            break;
        }
    }
    // What is broken is no library that works.
    Ok(Linkage::read(&held).ok().flatten().and_then(|it| it.soname))
}
