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

Judged by the ELF files that no package owns, that no terms of a vendor cover, and for which no licence
file lies in a directory above them, up to /opt/X and the like, or in /usr/share/licenses/NAME/. What
lies in a directory of many works, such as /usr/local/bin, says nothing of one of them.

Install from a package, put the licence beside it where it is alone, or into /usr/share/licenses/NAME/,
or ask for a waiver of the path.",
    fixed: false,
    look,
    clean: |_| {
        "every program and library belongs to a package, lies beside its licence or is under terms of a vendor".into()
    },
};

/// Directories that hold more than one work: a licence right in them says nothing.
const SHARED: [&str; 10] = [
    "",
    "/etc",
    "/home",
    "/opt",
    "/root",
    "/srv",
    "/tmp",
    "/usr",
    "/usr/local",
    "/var",
];

/// Those below `/`, `/usr` and `/usr/local`.
const PROGRAMS: [&str; 6] = ["bin", "sbin", "lib", "lib64", "libexec", "share"];

/// Whether more than one work may lie right in a directory.
fn is_shared(directory: &str) -> bool {
    let (above, name) = directory.rsplit_once('/').unwrap_or(("", directory));
    let of_programs = ["", "/usr", "/usr/local"].contains(&above) && PROGRAMS.contains(&name);
    let of_one_machine =
        name.contains("-linux-") && ["/lib", "/lib64"].iter().any(|lib| above.ends_with(lib));
    SHARED.contains(&directory) || of_programs || of_one_machine
}

/// The directory in which the licence of a file is looked for where others lie beside it.
fn own_place(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.split(".so").next().unwrap_or(name);
    format!("/usr/share/licenses/{name}")
}

/// Where its licence can be put.
fn place_of(path: &str) -> String {
    match above(path).next().filter(|directory| !is_shared(directory)) {
        Some(directory) => directory.to_owned(),
        None => own_place(path),
    }
}

fn look(context: &Context<'_>) -> Vec<Raised> {
    let scan = context.case.scan;
    let licensed: HashSet<&str> = scan
        .files
        .iter()
        .filter(|file| file.judged)
        .filter_map(|file| above(&file.path).next())
        .filter(|directory| !is_shared(directory))
        .collect();
    let restricted: HashSet<&str> = scan.restricted.iter().map(|file| &*file.path).collect();
    let unowned = scan.unowned.iter().filter(|file| {
        matches!(file.kind, ContentKind::Program | ContentKind::Library)
            && !restricted.contains(&*file.path)
            && !above(&file.path).any(|directory| licensed.contains(directory))
            && !licensed.contains(own_place(&file.path).as_str())
    });
    let raised = unowned.map(|file| Raised {
        text: format!(
            "{} is a {} of no package, and no licence lies beside it.",
            file.path,
            file.kind.as_str()
        ),
        layer: file.layer.as_deref().map(str::to_owned),
        path: Some(file.path.clone()),
        remedy: format!(
            "Install it from a package, or put its licence into {}/LICENSE.",
            place_of(&file.path)
        ),
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

    #[test]
    fn a_licence_among_many_works_says_nothing_of_one() {
        for (path, place) in [
            ("/opt/a/b", "/opt/a"),
            ("/opt/a/lib/libb.so.1", "/opt/a/lib"),
            ("/opt/tool", "/usr/share/licenses/tool"),
            ("/tool", "/usr/share/licenses/tool"),
            ("/usr/local/bin/tool", "/usr/share/licenses/tool"),
            (
                "/usr/lib/x86_64-linux-gnu/liba.so.1",
                "/usr/share/licenses/liba",
            ),
            ("/usr/lib/a/liba.so", "/usr/lib/a"),
        ] {
            assert_eq!(place_of(path), place);
        }
    }
}
