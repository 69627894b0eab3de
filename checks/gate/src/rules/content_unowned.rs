//! `content.unowned`: programs and libraries of no package and no known licence.

use std::collections::HashSet;

use hpcctl_model::scan::ContentKind;

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "content.unowned",
    title: "programs and libraries of nobody",
    manual: "\
A program or a library that no package owns and beside which no licence lies says nothing of who
made it and who may pass it on. What was built by hand into an image is the usual case.

Judged by the ELF files that no package owns, that no terms of a vendor cover, and below whose
directories, up to /opt/X, /usr/local and the like, no licence file lies.

Install from a package, put the licence beside it, or ask for a waiver of the path.",
    fixed: false,
    look,
    clean: |_| {
        "every program and library belongs to a package, lies beside its licence or is under terms of a vendor".into()
    },
};

/// Directories that hold more than one work: a licence right in them says nothing.
const SHARED: [&str; 7] = ["", "/opt", "/usr", "/usr/local", "/home", "/root", "/srv"];

fn look(context: &Context<'_>) -> Vec<Raised> {
    let scan = context.case.scan;
    let licensed: HashSet<&str> = scan
        .files
        .iter()
        .filter(|file| file.judged)
        .filter_map(|file| above(&file.path).next())
        .filter(|directory| !SHARED.contains(directory))
        .collect();
    let restricted: HashSet<&str> = scan.restricted.iter().map(|file| &*file.path).collect();
    let unowned = scan.unowned.iter().filter(|file| {
        matches!(file.kind, ContentKind::Program | ContentKind::Library)
            && !restricted.contains(&*file.path)
            && !above(&file.path).any(|directory| licensed.contains(directory))
    });
    let raised = unowned.map(|file| Raised {
        text: format!(
            "{} is a {} of no package, and no licence lies beside it.",
            file.path,
            file.kind.as_str()
        ),
        layer: file.layer.as_deref().map(str::to_owned),
        path: Some(file.path.clone()),
        remedy: "Install it from a package, or put its licence beside it.".into(),
        ..Raised::default()
    });
    raised.collect()
}

/// The directories that a path is in, the nearest first, without the root.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let mut at = path;
    std::iter::from_fn(move || {
        at = &at[..at.rfind('/')?];
        Some(at).filter(|at| !at.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directories_end_before_the_root() {
        assert_eq!(above("/opt/a/b").collect::<Vec<_>>(), ["/opt/a", "/opt"]);
        assert_eq!(above("/a").count(), 0);
    }
}
