//! Takes in the files of a layer: hands contents to the catalogers that ask for them, and
//! looks for licences in text files.
//!
//! Text files are gathered in one buffer and looked at in batches, in parallel.

use std::ops::Range;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;

use crate::catalog::{self, CATALOGERS, Found};
use crate::fault::Faults;
use crate::license::Licenses;
use crate::tarball::Head;
use crate::tree::{Facts, Listing};
use crate::{Error, LicenseFiles, Limits, Options};

/// Text that is gathered before it is looked at.
const BATCH: usize = 4 * 1024 * 1024;

/// Bytes that decide whether a file is text.
const SNIFF: usize = 8 * 1024;

/// A buffer that grew beyond this is given back.
const KEEP: usize = 1024 * 1024;

/// What to take from each layer.
#[derive(Debug)]
pub(crate) struct Plan {
    globs: GlobSet,
    /// The cataloger of each glob, by its place in the table.
    owners: Vec<usize>,
    license_files: LicenseFiles,
    licenses: Licenses,
    /// How much is read at most.
    pub(crate) limits: Limits,
}

impl Plan {
    /// Makes ready for any number of layers.
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let internal = |error: globset::Error| Error::Internal(error.to_string());
        let mut globs = GlobSetBuilder::new();
        let mut owners = Vec::new();
        for (place, cataloger) in CATALOGERS.iter().enumerate() {
            for glob in cataloger.globs {
                let glob = GlobBuilder::new(glob).literal_separator(true).build();
                globs.add(glob.map_err(internal)?);
                owners.push(place);
            }
        }
        Ok(Self {
            globs: globs.build().map_err(internal)?,
            owners,
            license_files: options.licenses,
            licenses: Licenses::default(),
            limits: options.limits.clone(),
        })
    }

    fn wants_text(&self, path: &str) -> bool {
        match self.license_files {
            LicenseFiles::Full => true,
            LicenseFiles::Declared => catalog::is_license_file(path),
        }
    }
}

/// The content of the file that is being taken in.
pub(crate) trait Content {
    /// Why it could not be read.
    type Fault;

    /// The path of the file.
    fn path(&self) -> &str;

    /// How many bytes are left.
    fn left(&self) -> u64;

    /// The next bytes, as far as they are at hand.
    fn peek(&mut self) -> Result<&[u8], Self::Fault>;

    /// Appends up to `limit` bytes to `out`.
    fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), Self::Fault>;
}

/// Takes in the files of one layer.
#[derive(Debug)]
pub(crate) struct Intake<'p> {
    plan: &'p Plan,
    listing: Listing,
    matched: Vec<usize>,
    scratch: Vec<u8>,
    texts: Vec<u8>,
    jobs: Vec<Job>,
}

/// A text in the buffer.
#[derive(Debug)]
struct Job {
    entry: u32,
    range: Range<usize>,
    is_copyright: bool,
}

impl<'p> Intake<'p> {
    /// Starts with nothing.
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            listing: Listing::default(),
            matched: Vec::new(),
            scratch: Vec::new(),
            texts: Vec::new(),
            jobs: Vec::new(),
        }
    }

    /// How many entries were taken in.
    pub(crate) fn len(&self) -> usize {
        self.listing.len()
    }

    /// Adds an entry; false when its names do not fit.
    pub(crate) fn push(&mut self, path: &str, link: &str, head: &Head) -> bool {
        self.listing.push(path, link, head)
    }

    /// Whether a cataloger wants the content of this file.
    pub(crate) fn asks_for(&mut self, path: &str) -> bool {
        self.plan
            .globs
            .matches_into(Path::new(path), &mut self.matched);
        !self.matched.is_empty()
    }

    /// Takes in the content of the file that was added last.
    pub(crate) fn content<C: Content>(
        &mut self,
        content: &mut C,
        faults: &mut Faults,
    ) -> Result<(), C::Fault> {
        if self.asks_for(content.path()) {
            return self.catalog(content, faults);
        }
        if content.left() > 0 && self.plan.wants_text(content.path()) {
            return self.text(content);
        }
        Ok(())
    }

    /// Hands the content to the catalogers that asked for it; of a damaged file, what is there.
    fn catalog<C: Content>(
        &mut self,
        content: &mut C,
        faults: &mut Faults,
    ) -> Result<(), C::Fault> {
        let mut rows: Vec<usize> = self
            .matched
            .iter()
            .map(|glob| self.plan.owners[*glob])
            .collect();
        rows.dedup();
        let most = rows
            .iter()
            .map(|row| CATALOGERS[*row].max_bytes)
            .max()
            .unwrap_or(0);
        self.scratch.clear();
        let read = content.read_content(most, &mut self.scratch);
        let path = content.path();
        if content.left() > 0 && read.is_ok() {
            faults.add(
                format!("/{path}"),
                format!("only its first {most} bytes were read"),
            );
        }
        let mut found: Vec<(usize, Found)> = Vec::new();
        for row in rows {
            let cataloger = &CATALOGERS[row];
            let source = catalog::Source {
                path,
                bytes: &self.scratch,
            };
            let mut one = (cataloger.parse)(&source);
            for why in one.faults.drain(..) {
                faults.add(format!("/{path}"), why);
            }
            found.push((row, one));
        }
        let facts = Facts {
            found,
            ..Facts::default()
        };
        self.listing.facts.push((self.last_entry(), facts));
        if self.scratch.capacity() > KEEP {
            self.scratch = Vec::new();
        }
        read
    }

    /// Puts the start of a text file into the buffer.
    fn text<C: Content>(&mut self, content: &mut C) -> Result<(), C::Fault> {
        let start = content.peek()?;
        if !is_text(start) {
            return Ok(());
        }
        let from = self.texts.len();
        let read = content.read_content(self.plan.limits.text_bytes, &mut self.texts);
        if is_text(&self.texts[from..]) {
            let is_copyright = catalog::is_debian_copyright(content.path());
            let range = from..self.texts.len();
            self.jobs.push(Job {
                entry: self.last_entry(),
                range,
                is_copyright,
            });
        } else {
            self.texts.truncate(from);
        }
        if self.texts.len() >= BATCH {
            self.identify();
        }
        read
    }

    fn last_entry(&self) -> u32 {
        // The names of so many entries would not have fitted.
        u32::try_from(self.listing.len())
            .unwrap_or(u32::MAX)
            .saturating_sub(1)
    }

    /// Looks for licences in the texts that were gathered.
    fn identify(&mut self) {
        let (texts, licenses) = (&self.texts, &self.plan.licenses);
        let found: Vec<_> = self
            .jobs
            .par_drain(..)
            .filter_map(|job| {
                let text = &texts[job.range];
                let license = licenses.of(text, job.is_copyright)?;
                Some((
                    job.entry,
                    Facts {
                        license: Some(license),
                        ..Facts::default()
                    },
                ))
            })
            .collect();
        self.listing.facts.extend(found);
        self.texts.clear();
    }

    /// Ends the layer.
    pub(crate) fn finish(mut self) -> Listing {
        self.identify();
        // An entry is either for a cataloger or a text, so no index comes twice.
        self.listing.facts.sort_by_key(|(entry, _)| *entry);
        self.listing
    }
}

/// Whether the bytes look like text, by the rule of diff(1) and grep(1): no NUL near the start.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(SNIFF)];
    !head.contains(&0)
}
