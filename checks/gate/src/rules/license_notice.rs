//! `license.notice`: whether the text of each licence can be passed on with the image.

use std::collections::HashSet;

use hpcctl_license_db::expression::{self, Node};

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "license.notice",
    title: "the texts of the licences",
    manual: "\
Nearly every licence asks that its text and its notices go with the software. `scan image -o
notice` writes them: from the files of the image, and for ids of the SPDX list from the list. A
licence of no list whose text is not in the image cannot be written.

Judged by the packages that count: a LicenseRef- and no licence file.

Put the text of the licence into the image.",
    fixed: false,
    look,
    clean: "the text of every licence is there",
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let packages = context.case.scan.packages.iter();
    let packages = packages.filter(|package| package.judged && package.license_files.is_empty());
    let raised = packages.filter_map(|package| {
        let license = package.licenses.concluded.as_deref()?;
        let lacking = own_names(&expression::parse(license)?);
        let names: Vec<&str> = lacking.iter().map(String::as_str).collect();
        let location = package.locations.first();
        (!names.is_empty()).then(|| Raised {
            text: format!(
                "The text of {} of {} is not in the image.",
                names.join(", "),
                package.name
            ),
            layer: location.and_then(|location| location.layer.clone()),
            path: location.map(|location| location.path.clone()),
            package: Some(package.purl.clone()),
            license: Some(license.to_owned()),
            remedy: "Put the text of the licence into the image.".into(),
            ..Raised::default()
        })
    });
    raised.collect()
}

/// The licences that SPDX does not list.
fn own_names(node: &Node) -> Vec<String> {
    fn gather(node: &Node, names: &mut HashSet<String>) {
        match node {
            Node::License(license) if license.contains("LicenseRef-") => {
                names.insert(license.clone());
            }
            Node::License(_) => {}
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| gather(node, names)),
        }
    }
    let mut names = HashSet::new();
    gather(node, &mut names);
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_unstable();
    names
}
