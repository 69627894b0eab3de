//! Texts of a layer: gathered in one buffer, and looked at in batches, in parallel.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::behind::Behind;
use super::watch::Watch;
use super::{Content, Intake, inside};
use crate::catalog;
use crate::fault::Faults;
use crate::layer::sniff::is_text;
use crate::license::{Role, is_of_no_list};
use crate::sensitive::{self, Sighting};
use crate::tree::{Facts, FileLicense, Mark, Sha};

/// Text that is gathered before it is looked at.
const BATCH: usize = 4 * 1024 * 1024;

/// The longest text of a licence that is kept, and the most bytes of such texts of a layer.
const LONGEST_WORDING: usize = 128 * 1024;
const MOST_WORDING: usize = 4 * 1024 * 1024;

/// A text in the buffer.
#[derive(Debug)]
pub(super) struct Job {
    entry: u32,
    range: Range<usize>,
    role: Role,
    /// In how many bytes licences are looked for; none where they are not.
    licenses: Option<usize>,
}

/// What was found in a text.
struct Seen {
    entry: u32,
    facts: Option<Facts>,
    /// The text itself, where it is kept, with the digest of the file.
    wording: Option<(Sha, Arc<str>)>,
    sensitive: Vec<Sighting>,
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
        let found: Vec<Seen> = self
            .jobs
            .par_drain(..)
            .map(|job| {
                let text = &texts[job.range];
                let entry = listing.entry(job.entry);
                let look = || {
                    entry.as_ref().map_or_else(Vec::new, |entry| {
                        sensitive::look(&sensitive::Source {
                            path: entry.path,
                            mode: entry.mode,
                            size: entry.size,
                            bytes: text,
                        })
                    })
                };
                let seen = if plan.judges() { look() } else { Vec::new() };
                let license = job.licenses.map(|most| &text[..text.len().min(most)]);
                let is_whole = entry.is_some_and(|entry| {
                    license.is_some_and(|license| entry.size == license.len() as u64)
                });
                let is_named = is_whole && job.role.is_license_file();
                let license = license.map(|text| plan.licenses.of(text, job.role));
                let named = license.as_ref().filter(|_| is_named);
                let wording = named.and_then(|(digest, license)| {
                    let path = entry.as_ref().map_or("", |entry| entry.path);
                    let wording = kept(path, text, license.as_ref())?;
                    // What gives access is shown nowhere, also where nobody asked for it.
                    let is_shown = seen.is_empty() && (plan.judges() || look().is_empty());
                    is_shown.then_some((*digest, wording))
                });
                let facts = license.and_then(|found| facts(found, is_whole, is_named));
                Seen {
                    entry: job.entry,
                    facts,
                    wording,
                    sensitive: seen,
                }
            })
            .filter(|seen| seen.facts.is_some() || !seen.sensitive.is_empty())
            .collect();
        for seen in found {
            if let Some((digest, text)) = seen.wording {
                self.words.keep(&mut self.listing.texts, digest, text);
            }
            let facts = seen.facts.map(|facts| (seen.entry, facts));
            self.listing.facts.extend(facts);
            for sighting in seen.sensitive {
                self.listing.mark_at(seen.entry, Mark::Sensitive(sighting));
            }
        }
        self.texts.clear();
    }
}

/// What is known of a file: its licences, or that it is named after one and none was recognised.
fn facts(
    (digest, license): (Sha, Option<FileLicense>),
    is_whole: bool,
    is_named: bool,
) -> Option<Facts> {
    match license {
        Some(license) => Some(Facts {
            license: Some(FileLicense {
                sha256: license.sha256.filter(|_| is_whole),
                ..license
            }),
            ..Facts::default()
        }),
        None => is_named.then(|| Facts {
            unrecognised: Some(digest),
            ..Facts::default()
        }),
    }
}

/// The text of a licence file that no list has: of a licence of no list, or of none that is known;
/// and of a NOTICE.
fn kept(path: &str, text: &[u8], license: Option<&FileLicense>) -> Option<Arc<str>> {
    let is_own = license.is_none_or(|license| is_of_no_list(&license.expression));
    let is_own = is_own || catalog::is_notice(path);
    let text = Some(text).filter(|text| is_own && text.len() <= LONGEST_WORDING)?;
    Some(Arc::from(String::from_utf8_lossy(text)))
}

/// How much of the texts of licences of a layer is kept, in bytes.
#[derive(Debug, Default)]
pub(super) struct Words(usize);

impl Words {
    /// Keeps a text, once for all files that are the same, where there is not too much of them.
    fn keep(&mut self, texts: &mut BTreeMap<Sha, Arc<str>>, digest: Sha, text: Arc<str>) {
        let length = text.len();
        let fits = length > 0 && self.0 + length <= MOST_WORDING;
        if fits && !texts.contains_key(&digest) {
            texts.insert(digest, text);
            self.0 += length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_kept_once_and_not_too_much_of_them() {
        let mut words = Words::default();
        let mut texts = BTreeMap::new();
        let mut keep = |digest: u8, length| {
            let text = Arc::from("x".repeat(length));
            words.keep(&mut texts, [digest; 32], text);
            texts.values().map(|text| text.len()).collect::<Vec<_>>()
        };
        assert_eq!(keep(1, 10), [10]);
        assert_eq!(keep(1, 20), [10]);
        assert_eq!(keep(2, MOST_WORDING), [10]);
        assert_eq!(keep(3, 0), [10]);
        let rest = MOST_WORDING - 10;
        assert_eq!(keep(2, rest), [10, rest]);
        assert_eq!(keep(3, 1), [10, rest]);
    }

    #[test]
    fn only_what_no_list_has_is_kept_and_notices() {
        let license = |expression: &str| FileLicense {
            expression: Arc::from(expression),
            grants: true,
            sha256: None,
            copyrights: Arc::default(),
            texts: Arc::default(),
        };
        let is_kept = |path, expression| kept(path, b"text", Some(&license(expression))).is_some();
        assert!(is_kept("a/LICENSE", "MIT AND (LicenseRef-own OR Zlib)"));
        assert!(!is_kept("a/LICENSE", "MIT"));
        assert!(!is_kept("a/LICENSE", "MIT AND LicenseRef-public-domain"));
        assert!(is_kept("a/NOTICE", "Apache-2.0") && is_kept("notice.txt", "MIT"));
        assert_eq!(kept("COPYING", b"text", None).as_deref(), Some("text"));
        let long = vec![b'x'; LONGEST_WORDING + 1];
        assert_eq!(kept("COPYING", &long, None), None);
    }
}
