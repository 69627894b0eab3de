//! Texts of a layer: gathered in one buffer, and looked at in batches, in parallel.

use std::ops::Range;

use rayon::prelude::*;

use super::{Content, Intake};
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
    /// Whether licences are looked for.
    licenses: bool,
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
        let rest = most.saturating_sub(self.scratch.len() as u64);
        let mut read = content.read_content(rest, &mut self.texts);
        let is_text = is_text(&self.texts[from..]);
        if is_text && role.is_license_file() && content.left() > 0 {
            let why = format!("licences were looked for in its first {most} bytes only");
            faults.add(format!("/{}", content.path()), why);
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
                let license = job.licenses.then(|| plan.licenses.of(text, job.role));
                let is_whole = entry.is_some_and(|entry| entry.size == text.len() as u64);
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
