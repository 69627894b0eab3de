//! `license.terms`: whether the licences let each package and file be passed on.

use hpcctl_model::scan::{File, Package};

use super::{Raised, Rule};
use crate::agreed::{self, Terms};
use crate::case::Context;
use crate::clarify;
use crate::policy::{Named, Read, is_of_vendors};

pub(super) static RULE: Rule = Rule {
    id: "license.terms",
    title: "the licences of packages and files",
    manual: "\
Whoever publishes an image redistributes all that is in it. Each package, and each file that bears
a licence and belongs to no package, is judged by its SPDX expression: of OR the mildest branch is
chosen and recorded (choices in JSON and in the log, -v), of AND each licence counts and the worst
decides, WITH belongs to its licence. A
licence that no list and no class of the policy names is `unlisted`; where none is known, `unknown`.

Judged by the lists of [licenses] and of the class of the destination; what is more particular goes
first. A [[clarify]] stands for the licence of a package while its evidence is byte-equal: a licence
file that the scan lists, or, where the image has none, the image itself (image, with its digest).
A [[vendor.decision]] on the terms that the files of a package are under (see content.vendor) stands
for the vendor's own licence, and for one that is not known, until it lapses; what else is in the
expression counts as ever.

Replace the package, read its licence and clarify it, have the site decide on the vendor's terms, or
ask for a waiver.",
    fixed: false,
    look,
    clean: |_| "every licence may be passed on there".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let scan = context.case.scan;
    let packages = scan.packages.iter().filter(|package| package.judged);
    let packages = packages.flat_map(|package| of_package(context, package));
    let files = scan.files.iter().filter(|file| file.judged);
    let files = files.flat_map(|file| of_file(context, file));
    packages.chain(files).collect()
}

/// What is to be said of each licence of a package that is not simply allowed.
fn of_package(context: &Context<'_>, package: &Package) -> Vec<Raised> {
    let license = clarify::license(context, package);
    let terms = agreed::on_package(context, package);
    let decided = terms.level();
    let offenders = context
        .policy
        .offenders(context.class, license, decided.as_ref());
    let location = package.locations.first();
    let raise = |read: &Read| {
        raised(read, license, &terms, |text| Raised {
            text: format!("{}: {text}", package.titled()),
            layer: location.and_then(|location| location.layer.clone()),
            path: location.map(|location| location.path.clone()),
            package: Some(package.purl.clone()),
            remedy: match license {
                Some(_) if read.class != "unknown" => {
                    "Replace the package, or ask the site for a decision on the licence.".into()
                }
                _ => read_and_clarify(context, package),
            },
            ..Raised::default()
        })
    };
    offenders.iter().map(raise).collect()
}

/// What to do where nobody has said yet what the licence means.
fn read_and_clarify(context: &Context<'_>, package: &Package) -> String {
    let scan = context.case.scan;
    let files = package.license_files.iter();
    let mut files = files.filter_map(|path| {
        let file = scan.files.iter().find(|file| file.path == *path)?;
        Some((path, file.sha256.as_deref()?))
    });
    let (first, evidence) = match (files.next(), &scan.image.digest) {
        (Some((path, sha256)), _) => (
            format!("Read {path}"),
            format!("path = {path:?}, sha256 = {sha256:?}"),
        ),
        (None, Some(digest)) => (
            "Find out its licence".to_owned(),
            format!("image = {digest:?}"),
        ),
        (None, None) => {
            return "Find out its licence, and replace the package by one that says it: where the image has no digest, nothing binds a clarification to it.".into();
        }
    };
    format!(
        "{first}, and clarify it in the site's policy:\n[[clarify]]\npackage = {:?}\nexpression = …\nreason = …\nevidence = [{{ {evidence} }}]",
        package.purl
    )
}

fn of_file(context: &Context<'_>, file: &File) -> Vec<Raised> {
    let license = file.licenses.as_deref();
    let terms = agreed::on_file(context, &file.path);
    let decided = terms.level();
    let offenders = context
        .policy
        .offenders(context.class, license, decided.as_ref());
    let raise = |read: &Read| {
        raised(read, license, &terms, |text| Raised {
            text: format!("{}: {text}", file.path),
            layer: file.layer.clone(),
            path: Some(file.path.clone()),
            sha256: file.sha256.clone(),
            remedy: "Remove the file and what it covers, or ask the site for a decision.".into(),
            ..Raised::default()
        })
    };
    offenders.iter().map(raise).collect()
}

fn raised(
    read: &Read,
    license: Option<&str>,
    terms: &Terms<'_>,
    make: impl FnOnce(&str) -> Raised,
) -> Raised {
    let mut text = told(read, license);
    let mut remedy = None;
    // What the vendor's terms decide, and nothing else, a decision on them could settle.
    if is_of_vendors(&read.class) {
        text += &terms.told();
        remedy = terms.remedy();
    }
    let made = make(&text);
    Raised {
        level: Some(read.level.clone()),
        license: read.chosen.clone().or_else(|| license.map(str::to_owned)),
        offending_license: read.license.clone().filter(|_| read.chosen.is_some()),
        remedy: match remedy {
            Some(remedy) if read.class == "unknown" => format!("{remedy} Or: {}", made.remedy),
            Some(remedy) => remedy,
            None => made.remedy,
        },
        ..made
    }
}

/// What is said of a licence that is not simply allowed.
pub(super) fn told(read: &Read, license: Option<&str>) -> String {
    match (license, &read.chosen) {
        (None, _) => "no licence is known.".to_owned(),
        (Some(license), None) => format!("{license} is no SPDX expression."),
        (Some(license), Some(chosen)) => {
            let decides = read.license.as_deref().unwrap_or(license);
            let is = match (read.named, read.class.as_str()) {
                (Named::Id, _) => format!("is named in a list of {}", read.level.origin),
                (_, "unknown") => "is named by no list and no class of the policy".to_owned(),
                (Named::Nowhere, class) => {
                    format!("is of the class {class}, which no list of the policy names")
                }
                (Named::Class, class) => format!("is of the class {class}"),
            };
            match chosen == license {
                true => format!("{decides} {is}."),
                false => format!("of {license} the branch {chosen}: {decides} {is}."),
            }
        }
    }
}
