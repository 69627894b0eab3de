//! What licences a package bears: by its metadata, by recipes that are kept with it, and by the
//! texts of its licence files.

use std::collections::BTreeSet;

use hpcctl_license_db::{conflict, expression};
use hpcctl_model::scan::Licenses;

use super::Gathering;
use crate::catalog::{Candidate, TextsIn, is_license_file, is_readme};
use crate::license::all_of;
use crate::tree::NodeId;

/// The files that bear what is to be said of the licences of a package.
pub(super) struct Bearing {
    /// Its licence files, by their paths.
    pub(super) license_files: Vec<String>,
    /// The READMEs beside them that have copyright statements.
    pub(super) readmes: Vec<String>,
}

/// Entries of directories that are looked at for the licence files of one package.
const MOST_TEXTS: usize = 1000;

impl Gathering<'_> {
    /// The licences of a package, and the files that bear them.
    pub(super) fn licenses(&mut self, candidate: &Candidate) -> (Licenses, Bearing) {
        let declared_in = candidate
            .declared_in
            .as_ref()
            .and_then(|path| self.tree.resolve(path));
        let of = |id: NodeId| {
            let license = self.tree.facts(id)?.license.as_ref()?;
            Some(&*license.expression)
        };
        let of_file = |id: NodeId| {
            let found = &self.tree.facts(id)?.found;
            let mut declared = found
                .iter()
                .filter_map(|(_, found)| found.license.as_deref());
            declared.next().or_else(|| of(id))
        };
        let declared = candidate.declared.clone();
        let declared = declared.or_else(|| declared_in.and_then(of_file).map(str::to_owned));
        let declared = declared.or_else(|| self.elsewhere.of_package(candidate));
        let (texts, readmes) = self.texts(candidate);
        let others = texts.iter().filter(|id| Some(**id) != declared_in);
        let expressions = others.filter_map(|id| of(*id));
        let inside = candidate.detected.as_deref();
        let expressions: BTreeSet<&str> = expressions.chain(inside).collect();
        let detected = all_of(expressions);
        let bearing = texts.iter().copied().chain(declared_in);
        // A person may recognise what was not.
        let is_unrecognised = |id: NodeId| {
            let facts = self.tree.facts(id);
            facts.is_some_and(|facts| facts.unrecognised.is_some())
        };
        let bearing = bearing.filter(|id| of(*id).is_some() || is_unrecognised(*id));
        let has_statements = |id: &NodeId| {
            let license = self
                .tree
                .facts(*id)
                .and_then(|facts| facts.license.as_ref());
            license.is_some_and(|license| !license.copyrights.is_empty())
        };
        let readmes = readmes.into_iter().filter(has_statements);
        let files = Bearing {
            license_files: bearing.map(|id| self.tree.path(id)).collect(),
            readmes: readmes.map(|id| self.tree.path(id)).collect(),
        };
        self.texts.extend(texts.into_iter().chain(declared_in));
        let concluded = concluded(declared.as_deref(), detected.as_deref());
        let licenses = Licenses {
            declared,
            detected,
            concluded,
        };
        (licenses, files)
    }

    /// The licence files of a package, and the READMEs beside them.
    fn texts(&self, candidate: &Candidate) -> (Vec<NodeId>, Vec<NodeId>) {
        let (mut texts, mut readmes) = (Vec::new(), Vec::new());
        let mut left = MOST_TEXTS;
        for place in &candidate.texts_in {
            let (TextsIn::All(path) | TextsIn::Named(path)) = place;
            let mut stack: Vec<NodeId> = self.tree.resolve(path).into_iter().collect();
            while let Some(id) = stack.pop() {
                for child in self.tree.children(id).take(left) {
                    left -= 1;
                    // A link may stand for a text that several packages share; a linked
                    // directory is not entered, since it may lead in a circle.
                    let target = self.tree.follow(child);
                    match place {
                        TextsIn::All(_) if target == child => stack.push(child),
                        TextsIn::All(_) => {}
                        TextsIn::Named(_) if is_license_file(&self.tree.node(child).name) => {}
                        TextsIn::Named(_) => {
                            readmes
                                .extend(is_readme(&self.tree.node(child).name).then_some(target));
                            continue;
                        }
                    }
                    texts.push(target);
                }
            }
        }
        (texts, readmes)
    }
}

/// What is declared, or else what was detected; also where the metadata names only a family, such
/// as `BSD`, and the texts say which member of it. Where the two disagree, both have to be met.
fn concluded(declared: Option<&str>, detected: Option<&str>) -> Option<String> {
    let Some(declared) = declared else {
        return detected.map(str::to_owned);
    };
    if let Some(detected) = detected.filter(|detected| conflict::disagree(declared, detected)) {
        return expression::and([declared, detected]);
    }
    let family = declared.strip_prefix("LicenseRef-");
    let is_member = |license: &String| {
        let head = license.split('-').next();
        head.zip(family)
            .is_some_and(|(head, family)| head == family)
    };
    let of_family = |detected: &&str| {
        let members = expression::licenses(detected);
        !members.is_empty() && members.iter().all(is_member)
    };
    let told = detected.filter(of_family).unwrap_or(declared);
    Some(told.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_which_licence_of_the_family_that_is_declared() {
        for (declared, detected, expected) in [
            (Some("LicenseRef-BSD"), Some("BSD-3-Clause"), "BSD-3-Clause"),
            (
                Some("LicenseRef-GPL"),
                Some("GPL-2.0-only OR GPL-3.0-only"),
                "GPL-2.0-only OR GPL-3.0-only",
            ),
            (
                Some("LicenseRef-BSD"),
                Some("BSD-3-Clause AND MIT"),
                "LicenseRef-BSD",
            ),
            (
                Some("LicenseRef-BSD-odd"),
                Some("BSD-3-Clause"),
                "LicenseRef-BSD-odd",
            ),
            (Some("MIT"), Some("MIT AND BSD-3-Clause"), "MIT"),
            (Some("LicenseRef-BSD"), None, "LicenseRef-BSD"),
            (None, Some("MIT"), "MIT"),
        ] {
            assert_eq!(concluded(declared, detected).as_deref(), Some(expected));
        }
        assert_eq!(concluded(None, None), None);
    }

    #[test]
    fn where_metadata_and_texts_disagree_both_have_to_be_met() {
        for (declared, detected, expected) in [
            ("MIT", "GPL-3.0-only", "MIT AND GPL-3.0-only"),
            (
                "MIT OR Apache-2.0",
                "MIT AND LicenseRef-non-commercial-use-only",
                "(MIT OR Apache-2.0) AND MIT AND LicenseRef-non-commercial-use-only",
            ),
        ] {
            let both = concluded(Some(declared), Some(detected));
            assert_eq!(both.as_deref(), Some(expected));
        }
    }
}
