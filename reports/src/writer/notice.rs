//! `notice`: what goes along with an image: its packages by licence with their copyright
//! statements, the files of the image that bear them, and the texts that the image lacks.
//!
//! The texts are those of the SPDX licence list, as the spdx crate has them: with the places
//! for year and holder as the list leaves them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;

use hpcctl_model::scan::{Package, Scan};
use spdx::{Expression, LicenseItem, ParseMode};

use crate::report::{Error, Kind, Options, Report};
use crate::sbom::{Copyrights, license_refs, supplier_of};
use crate::terminal::visible;
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "notice",
    versions: &[],
    kinds: &[Kind::Scan],
    write,
};

/// What stands for a licence that is not known.
const UNKNOWN: &str = "Licence not known";

/// What bears one licence.
#[derive(Default)]
struct Bearers<'a> {
    packages: Vec<&'a Package>,
    files: Vec<&'a str>,
}

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.scan()?;
    let scan = &report.result;
    let digest = scan
        .image
        .digest
        .as_deref()
        .map(|text| format!(" ({text})"));
    let of = visible(&scan.image.reference);
    writeln!(out, "Notices for {of}{}", digest.unwrap_or_default())?;
    writeln!(
        out,
        "\nThe files named below are in the image. They hold the copyright statements and the texts of\n\
         the licences, and stay with it. The texts of licences that the image lacks are at the end."
    )?;
    if !scan.is_whole() {
        writeln!(
            out,
            "\nNOT COMPLETE: something in the image could not be read or was left out."
        )?;
    }
    let groups = groups(scan);
    let copyrights = Copyrights::new(scan);
    for (license, bearers) in &groups {
        writeln!(out, "\n{}\n", visible(license))?;
        for package in &bearers.packages {
            of_package(package, scan, &copyrights, out)?;
        }
        for path in &bearers.files {
            writeln!(out, "    {}", visible(path))?;
            statements(&copyrights.in_file(path), out)?;
        }
    }
    texts(&groups, &texts_there(scan), out)
}

/// The licences of which some file of the image has the whole text.
fn texts_there(scan: &Scan) -> HashSet<&str> {
    let texts = scan.files.iter().flat_map(|file| &file.texts);
    texts.map(|id| bare(id)).collect()
}

/// An id without what says which versions hold: the text is the same.
fn bare(id: &str) -> &str {
    let bare = id.strip_suffix("-only").or(id.strip_suffix("-or-later"));
    bare.unwrap_or(id.trim_end_matches('+'))
}

/// What bears which licence; a package that another one brought stands under its own.
fn groups(scan: &Scan) -> BTreeMap<&str, Bearers<'_>> {
    let mut groups: BTreeMap<&str, Bearers<'_>> = BTreeMap::new();
    for package in &scan.packages {
        let licenses = &package.licenses;
        let license = licenses.concluded.as_deref();
        let license = license.or(licenses.declared.as_deref()).unwrap_or(UNKNOWN);
        groups.entry(license).or_default().packages.push(package);
    }
    let loose: HashSet<&str> = scan.unowned.iter().map(|file| &*file.path).collect();
    for file in scan.files.iter().filter(|file| loose.contains(&*file.path)) {
        let license = file.licenses.as_deref().unwrap_or(UNKNOWN);
        groups.entry(license).or_default().files.push(&file.path);
    }
    groups
}

fn of_package<'a>(
    package: &'a Package,
    scan: &Scan,
    copyrights: &Copyrights<'a>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let by = supplier_of(package, &scan.image).map(|text| format!(", supplied by {text}"));
    let title = format!(
        "{} ({}){}",
        package.titled(),
        package.kind,
        by.unwrap_or_default()
    );
    writeln!(out, "    {}", visible(&title))?;
    for path in package.license_files.iter().chain(&package.readmes) {
        writeln!(out, "        {}", visible(path))?;
    }
    statements(&copyrights.of(package), out)
}

/// The copyright statements of a package or a file.
fn statements(all: &[&str], out: &mut dyn Write) -> Result<(), Error> {
    for statement in all {
        writeln!(out, "        {}", visible(statement))?;
    }
    Ok(())
}

/// The texts of the licences of which the image has none.
fn texts(
    groups: &BTreeMap<&str, Bearers<'_>>,
    there: &HashSet<&str>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for (license, bearers) in groups {
        // What no list has may stand in the files of the package.
        let mut packages = bearers.packages.iter();
        let all_have_files = packages.all(|package| !package.license_files.is_empty());
        if license_refs(license).is_none() {
            missing.extend((!all_have_files).then(|| (*license).to_owned()));
            continue;
        }
        let mode = ParseMode {
            allow_deprecated: true,
            ..ParseMode::STRICT
        };
        let Ok(expression) = Expression::parse_mode(license, mode) else {
            continue;
        };
        for part in expression.requirements() {
            match &part.req.license {
                LicenseItem::Spdx { id, .. } if there.contains(bare(id.name)) => {}
                LicenseItem::Spdx { id, .. } => {
                    texts.insert(bare(id.name), id.text());
                }
                other => missing.extend((!all_have_files).then(|| other.to_string())),
            }
            if let Some(spdx::AdditionItem::Spdx(id)) = &part.req.addition
                && !there.contains(id.name)
            {
                texts.insert(id.name, id.text());
            }
        }
    }
    missing.remove(UNKNOWN);
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(|id| visible(id).into_owned()).collect();
        writeln!(out, "\nNo text is known of: {}", missing.join(", "))?;
    }
    for (id, text) in texts {
        writeln!(out, "\n---- {id} ----\n\n{}", text.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::tests::{bearing, package, report};

    #[test]
    fn packages_stand_by_licence_and_only_texts_that_lack_are_added() {
        let mut with = package("a", Some("GPL-3.0-only"), Some("GPL-3.0-only"));
        with.license_files = vec!["/usr/share/doc/a/copyright".into()];
        let bare = package("b", Some("MIT"), Some("MIT AND LicenseRef-odd"));
        let silent = package("c", None, None);
        let mut scan = report(vec![with, bare, silent]);
        let referring = bearing("/usr/share/doc/a/copyright", &["Copyright 2020 A"]);
        scan.result.files = vec![referring];
        let mut text = Vec::new();
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        write(&Report::Scan(&scan), None, &options, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let group = "\nGPL-3.0-only\n\n    a 1.0-1 (deb), supplied by Jo Doe <jo@example.org>\n        \
                     /usr/share/doc/a/copyright\n        Copyright 2020 A\n";
        assert!(text.contains(group), "{text}");
        assert!(text.contains("\nLicence not known\n\n    c 1.0-1 (deb)"));
        assert!(text.contains("No text is known of: LicenseRef-odd\n"));
        assert!(text.contains("---- MIT ----") && text.contains("---- GPL-3.0 ----"));
        assert!(text.contains("Permission is hereby granted"));
        let mut whole = bearing("/usr/share/common-licenses/GPL-3", &[]);
        whole.texts = vec!["GPL-3.0-or-later".into()];
        scan.result.files.push(whole);
        let mut text = Vec::new();
        write(&Report::Scan(&scan), None, &options, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("---- MIT ----") && !text.contains("---- GPL-3.0 ----"));
    }
}
