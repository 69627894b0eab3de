//! What is looked for in a member of an archive that is none itself: what gives access, and whether
//! it is a file of a vendor, by its path and its SONAME.

use std::io::{self, Read};

use hpcctl_license_db::redistribution::{Finder, State, Subject};

use super::super::behind::{Behind, MOST, PIECE};
use super::super::is_text;
use super::super::unprinted::Strings;
use super::{Inside, Member, Restricted, Stream};
use crate::linkage::{Held, Linkage};
use crate::sensitive::{self, MOST_BYTES, Source};

impl Inside<'_> {
    /// Looks at a member whose start was read.
    pub(super) fn leaf(&mut self, head: Vec<u8>, rest: &mut dyn Stream, member: &Member) {
        if head.is_empty() {
            return;
        }
        let read = self.read(head, rest, member);
        if let Err(error) = read {
            self.passes(&error.to_string());
        }
    }

    fn read(
        &mut self,
        mut start: Vec<u8>,
        rest: &mut dyn Stream,
        member: &Member,
    ) -> io::Result<()> {
        // Where it lies tells whether it is an example, and its own name what it may be.
        let path = format!("{}/{}", self.path, member.name);
        if start.starts_with(b"\x7fELF") {
            let soname = soname(start, rest, member.size)?;
            self.restrict(member, soname);
            return Ok(());
        }
        self.restrict(member, None);
        let is_end = rest.fill_buf()?.is_empty();
        let size = match member.size {
            _ if is_end => start.len() as u64,
            size => size.unwrap_or(u64::MAX),
        };
        let is_text = is_text(&start);
        if !is_text && !sensitive::wants(&path, &start, size) {
            return self.strings(&start, rest, member, &path);
        }
        let more = MOST_BYTES.saturating_sub(start.len() as u64);
        (&mut *rest).take(more).read_to_end(&mut start)?;
        let seen = sensitive::look(&Source {
            path: &path,
            mode: member.mode,
            size: size.max(start.len() as u64),
            bytes: &start,
        });
        for sighting in seen {
            self.sees(member, sighting);
        }
        match is_text {
            true => self.behind(&start, rest, member, &path),
            false => self.strings(&start, rest, member, &path),
        }
    }

    /// Looks at a member that is no text.
    fn strings(
        &mut self,
        start: &[u8],
        rest: &mut dyn Stream,
        member: &Member,
        path: &str,
    ) -> io::Result<()> {
        let mut strings = Strings::new(start);
        strings.see(path, start);
        let mut piece = Vec::new();
        loop {
            piece.clear();
            (&mut *rest).take(PIECE).read_to_end(&mut piece)?;
            if piece.is_empty() {
                break;
            }
            strings.see(path, &piece);
        }
        for sighting in strings.into_seen() {
            self.sees(member, sighting);
        }
        Ok(())
    }

    /// Looks at a long text behind its start.
    fn behind(
        &mut self,
        start: &[u8],
        rest: &mut dyn Stream,
        member: &Member,
        path: &str,
    ) -> io::Result<()> {
        if rest.fill_buf()?.is_empty() {
            return Ok(());
        }
        let mut behind = Behind::new(start);
        let mut rest = rest.take(MOST);
        loop {
            rest.by_ref().take(PIECE).read_to_end(behind.piece())?;
            let is_more = behind.look(path, member.mode, |one| self.sees(member, one));
            if !is_more {
                break;
            }
        }
        if rest.limit() == 0 {
            self.passes("it holds a longer text than is looked at");
        }
        Ok(())
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
