//! `license.notice`: whether the text of each licence can be passed on with the image.

use std::collections::BTreeSet;

use hpcctl_license_db::expression::{self, Node};
use hpcctl_license_db::known::lacks_holder;
use hpcctl_model::scan::{File, Location, Package};

use super::{Raised, Rule};
use crate::case::Context;
use crate::clarify;

pub(super) static RULE: Rule = Rule {
    id: "license.notice",
    title: "the texts of the licences",
    manual: "\
Nearly every licence asks that its text and its notices go with the software. `scan image -o
notice` writes them: for ids of the SPDX list from the list, for others from the licence files of the
image. A licence of no list whose text is not in the image cannot be written. Nor can the copyright
line of licences such as MIT and BSD: the list has a place for year and holder there, and only the
package's own file fills it.

Judged by the packages that count, and of a choice by the branch that license.terms chose: a
LicenseRef- and no licence file; or a text with a place for the holder, and no copyright line in the
licence files of the package or a README beside them. Of licence files that no package has, such as
that of a library whose source was copied, by their own copyright lines.

Put the text of the licence, with its copyright line, into a file named after a licence where those
of the package are looked for: for one of Debian /usr/share/doc/PACKAGE/copyright, for one of RPM,
Alpine or Arch /usr/share/licenses/PACKAGE/, of conda share/licenses/PACKAGE/ in the environment (or
info/licenses/ of the unpacked package, where it is kept), of Spack the directory of the installation,
for a library or a program that no package has /usr/share/licenses/NAME/, for others the directory of
its metadata or the archive that it is. Where there is no such place, a waiver says that somebody has
read the terms.",
    fixed: false,
    look,
    clean: |_| {
        "the text of every licence that is known is in the image or the SPDX list, which -o notice adds, with its copyright line".into()
    },
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let packages = context.case.scan.packages.iter();
    let packages = packages.filter(|package| package.judged);
    let packages = packages.filter_map(|package| of_package(context, package));
    let files = context.case.scan.files.iter().filter(|file| file.judged);
    let files = files.filter_map(|file| of_file(context, file));
    packages.chain(files).collect()
}

/// A licence file of no package that leaves the place for the holder as the list has it.
fn of_file(context: &Context<'_>, file: &File) -> Option<Raised> {
    // Only files that are named after a licence have a digest.
    let is_silent = file.sha256.is_some() && file.copyrights.is_empty();
    let license = file.licenses.as_deref().filter(|_| is_silent)?;
    let names = named(&chosen(context, license)?, lacks_holder)?;
    let path = &file.path;
    Some(Raised {
        text: format!("No copyright line is in {path}, which {names} asks for."),
        layer: file.layer.clone(),
        path: Some(path.clone()),
        license: Some(license.to_owned()),
        sha256: file.sha256.clone(),
        remedy: format!("Put the copyright line of what it came with into {path}."),
        ..Raised::default()
    })
}

/// The licences of an expression that count, without their exceptions.
fn chosen(context: &Context<'_>, license: &str) -> Option<BTreeSet<String>> {
    let read = context.policy.weigh(context.class, Some(license), None)?;
    let mut names = BTreeSet::new();
    gather(&expression::parse(&read.chosen?)?, &mut names);
    Some(names)
}

fn of_package(context: &Context<'_>, package: &Package) -> Option<Raised> {
    let license = clarify::license(context, package)?;
    let names = chosen(context, license)?;
    let text = if package.license_files.is_empty() {
        named(&names, |name| name.contains("LicenseRef-")).map(|names| {
            format!(
                "The text of {names} of {} is not in the image",
                package.name
            )
        })
    } else {
        None
    };
    let holder = named(&names, lacks_holder).filter(|_| !has_holder(context, package));
    let holder = holder.map(|names| {
        format!(
            "No copyright line of {} is in its licence files, which {names} asks for",
            package.name
        )
    });
    let texts: Vec<String> = text.into_iter().chain(holder).collect();
    let location = package.locations.first();
    (!texts.is_empty()).then(|| Raised {
        text: format!("{}.", texts.join(". ")),
        layer: location.and_then(|location| location.layer.clone()),
        path: location.map(|location| location.path.clone()),
        package: Some(package.purl.clone()),
        license: Some(license.to_owned()),
        remedy: format!(
            "Put the text of the licence, with its copyright line, into {}.",
            place_of(package)
        ),
        ..Raised::default()
    })
}

/// Where the licence of a package is looked for.
fn place_of(package: &Package) -> String {
    let (name, location) = (&package.name, package.locations.first());
    match package.kind.as_str() {
        "deb" => format!("/usr/share/doc/{name}/copyright"),
        "rpm" | "apk" | "alpm" => format!("/usr/share/licenses/{name}/LICENSE"),
        "pypi" | "npm" => match location.and_then(|location| location.path.rsplit_once('/')) {
            Some((directory, _)) => format!("{directory}/LICENSE"),
            None => "a file LICENSE beside it".to_owned(),
        },
        "conda" => in_prefix(location, "/conda-meta/", &format!("share/licenses/{name}/LICENSE")),
        "generic" if package.purl.contains("spack=") => in_prefix(location, "/.spack", "LICENSE"),
        _ if package.found_by == "elf" => format!("/usr/share/licenses/{name}/LICENSE"),
        _ => "a file named after a licence inside the package; or waive the finding, where its kind has no place for one".to_owned(),
    }
}

/// A place in the directory that something was installed to, which ends before `mark`.
fn in_prefix(location: Option<&Location>, mark: &str, place: &str) -> String {
    let path = location.map_or("", |location| location.path.as_str());
    match path.split_once(mark) {
        Some((prefix, _)) => format!("{prefix}/{place}"),
        None => format!("{place} in the directory that it is installed to"),
    }
}

/// Whether a licence file of a package, or a README beside it, says who holds the rights.
fn has_holder(context: &Context<'_>, package: &Package) -> bool {
    let mut files = context.case.scan.files.iter();
    let is_of = |path| package.license_files.contains(path) || package.readmes.contains(path);
    files.any(|file| !file.copyrights.is_empty() && is_of(&file.path))
}

/// The names that are of a kind, in a row.
fn named(names: &BTreeSet<String>, is_meant: fn(&str) -> bool) -> Option<String> {
    let names = names.iter().map(String::as_str);
    let names: Vec<&str> = names.filter(|name| is_meant(name)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn gather(node: &Node, names: &mut BTreeSet<String>) {
    match node {
        Node::License(license) => {
            let bare = license.split(" WITH ").next().unwrap_or(license);
            names.insert(bare.trim_end_matches('+').to_owned());
        }
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| gather(node, names)),
    }
}
