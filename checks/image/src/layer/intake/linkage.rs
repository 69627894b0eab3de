//! Takes in only what the loader goes by: the headers of ELF files, and its own settings.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Content, HEAD, Intake, KEEP, ROOM, buffer};
use crate::catalog::{self, CATALOGERS};
use crate::fault::Faults;
use crate::linkage::{Bytes, Linkage};
use crate::tree::{Facts, Linked};

/// The most bytes of a setting; the cache of a large image has a few hundred KiB.
const MOST_SETTING: u64 = 4 << 20;

/// What catalog file tells of an ELF file the same as it does here.
const CATALOGER: &str = "elf";

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
        let size = content.left();
        self.scratch.clear();
        self.gaps.clear();
        self.tail.clear();
        if is_setting(content.path()) {
            content.read_content(MOST_SETTING, &mut self.scratch)?;
            let kept = std::mem::take(&mut self.scratch);
            self.keep(Linked::Setting(kept));
            return Ok(());
        }
        content.read_content(HEAD as u64, &mut self.scratch)?;
        if !self.scratch.starts_with(b"\x7fELF") {
            return Ok(());
        }
        self.rows.clear();
        let row = CATALOGERS.iter().position(|row| row.id == CATALOGER);
        self.rows.extend(row);
        self.rest(content, faults)?;
        let source = catalog::Source {
            path: content.path(),
            bytes: &self.scratch,
            gaps: &self.gaps,
            tail: &self.tail,
            size,
        };
        match Linkage::read(&source) {
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
        if self.scratch.len() > KEEP || self.scratch.capacity() > ROOM {
            self.scratch = buffer();
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

impl Bytes for catalog::Source<'_> {
    fn get(&self, at: u64, size: u64) -> Option<Cow<'_, [u8]>> {
        self.held(at, size).map(Cow::Borrowed)
    }
}
