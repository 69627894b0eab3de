//! Texts of a layer: gathered in one buffer, and looked at in batches, in parallel.

use std::ops::Range;

use rayon::prelude::*;

use super::behind::Behind;
use super::watch::Watch;
use super::{Content, Intake, inside};
use crate::fault::Faults;
use crate::layer::sniff::is_text;
use crate::license::Role;
use crate::sensitive::{self, Sighting};
use crate::tree::{Facts, FileLicense, Mark};

/// Text that is gathered before it is looked at.
const BATCH: usize = 4 * 1024 * 1024;

/// A text in the buffer.
#[derive(Debug)]
pub(super) struct Job {
    entry: u32,
    range: Range<usize>,
    role: Role,
    /// In how many bytes licences are looked for; none where they are not.
    licenses: Option<usize>,
}

impl Intake<'_> {
    /// Puts the start of a text file into the buffer.
    pub(super) fn text<C: Content>(
        &mut self,
        content: &mut C,
        faults: &mut Faults,
    ) -> Result<(), C::Fault> {
        let from = self.texts.len();
        self.texts.extend_from_slice(&self.scratch);
        let role = Role::of(content.path());
        let most = match role {
            Role::Readme | Role::Other => self.plan.limits.text_bytes,
            // What stands at its end may forbid.
            Role::DebianCopyright | Role::LicenseFile => self.plan.limits.license_bytes,
        };
        let named = match self.plan.judges() && sensitive::is_named(content.path()) {
            true => sensitive::most_bytes(content.path()),
            false => 0,
        };
        let rest = most.max(named).saturating_sub(self.scratch.len() as u64);
        let mut read = content.read_content(rest, &mut self.texts);
        let is_text = is_text(&self.texts[from..]);
        if is_text && role.is_license_file() && content.left() > 0 {
            let why = format!("licences were looked for in its first {most} bytes only");
            faults.add(format!("/{}", content.path()), why);
        }
        if is_text && named > 0 && content.left() > 0 {
            faults.add(format!("/{}", content.path()), sensitive::only_start(named));
        }
        if is_text && read.is_ok() && self.plan.judges() {
            read = self.behind(content, from);
        }
        if is_text && !self.plan.room.text(self.texts.len() - from) {
            let why = "no licence was looked for in it: an image of this size has less text";
            faults.add(format!("/{}", content.path()), why);
            self.texts.truncate(from);
        } else if is_text {
            let range = from..self.texts.len();
            let licenses = self.plan.wants_licenses(content.path());
            let licenses = licenses.then(|| usize::try_from(most).unwrap_or(usize::MAX));
            self.jobs.push(Job {
                entry: self.last_entry(),
                range,
                role,
                licenses,
            });
        } else {
            self.texts.truncate(from);
        }
        if self.texts.len() >= BATCH {
            self.identify();
        }
        read
    }

    /// Looks for what gives access behind the start of a text, which is the last of the buffer from
    /// `from` on, and in what lies behind a script.
    fn behind<C: Content>(&mut self, content: &mut C, from: usize) -> Result<(), C::Fault> {
        let start = &self.texts[from..];
        let is_script = inside::is_script(start);
        if content.left() == 0 && !is_script {
            return Ok(());
        }
        if let Some(at) = is_script.then(|| inside::behind_script(start)).flatten() {
            return self.behind_script(content, from, from + at);
        }
        let mut watch = Watch::Text(Behind::new(start.len() as u64));
        watch.see(content.path(), self.listing.last_mode(), start);
        self.watch = Some(watch);
        self.pass(content, content.left())
    }

    /// Looks for licences, and for what gives access, in the texts that were gathered.
    pub(super) fn identify(&mut self) {
        let (texts, listing, plan) = (&self.texts, &self.listing, self.plan);
        let found: Vec<(u32, Option<Facts>, Vec<Sighting>)> = self
            .jobs
            .par_drain(..)
            .map(|job| {
                let text = &texts[job.range];
                let entry = listing.entry(job.entry);
                let seen = entry.as_ref().filter(|_| plan.judges());
                let seen = seen.map_or_else(Vec::new, |entry| {
                    sensitive::look(&sensitive::Source {
                        path: entry.path,
                        mode: entry.mode,
                        size: entry.size,
                        bytes: text,
                    })
                });
                let license = job.licenses.map(|most| &text[..text.len().min(most)]);
                let is_whole = entry.is_some_and(|entry| {
                    license.is_some_and(|license| entry.size == license.len() as u64)
                });
                let license = license.map(|text| plan.licenses.of(text, job.role));
                let facts = license.and_then(|(digest, license)| match license {
                    Some(license) => Some(Facts {
                        license: Some(FileLicense {
                            sha256: license.sha256.filter(|_| is_whole),
                            ..license
                        }),
                        ..Facts::default()
                    }),
                    None => (is_whole && job.role.is_license_file()).then(|| Facts {
                        unrecognised: Some(digest),
                        ..Facts::default()
                    }),
                });
                (job.entry, facts, seen)
            })
            .filter(|(_, facts, seen)| facts.is_some() || !seen.is_empty())
            .collect();
        for (entry, facts, seen) in found {
            self.listing.facts.extend(facts.map(|facts| (entry, facts)));
            for sighting in seen {
                self.listing.mark_at(entry, Mark::Sensitive(sighting));
            }
        }
        self.texts.clear();
    }
}
