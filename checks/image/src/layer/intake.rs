//! Takes in the files of a layer: hands contents to the catalogers that ask for them, and
//! looks for licences in text files, and tells by its first bytes what each file is.
//!
//! What gives access is looked for in all of them ([`crate::sensitive`]).

mod appended;
mod behind;
mod inside;
mod linkage;
mod marks;
mod plan;
mod program;
mod texts;
mod unprinted;
mod watch;

use std::ops::Range;
use std::path::Path;

pub(crate) use self::plan::Plan;
use self::texts::{Job, Words};
use self::watch::Watch;
use super::database::{self, File, Waiting};
use super::sniff::{is_text, sniff};
use crate::catalog::{self, CATALOGERS, Cataloger, Found};
use crate::fault::Faults;
use crate::sensitive;
use crate::tarball::Head;
use crate::tree::{Facts, Listing};

/// The first bytes of a file, which tell what it is, and once for all whether it is text.
const HEAD: usize = super::sniff::SNIFF;

/// What programs and libraries begin with (elf(5)).
const ELF: &[u8] = b"\x7fELF";

/// A buffer that grew beyond this is given back.
const KEEP: usize = 8 * 1024 * 1024;

/// Room that buffers are made with: only what is written to takes memory. glibc takes the size of
/// what is given back for a hint to keep as much from then on, up to 32 MiB (mallopt(3),
/// `M_MMAP_THRESHOLD`); a larger buffer goes back whole.
const ROOM: usize = 33 * 1024 * 1024;

/// The end of a long file that is kept for catalogers that ask by magic bytes: ELF files have
/// the table of their sections there.
const TAIL: u64 = 256 * 1024;

/// Of a long file, the bytes of what its program writes to that are kept for catalogers: what the
/// linker of Go notes lies there, wherever that is.
const DATA: u64 = 4 * 1024 * 1024;

/// The content of the file that is being taken in.
pub(crate) trait Content {
    /// Why it could not be read.
    type Fault;

    /// The path of the file.
    fn path(&self) -> &str;

    /// How many bytes are left.
    fn left(&self) -> u64;

    /// Appends up to `limit` bytes to `out`.
    fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), Self::Fault>;

    /// Passes over up to `count` bytes; by reading them, where there is no cheaper way.
    fn skip(&mut self, count: u64) -> Result<(), Self::Fault> {
        const STEP: u64 = 1024 * 1024;
        self.pass(count, STEP, &mut |_| {})
    }

    /// Passes over up to `count` bytes, and shows them, about `step` of them at a time.
    fn pass(
        &mut self,
        count: u64,
        step: u64,
        see: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Self::Fault> {
        let end = self.left().saturating_sub(count);
        let mut passed = Vec::new();
        while self.left() > end {
            let left = self.left();
            passed.clear();
            self.read_content(step.min(left - end), &mut passed)?;
            see(&passed);
            // The file may have become shorter.
            if self.left() == left {
                break;
            }
        }
        Ok(())
    }
}

/// Takes in the files of one layer.
#[derive(Debug)]
pub(crate) struct Intake<'p> {
    plan: &'p Plan,
    listing: Listing,
    matched: Vec<usize>,
    /// The catalogers that ask for the file at hand.
    rows: Vec<usize>,
    /// The start of the file at hand, or all of it.
    scratch: Vec<u8>,
    /// The ranges of the file that were left out of `scratch`.
    gaps: Vec<Range<u64>>,
    /// The end of it, where `scratch` is only the start.
    tail: Vec<u8>,
    texts: Vec<u8>,
    jobs: Vec<Job>,
    words: Words,
    /// The look at the file at hand as it passes.
    watch: Option<Watch>,
    waiting: Waiting,
}

