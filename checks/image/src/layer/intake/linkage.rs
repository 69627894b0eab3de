//! Takes in only what the loader goes by: the headers of ELF files, and its own settings.

use std::sync::Arc;

use super::{Content, HEAD, Intake, KEEP, ROOM, buffer};
use crate::fault::Faults;
use crate::linkage::{Held, Linkage};
use crate::tree::{Facts, Linked};

/// The most bytes of a setting; the cache of a large image has a few hundred KiB.
const MOST_SETTING: u64 = 4 << 20;

/// Files that are kept as they are: settings of the loader of glibc and of musl, and what says
/// which drivers, providers and toolkits there are.
fn is_setting(path: &str) -> bool {
    let is_below = |dir: &str, end: &str| path.starts_with(dir) && path.ends_with(end);
    matches!(
        path,
        "etc/ld.so.cache" | "etc/ld.so.conf" | "etc/ld.so.preload"
    ) || is_below("etc/ld.so.conf.d/", ".conf")
        || is_below("etc/ld-musl-", ".path")
        || is_below("etc/libibverbs.d/", ".driver")
        || path.ends_with("/cuda/version.json")
        || (path.starts_with("usr/local/cuda-") && path.ends_with("/version.json"))
}

impl Intake<'_> {
    /// Takes in the content of the file that was added last.
    pub(super) fn link<C: Content>(
        &mut self,
        content: &mut C,
        faults: &mut Faults,
    ) -> Result<(), C::Fault> {
        if is_setting(content.path()) {
            self.scratch.clear();
            content.read_content(MOST_SETTING, &mut self.scratch)?;
            let kept = std::mem::take(&mut self.scratch);
            self.keep(Linked::Setting(kept));
            return Ok(());
        }
        let mut held = Held::in_buffer(std::mem::take(&mut self.scratch));
        let read = self.hold(content, &mut held);
        if read.is_ok() {
            match Linkage::read(&held) {
                Ok(Some(mut linkage)) => {
                    let bytes = linkage.symbols.as_ref().map_or(0, |symbols| symbols.size());
                    if !self.plan.room.symbols(bytes) {
                        linkage.symbols = None;
                    }
                    self.keep(Linked::Elf(Arc::new(linkage)));
                }
                Ok(None) => {}
                Err(why) => faults.add(format!("/{}", content.path()), why),
            }
        }
        self.scratch = held.into_buffer();
        if self.scratch.len() > KEEP || self.scratch.capacity() > ROOM {
            self.scratch = buffer();
        }
        read
    }

    /// Reads the parts of an ELF file that matter, as they pass; of any other file, how it begins.
    fn hold<C: Content>(&self, content: &mut C, held: &mut Held) -> Result<(), C::Fault> {
        let size = content.left();
        let least = Held::least(content.path()).max(HEAD as u64);
        content.read_content(least, held.buffer())?;
        held.took(0);
        let _one = self.plan.one_large(size);
        let at = |content: &C| size - content.left().min(size);
        while let Some(part) = held.next(at(content), size) {
            content.skip(part.start - at(content))?;
            let from = at(content);
            // The file may have become shorter.
            if from != part.start {
                break;
            }
            content.read_content(part.end - part.start, held.buffer())?;
            held.took(from);
            if at(content) == from {
                break;
            }
        }
        Ok(())
    }

    fn keep(&mut self, linked: Linked) {
        let facts = Facts {
            linked: Some(Arc::new(linked)),
            ..Facts::default()
        };
        self.listing.facts.push((self.last_entry(), facts));
    }
}
