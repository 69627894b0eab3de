//! Whose word counts when several packages speak of the same files.

use crate::catalog::{CATALOGERS, is_of_distro};

/// How much of what is on a machine the packages of a cataloger stand for, the least first.
///
/// A file belongs to the claim of the highest standing. A package that was found in a file of
/// one of higher standing is owned by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// A single file that speaks for itself.
    File,
    /// A module file, which only points to where something is.
    Module,
    /// A package of a language.
    Ecosystem,
    /// A tree as its vendor unpacks it.
    Tree,
    /// A package of a manager of software trees, which brings packages of languages, too.
    Stack,
    /// A package of the distribution.
    Distro,
}

impl Standing {
    /// That of the packages of a type that a cataloger finds.
    pub(super) fn of(row: usize, kind: &str) -> Self {
        match CATALOGERS[row].id {
            "elf" => Self::File,
            "modulefile" => Self::Module,
            "vendor-tree" => Self::Tree,
            "conda" | "easybuild" | "spack" => Self::Stack,
            _ if is_of_distro(kind) => Self::Distro,
            _ => Self::Ecosystem,
        }
    }

    /// Whether what yields is no more than a part of a package of standing `other`.
    ///
    /// What a package of a language brings beside its own modules is another thing: wheels
    /// bundle whole libraries.
    pub(super) fn yields_to(self, other: Self) -> bool {
        other > self && other >= Self::Tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_in_a_wheel_is_a_thing_of_its_own_and_one_in_a_tree_is_not() {
        assert!(!Standing::File.yields_to(Standing::Ecosystem));
        assert!(!Standing::File.yields_to(Standing::Module));
        assert!(Standing::File.yields_to(Standing::Tree));
        assert!(Standing::Tree.yields_to(Standing::Stack));
        assert!(!Standing::Tree.yields_to(Standing::Tree));
        assert!(Standing::File.yields_to(Standing::Distro));
    }
}
