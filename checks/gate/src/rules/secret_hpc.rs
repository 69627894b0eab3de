//! `secret.hpc`: the keys and licence files that only sites like ours have.

use super::secret_general::{HPC, found};
use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "secret.hpc",
    title: "keys of schedulers, grids and licence servers",
    manual: "\
The key of munge lets its bearer be any user of the cluster, that of Slurm's tokens likewise;
keytabs, grid certificates, the licence files of compilers and applications, and the access files
of data stores belong to the site or to one user.

Judged by the path and the form of each file, in whichever layer it lies. The secret itself is
never shown.

Revoke the key and make a new one on every node; take it out of the build and build anew.",
    fixed: false,
    look,
    clean: |_| "no key of a scheduler, a grid or a licence server".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    found(context, |sensitive| sensitive.rule.starts_with(HPC))
}
