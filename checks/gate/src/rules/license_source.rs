//! `license.source`: whether the source of copyleft software can be named.

use std::collections::HashSet;

use hpcctl_license_db::policy;

use super::{Raised, Rule};
use crate::case::Context;
use crate::choices;

pub(super) static RULE: Rule = Rule {
    id: "license.source",
    title: "the source of copyleft software",
    manual: "\
Copyleft licences let binaries be passed on with the corresponding source, or directions to it, at
no further charge (GPL-3.0 section 6 d). A package of a distribution names its source package; a
binary that somebody built into the image names nothing.

Judged by the packages and files that the verdict asks a source offer for, and those of whose licences
this policy chooses a branch that does: each has to be a
package with a version, from an ecosystem that keeps its sources. `scan image -o source-index`
lists them.

Install it from a package; or publish the source beside the image and record where in a waiver:
hpcctl looks for no source elsewhere, so that the word of whoever approves the waiver counts.",
    fixed: false,
    look,
    clean: |_| "every copyleft package names its source".into(),
};

/// The obligation of the verdict.
const OBLIGATION: &str = "source-offer";

fn look(context: &Context<'_>) -> Vec<Raised> {
    let scan = context.case.scan;
    let chosen = choices::made(context);
    let obligations = policy::with_choices(&scan.verdict.obligations, &chosen);
    let asked = obligations.iter();
    let asked = asked.filter(|obligation| obligation.id == OBLIGATION);
    let mut subjects: HashSet<&str> = asked
        .flat_map(|obligation| obligation.subjects.iter().map(String::as_str))
        .collect();
    let mut raised = Vec::new();
    for package in &scan.packages {
        if !subjects.remove(&*package.purl) {
            continue;
        }
        // What was found in a binary alone names no place that its source could be had from.
        let has_source = !package.version.is_empty()
            && (package.kind != "generic" || package.source.is_some() || has_origin(&package.purl));
        if !has_source {
            let location = package.locations.first();
            raised.push(Raised {
                text: format!("The source of {} cannot be named.", package.titled()),
                layer: location.and_then(|location| location.layer.clone()),
                path: location.map(|location| location.path.clone()),
                package: Some(package.purl.clone()),
                license: package.licenses.concluded.clone(),
                remedy: "Install it from a package; or publish its source beside the image, and record where in a [[waiver]] of license.source for this package (reason = \"source at https://…\").".into(),
                ..Raised::default()
            });
        }
    }
    let mut paths: Vec<&str> = subjects
        .into_iter()
        .filter(|name| name.starts_with('/'))
        .collect();
    paths.sort_unstable();
    raised.extend(paths.into_iter().map(|path| {
        let file = scan.files.iter().find(|file| file.path == path);
        Raised {
            text: format!("{path} bears a copyleft licence, and no package names its source."),
            layer: file.and_then(|file| file.layer.clone()),
            path: Some(path.to_owned()),
            license: file.and_then(|file| file.licenses.clone()),
            remedy: "Publish its source beside the image, and record where in a [[waiver]] of license.source for this path (reason = \"source at https://…\").".into(),
            ..Raised::default()
        }
    }));
    raised
}

/// Whether a purl of the type generic says where it is from.
fn has_origin(purl: &str) -> bool {
    ["download_url=", "vcs_url=", "spack", "easybuild"]
        .iter()
        .any(|sign| purl.contains(sign))
}
