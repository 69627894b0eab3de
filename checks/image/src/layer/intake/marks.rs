//! What counts of the file at hand even where a later layer hides it: what gives access, the name
//! of a vendor's library, the digest of a program with privileges.

use hpcctl_license_db::redistribution;

use super::{Intake, is_text};
use crate::tree::Mark;
use crate::{blob, catalog, sensitive};

impl Intake<'_> {
    /// Whether the file at hand runs as its owner or its group: it is read whole, for its digest.
    pub(super) fn is_privileged(&self) -> bool {
        self.listing.last_mode() & 0o6000 != 0
    }

    /// Notes the capabilities that the file at hand runs with.
    pub(crate) fn runs_with(&mut self, capabilities: Option<u64>) {
        if let Some(bits) = capabilities {
            self.listing.mark(Mark::Capabilities(bits));
        }
    }

    /// Looks for what gives access in what headers say beside the entry that was added last, such as
    /// its attributes.
    pub(crate) fn beside(&mut self, headers: &[u8]) {
        if headers.is_empty() || !self.plan.judges() {
            return;
        }
        for sighting in sensitive::look_at_bytes(headers) {
            self.listing.mark(Mark::Sensitive(sensitive::Sighting {
                text: format!("{} (in its headers or attributes)", sighting.text),
                line: None,
                ..sighting
            }));
        }
    }

    /// Whether the file at hand may give access, by its name or by what it begins with.
    pub(super) fn is_sensitive(&self, path: &str, size: u64) -> bool {
        self.plan.judges() && sensitive::wants(path, &self.scratch, size)
    }

    /// Looks for what gives access in the file at hand.
    pub(super) fn look(&mut self, path: &str, size: u64) {
        let may_hold = is_text(&self.scratch) && self.plan.judges();
        if !may_hold && !self.is_sensitive(path, size) {
            return;
        }
        let most = self.scratch.len().min(sensitive::most_bytes(path) as usize);
        let seen = sensitive::look(&sensitive::Source {
            path,
            mode: self.listing.last_mode(),
            size,
            bytes: &self.scratch[..most],
        });
        for sighting in seen {
            self.listing.mark(Mark::Sensitive(sighting));
        }
    }

    /// Notes the SONAME and the build-id of a library that terms of vendors name, and the digest of a
    /// program with privileges.
    pub(super) fn note(&mut self, path: &str, size: u64) {
        let (soname, build_id) = catalog::names(&self.source(path, size));
        let soname = soname.filter(|name| redistribution::names_library(name));
        if let Some(soname) = soname.map(str::to_owned) {
            self.listing.mark(Mark::Soname(soname));
        }
        if let Some(build_id) = build_id.filter(|id| redistribution::names_build(id)) {
            self.listing.mark(Mark::BuildId(build_id));
        }
        if self.is_privileged() && self.scratch.len() as u64 == size {
            let digest = blob::sha256(&self.scratch);
            let digest = digest.strip_prefix("sha256:").unwrap_or(&digest);
            self.listing.mark(Mark::Digest(digest.to_owned()));
        }
    }
}