impl<'p> Intake<'p> {
    /// Starts with nothing.
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            listing: Listing::default(),
            matched: Vec::new(),
            rows: Vec::new(),
            scratch: buffer(),
            gaps: Vec::new(),
            tail: Vec::new(),
            texts: buffer(),
            jobs: Vec::new(),
            words: Words::default(),
            watch: None,
            waiting: Waiting::default(),
        }
    }

    /// How many entries were taken in.
    pub(crate) fn len(&self) -> usize {
        self.listing.len()
    }

    /// Adds an entry; false when there is no room for it.
    pub(crate) fn push(&mut self, path: &str, link: &str, head: &Head) -> bool {
        self.plan.room.entry(path.len() + link.len()) && self.listing.push(path, link, head)
    }

    /// Whether a cataloger wants the content of this file.
    pub(crate) fn asks_for(&mut self, path: &str) -> bool {
        self.plan
            .globs
            .matches_into(Path::new(path), &mut self.matched);
        !self.matched.is_empty()
    }

    /// Whether a file that cannot be read may be missing: it may be what a package is known by, or
    /// bear a licence. A file that is neither asked for by its path, nor a program or a library,
    /// is none.
    pub(crate) fn matters(&mut self, path: &str, mode: u16) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_binary = mode & 0o111 != 0 || name.contains(".so");
        is_binary || self.plan.wants_licenses(path) || self.asks_for(path)
    }

    /// Takes in the content of the file that was added last.
    pub(crate) fn content<C: Content>(
        &mut self,
        content: &mut C,
        faults: &mut Faults,
    ) -> Result<(), C::Fault> {
        if self.plan.only_linkage {
            return self.link(content, faults);
        }
        let size = content.left();
        if self.waiting.is_left_by(content.path()) {
            self.settle(faults);
        }
        self.scratch.clear();
        self.gaps.clear();
        self.tail.clear();
        let read = content.read_content(HEAD as u64, &mut self.scratch);
        self.listing
            .looks_like(sniff(content.path(), &self.scratch));
        self.ask(content.path());
        self.begin_watch(content.path());
        let read = read.and_then(|()| self.parts(content, size, faults));
        self.end_watch(content.path());
        read
    }

    /// Takes in the content of the file that was added last, whose start is read.
    fn parts<C: Content>(
        &mut self,
        content: &mut C,
        size: u64,
        faults: &mut Faults,
    ) -> Result<(), C::Fault> {
        if !self.rows.is_empty() {
            let read = self.rest(content, size, faults);
            self.look(content.path(), size);
            // A jar, a wheel: what a cataloger reads is there already.
            if self.is_archive(content.path()) {
                self.look_inside(content.path(), size);
            }
            self.note(content.path(), size);
            self.read(content.path(), size, faults);
            return read;
        }
        if self.is_archive(content.path()) {
            return self.inside(content);
        }
        if size > 0 && is_text(&self.scratch) {
            return match self.plan.wants_text(content.path()) {
                true => self.text(content, faults),
                false => Ok(()),
            };
        }
        if self.is_sensitive(content.path(), size) {
            let from = self.scratch.len();
            let most = sensitive::most_bytes(content.path()).saturating_sub(from as u64);
            let read = content.read_content(most, &mut self.scratch);
            self.watch(content.path(), from);
            self.look(content.path(), size);
            read?;
        }
        self.pass(content, content.left())
    }

    /// Asks which catalogers want the file, by its path or by what it begins with.
    fn ask(&mut self, path: &str) {
        self.asks_for(path);
        let plan = self.plan;
        let by_path = self.matched.iter().map(|glob| plan.owners[*glob]);
        let scratch = &self.scratch;
        let begins = plan
            .magic
            .iter()
            .filter(|(_, magic)| scratch.starts_with(magic));
        self.rows.clear();
        self.rows.extend(by_path.chain(begins.map(|(row, _)| *row)));
        self.rows.sort_unstable();
        self.rows.dedup();
    }

    /// How much of the file at hand the catalogers take at most.
    fn most(&self) -> u64 {
        let most = self.rows.iter().map(|row| CATALOGERS[*row].max_bytes);
        most.max().unwrap_or(0)
    }

    /// Reads on to what the catalogers take at most; of a damaged file, what is there.
    fn rest<C: Content>(
        &mut self,
        content: &mut C,
        size: u64,
        faults: &mut Faults,
    ) -> Result<(), C::Fault> {
        let most = self.most().saturating_sub(self.scratch.len() as u64);
        let gaps = match self.is_privileged() {
            true => Vec::new(),
            false => catalog::gaps(&self.rows, &self.scratch),
        };
        let left_out: u64 = gaps.iter().map(|gap| gap.end - gap.start).sum();
        let wanted = content.left().saturating_sub(left_out).min(most);
        let _one = self.plan.one_large(wanted);
        // Grown by doubling, a large buffer would take up to twice as much.
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        if self.scratch.try_reserve_exact(wanted).is_err() {
            let why = format!("there is no memory for {wanted} bytes");
            faults.add(format!("/{}", content.path()), why);
            return Ok(());
        }
        self.read_around(gaps, most, content)?;
        if content.left() == 0 {
            return Ok(());
        }
        let held = self.scratch.len() as u64;
        let is_cut = |row: &Cataloger| row.magic.is_empty() && row.max_bytes <= held;
        if self.rows.iter().any(|row| is_cut(&CATALOGERS[*row])) {
            let why = format!("only its first {held} bytes were read");
            faults.add(format!("/{}", content.path()), why);
        }
        let has_magic = |row: &usize| !CATALOGERS[*row].magic.is_empty();
        if self.rows.iter().any(has_magic) {
            self.read_data(content, size)?;
            self.pass(content, content.left().saturating_sub(TAIL))?;
            content.read_content(TAIL, &mut self.tail)?;
            if let Some(watch) = &mut self.watch {
                watch.see(content.path(), self.listing.last_mode(), &self.tail);
            }
        }
        self.pass(content, content.left())
    }

    /// Reads `most` bytes, and passes over the gaps between them.
    fn read_around<C: Content>(
        &mut self,
        gaps: Vec<Range<u64>>,
        mut most: u64,
        content: &mut C,
    ) -> Result<(), C::Fault> {
        let mut at = self.scratch.len() as u64;
        for gap in gaps {
            let before = gap.start.saturating_sub(at);
            if most <= before || content.left() <= before {
                break;
            }
            let from = self.scratch.len();
            content.read_content(before, &mut self.scratch)?;
            self.watch(content.path(), from);
            most -= before;
            at = self.leave_out(gap, content)?;
        }
        let from = self.scratch.len();
        let read = content.read_content(most, &mut self.scratch);
        self.watch(content.path(), from);
        read
    }

    /// Reads what the program writes to, where that lies behind the start that was read.
    fn read_data<C: Content>(&mut self, content: &mut C, size: u64) -> Result<(), C::Fault> {
        let mut most = DATA;
        for range in catalog::written(&self.rows, &self.scratch) {
            let at = size.saturating_sub(content.left());
            let start = range.start.max(at);
            let count = range.end.min(size).saturating_sub(start).min(most);
            let room = usize::try_from(count).unwrap_or(usize::MAX);
            if count == 0 || self.scratch.try_reserve_exact(room).is_err() {
                continue;
            }
            if self.leave_out(at..start, content)? < start {
                break;
            }
            let from = self.scratch.len();
            content.read_content(count, &mut self.scratch)?;
            self.watch(content.path(), from);
            most -= count;
        }
        Ok(())
    }

    /// Passes over a part of the file, and tells where it ended.
    fn leave_out<C: Content>(
        &mut self,
        part: Range<u64>,
        content: &mut C,
    ) -> Result<u64, C::Fault> {
        let left = content.left();
        self.pass(content, part.end - part.start)?;
        let end = part.start + (left - content.left());
        if end > part.start {
            self.gaps.push(part.start..end);
        }
        Ok(end)
    }

    /// Hands what was read to the catalogers, or keeps it until what belongs to it is read, too.
    fn read(&mut self, path: &str, size: u64, faults: &mut Faults) {
        if database::waits(path) {
            let file = File {
                path: path.to_owned(),
                entry: self.last_entry(),
                rows: self.rows.clone(),
                bytes: std::mem::take(&mut self.scratch),
                size,
            };
            if !self.waiting.takes(path) {
                self.settle(faults);
            }
            return self.waiting.put(file);
        }
        let found = self.parsed(&self.rows, &self.source(path, size), faults);
        if self.scratch.len() > KEEP || self.scratch.capacity() > ROOM {
            self.scratch = buffer();
        }
        self.found(self.last_entry(), found);
    }

    /// The file at hand, as far as it was read.
    fn source<'s>(&'s self, path: &'s str, size: u64) -> catalog::Source<'s> {
        catalog::Source {
            path,
            bytes: &self.scratch,
            gaps: &self.gaps,
            tail: &self.tail,
            size,
        }
    }

    /// Hands the files that wait to the catalogers.
    fn settle(&mut self, faults: &mut Faults) {
        let Some(file) = self.waiting.settled() else {
            return;
        };
        let source = catalog::Source {
            path: &file.path,
            bytes: &file.bytes,
            gaps: &[],
            tail: &[],
            size: file.size,
        };
        let found = self.parsed(&file.rows, &source, faults);
        self.found(file.entry, found);
    }

    /// What catalogers find in a file, as far as it is asked for.
    fn parsed(
        &self,
        rows: &[usize],
        source: &catalog::Source<'_>,
        faults: &mut Faults,
    ) -> Vec<(usize, Found)> {
        let path = source.path;
        let mut found = Vec::new();
        for row in rows {
            // A database knows nothing of what its root file system lies in.
            let root = catalog::root_of(*row, path).unwrap_or_default();
            let source = catalog::Source {
                path: path[root.len()..].trim_start_matches('/'),
                ..*source
            };
            let mut one = (CATALOGERS[*row].parse)(&source);
            for why in one.faults.drain(..) {
                faults.add(format!("/{path}"), why);
            }
            let selection = &self.plan.selection;
            one.packages
                .retain(|package| selection.takes_type(*row, package.kind));
            if one != Found::default() {
                found.push((*row, one));
            }
        }
        found
    }

    /// Keeps what catalogers found in a file.
    fn found(&mut self, entry: u32, found: Vec<(usize, Found)>) {
        if !found.is_empty() {
            let facts = Facts {
                found,
                ..Facts::default()
            };
            self.listing.facts.push((entry, facts));
        }
    }

    fn last_entry(&self) -> u32 {
        // The names of so many entries would not have fitted.
        u32::try_from(self.listing.len())
            .unwrap_or(u32::MAX)
            .saturating_sub(1)
    }

    /// Ends the layer.
    pub(crate) fn finish(mut self, faults: &mut Faults) -> Listing {
        self.settle(faults);
        self.identify();
        // An entry is either for a cataloger or a text, so no index comes twice.
        self.listing.facts.sort_by_key(|(entry, _)| *entry);
        self.listing
    }
}

/// An empty buffer.
fn buffer() -> Vec<u8> {
    let mut buffer = Vec::new();
    // Where there is no such room, it grows as it is needed.
    let _ = buffer.try_reserve_exact(ROOM);
    buffer
}
