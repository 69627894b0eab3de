//! Who owns the files of an image, and which of them bear privileges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A user and a group.
pub type Owner = (u32, u32);

/// The most owners, and programs with privileges, that are kept; no image needs as many.
const KEPT: usize = 4096;

/// Owners and privileges, over every layer: a runtime unpacks them all, also what a later one
/// hides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners {
    /// Each owner, with a path that it owns.
    pub owners: BTreeMap<Owner, String>,
    /// Set-user-id and set-group-id programs.
    pub privileged: Vec<String>,
}

impl Owners {
    /// Notes an entry of a layer.
    pub(crate) fn note(&mut self, path: &str, owner: Option<Owner>, is_privileged: bool) {
        if let Some(owner) = owner
            && self.owners.len() < KEPT
            && !self.owners.contains_key(&owner)
        {
            self.owners.insert(owner, path.to_owned());
        }
        if is_privileged && self.privileged.len() < KEPT {
            self.privileged.push(path.to_owned());
        }
    }

    /// Adds those of a further layer.
    pub(crate) fn add(&mut self, layer: Self) {
        for (owner, path) in layer.owners {
            self.note(&path, Some(owner), false);
        }
        for path in layer.privileged {
            if !self.privileged.contains(&path) {
                self.note(&path, None, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_joined() {
        let mut all = Owners::default();
        for path in ["bin/su", "bin/mount"] {
            let mut layer = Owners::default();
            layer.note(path, Some((0, 0)), true);
            layer.note("var/mail", Some((0, 8)), false);
            all.add(layer);
        }
        assert_eq!(all.owners.len(), 2);
        assert_eq!(all.owners[&(0, 0)], "bin/su");
        assert_eq!(all.privileged, ["bin/su", "bin/mount"]);
    }
}
