//! `secret.general`: keys, tokens and passwords.

use hpcctl_model::scan::{Sensitive, UNREAD};

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "secret.general",
    title: "keys, tokens and passwords",
    manual: "\
A key in an image is known to everybody who can pull it, and revoking it is the only remedy once
the image was pushed.

Judged by the form of the content and the path of each file, in whichever layer it lies; what may
be an example, such as a key among the tests of a package, is told but does not count for more
than a warning. In programs and libraries (ELF) private keys are looked for that stand there as a
whole (PEM), but for those that GnuTLS tests itself with as it starts, which everybody has; other
secrets that are built into them are not found. Of what commands in the configuration write into files,
that of one echo or printf is looked at. The secret itself is never shown.

Revoke the secret; take it out of the build (mount it while building) and build anew.",
    fixed: false,
    look,
    clean: |_| "no key, token or password".into(),
};

/// What is in front of the names of what only HPC sites have.
pub(super) const HPC: &str = "secret.hpc.";

fn look(context: &Context<'_>) -> Vec<Raised> {
    found(context, |sensitive| !sensitive.rule.starts_with(HPC))
}

/// What lies in files that are there to be seen.
pub(super) fn found(context: &Context<'_>, counts: fn(&Sensitive) -> bool) -> Vec<Raised> {
    let sensitive = context.case.scan.sensitive.iter();
    let visible = sensitive.filter(|found| !found.deleted && found.path.starts_with('/'));
    let visible = visible.filter(|found| found.rule != UNREAD);
    visible
        .filter(|found| counts(found))
        .map(|found| raised(context, found))
        .collect()
}

pub(super) fn raised(context: &Context<'_>, found: &Sensitive) -> Raised {
    let line = found
        .line
        .map_or(String::new(), |line| format!(" (line {line})"));
    let places = [std::slice::from_ref(&found.path), found.also.as_slice()].concat();
    Raised {
        level: found
            .doubtful
            .then(|| context.policy.doubtful.clone())
            .flatten(),
        text: format!("{}{line}: {}", places.join(" and "), found.text),
        layer: found.layer.clone(),
        path: Some(found.path.clone()),
        deleted: found.deleted,
        license: None,
        remedy: "Revoke it, and build the image anew without it.".into(),
        ..Raised::default()
    }
}
