//! `notice`: what goes along with an image, complete by itself: its packages by licence with their
//! copyright statements, and one text of each licence; of a choice that of the branch that counts.
//!
//! The texts are those of the SPDX licence list, as the spdx crate has them, with the places for
//! year and holder as the list leaves them: the statements stand by the packages. Those that no list
//! has, and NOTICE files, are the licence files of the image, as the scan kept them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write;

use hpcctl_model::scan::{Choice, File, Package, Scan};
use spdx::{Expression, LicenseItem, ParseMode};

use crate::report::{Error, Kind, Options, Report};
use crate::sbom::{Copyrights, supplier_of};
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
    files: Vec<&'a File>,
    /// The branch of a choice that counts; none where there is no choice, or not the same for all that
    /// bear the licence.
    chosen: Option<&'a str>,
}

impl<'a> Bearers<'a> {
    /// The licence files of the packages, and the files of none.
    fn paths(&self) -> impl Iterator<Item = &'a str> {
        let of_packages = self.packages.iter();
        let of_packages = of_packages.flat_map(|package| &package.license_files);
        let files = self.files.iter().map(|file| &file.path);
        of_packages.chain(files).map(String::as_str)
    }
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
        "\nBy licence, the packages with their copyright statements, and where in the image these stand.\n\
         The text of each licence is at the end, once, and what the packages say in notices of their own."
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
        let of = bearers.chosen;
        let of = of.map(|chosen| format!(", of which {} was chosen", visible(chosen)));
        writeln!(out, "\n{}{}\n", visible(license), of.unwrap_or_default())?;
        for package in &bearers.packages {
            of_package(package, scan, &copyrights, out)?;
        }
        for file in &bearers.files {
            writeln!(out, "    {}", visible(&file.path))?;
            statements(&copyrights.in_file(&file.path), out)?;
        }
    }
    Texts::new(&groups, scan).write(out)
}

/// The branch of a choice that all bearers of a licence go by.
fn chosen<'a>(scan: &'a Scan, license: &str, bearers: &Bearers<'_>) -> Option<&'a str> {
    let of_license = |choice: &&Choice| choice.license == license;
    let mut choices = scan.verdict.choices.iter().filter(of_license);
    let choice = choices.next()?;
    let is_of = |subject: &String| choice.subjects.binary_search(subject).is_ok();
    let mut packages = bearers.packages.iter();
    let mut files = bearers.files.iter();
    let is_of_all = choices.next().is_none()
        && packages.all(|package| !package.judged || is_of(&package.purl))
        && files.all(|file| !file.judged || is_of(&file.path));
    is_of_all.then_some(&*choice.chosen)
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
        groups.entry(license).or_default().files.push(file);
    }
    for (license, bearers) in &mut groups {
        bearers.chosen = chosen(scan, license, bearers);
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

/// The texts, each once.
#[derive(Default)]
struct Texts<'a> {
    /// Those of the list, by their ids.
    listed: BTreeMap<&'static str, &'static str>,
    /// Those of the image that the scan kept, by what they are and the first file that holds them.
    of_image: BTreeMap<(&'a str, &'a str), &'a str>,
    /// Files of licences of no list whose text the scan did not keep, by their licences.
    only_there: BTreeSet<(&'a str, &'a str)>,
    /// Licences of no list that no file of the package bears.
    missing: BTreeSet<String>,
}

impl<'a> Texts<'a> {
    fn new(groups: &BTreeMap<&'a str, Bearers<'a>>, scan: &'a Scan) -> Self {
        let files = scan.files.iter();
        let digests = files.filter_map(|file| Some((&*file.path, file.sha256.as_deref()?)));
        let digests: HashMap<&str, &str> = digests.collect();
        let mut texts = Self::default();
        let mut told = HashSet::new();
        for (license, bearers) in groups {
            let branch = bearers.chosen.unwrap_or(license);
            let of_no_list = texts.add_listed(branch);
            // What nobody knows asks for no text that is known.
            let is_asked_for = !of_no_list.is_empty() && *license != UNKNOWN;
            let mut packages = bearers.packages.iter();
            if is_asked_for && packages.any(|package| package.license_files.is_empty()) {
                texts.missing.extend(of_no_list);
            }
            for path in bearers.paths() {
                let digest = digests.get(path).copied();
                match digest.and_then(|digest| Some((digest, scan.texts.get(digest)?))) {
                    Some((digest, text)) if told.insert(digest) => {
                        texts.of_image.insert((license, path), text);
                    }
                    None if is_asked_for => {
                        texts.only_there.insert((license, path));
                    }
                    _ => {}
                }
            }
        }
        texts
    }

    /// Adds what the list has of an expression, and answers what of it no list has. What is in the
    /// public domain has no terms.
    fn add_listed(&mut self, license: &str) -> Vec<String> {
        let mode = ParseMode {
            allow_deprecated: true,
            ..ParseMode::STRICT
        };
        let Ok(expression) = Expression::parse_mode(license, mode) else {
            return vec![license.to_owned()];
        };
        let mut of_no_list = Vec::new();
        for part in expression.requirements() {
            match &part.req.license {
                LicenseItem::Spdx { id, .. } => {
                    self.listed.insert(bare(id.name), id.text());
                }
                other => of_no_list.push(other.to_string()),
            }
            match &part.req.addition {
                Some(spdx::AdditionItem::Spdx(id)) => {
                    self.listed.insert(id.name, id.text());
                }
                Some(other) => of_no_list.push(other.to_string()),
                None => {}
            }
        }
        of_no_list.retain(|name| !name.contains("public-domain"));
        of_no_list
    }

    fn write(&self, out: &mut dyn Write) -> Result<(), Error> {
        if !self.missing.is_empty() {
            let missing = self.missing.iter().map(String::as_str);
            let missing = missing.collect::<Vec<_>>().join(", ");
            writeln!(out, "\nNo text is known of: {}", visible(&missing))?;
        }
        if !self.only_there.is_empty() {
            writeln!(out, "\nThe texts of these are in the image only:")?;
        }
        for (license, path) in &self.only_there {
            writeln!(out, "    {} ({})", visible(path), visible(license))?;
        }
        for (id, text) in &self.listed {
            writeln!(out, "\n---- {id} ----\n\n{}", text.trim_end())?;
        }
        for ((license, path), text) in &self.of_image {
            let (license, path) = (visible(license), visible(path));
            writeln!(out, "\n---- {path} ({license}) ----\n")?;
            for line in text.trim_end().lines() {
                let line = line.replace('\t', "        ");
                let line = line.replace(['\u{c}', '\u{feff}'], "");
                writeln!(out, "{}", visible(&line))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::Envelope;
    use hpcctl_model::scan::Choice;

    use super::*;
    use crate::sbom::tests::{bearing, package, report};

    fn text(scan: &Envelope<Scan>) -> String {
        let mut text = Vec::new();
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        write(&Report::Scan(scan), None, &options, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    /// How often a text is there.
    fn times(text: &str, id: &str) -> usize {
        text.matches(&format!("\n---- {id} ----\n")).count()
    }

    #[test]
    fn packages_stand_by_licence_and_each_text_once() {
        let mut with = package("a", Some("GPL-3.0-only"), Some("GPL-3.0-only"));
        with.license_files = vec!["/usr/share/doc/a/copyright".into()];
        let later = package("d", None, Some("GPL-3.0-or-later WITH GCC-exception-3.1"));
        let bare = package("b", Some("MIT"), Some("MIT AND LicenseRef-odd"));
        let free = package("f", None, Some("Zlib AND LicenseRef-public-domain"));
        let mut scan = report(vec![with, bare, package("c", None, None), later, free]);
        let mut whole = bearing("/usr/share/common-licenses/GPL-3", &[]);
        whole.texts = vec!["GPL-3.0-or-later".into()];
        let referring = bearing("/usr/share/doc/a/copyright", &["Copyright 2020 A"]);
        scan.result.files = vec![referring, whole];
        let text = text(&scan);
        let group = "\nGPL-3.0-only\n\n    a 1.0-1 (deb), supplied by Jo Doe <jo@example.org>\n        \
                     /usr/share/doc/a/copyright\n        Copyright 2020 A\n";
        assert!(text.contains(group), "{text}");
        assert!(text.contains("\nLicence not known\n\n    c 1.0-1 (deb)"));
        assert!(text.contains("\nNo text is known of: LicenseRef-odd\n"));
        for id in ["MIT", "GPL-3.0", "GCC-exception-3.1", "Zlib"] {
            assert_eq!(times(&text, id), 1, "{id}");
        }
        assert!(text.contains("Permission is hereby granted"));
    }

    #[test]
    fn of_a_choice_only_what_was_chosen_has_its_text() {
        let either = "MIT OR CC-BY-NC-4.0";
        let mut scan = report(vec![package("a", None, Some(either))]);
        scan.result.verdict.choices = vec![Choice {
            license: either.into(),
            chosen: "MIT".into(),
            subjects: vec!["pkg:deb/debian/a@1.0-1?arch=amd64".into()],
        }];
        let text = text(&scan);
        assert!(text.contains("\nMIT OR CC-BY-NC-4.0, of which MIT was chosen\n"));
        assert_eq!((times(&text, "MIT"), times(&text, "CC-BY-NC-4.0")), (1, 0));
    }

    #[test]
    fn of_a_choice_that_is_not_the_same_for_all_every_branch_has_its_text() {
        let either = "Apache-2.0 OR Zlib";
        let choice = |chosen: &str, name: &str| Choice {
            license: either.into(),
            chosen: chosen.into(),
            subjects: vec![format!("pkg:deb/debian/{name}@1.0-1?arch=amd64")],
        };
        let packages = ["a", "b"].map(|name| package(name, None, Some(either)));
        let mut scan = report(packages.into());
        let texts = |scan: &Envelope<Scan>| {
            let text = text(scan);
            let is_told = text.contains("was chosen");
            (is_told, times(&text, "Apache-2.0"), times(&text, "Zlib"))
        };
        let (of_a, of_b) = (choice("Apache-2.0", "a"), choice("Zlib", "b"));
        scan.result.verdict.choices = vec![of_a.clone(), of_b];
        assert_eq!(texts(&scan), (false, 1, 1));
        // Of b nothing was chosen.
        scan.result.verdict.choices = vec![of_a];
        assert_eq!(texts(&scan), (false, 1, 1));
        scan.result.packages[1].judged = false;
        assert_eq!(texts(&scan), (true, 1, 0));
    }

    #[test]
    fn notices_of_packages_stand_there_whatever_their_licence() {
        let mut of_apache = package("a", None, Some("Apache-2.0"));
        of_apache.license_files = vec!["/a/LICENSE".into(), "/a/NOTICE".into()];
        let mut scan = report(vec![of_apache]);
        for (path, digest) in [("/a/LICENSE", "aa"), ("/a/NOTICE", "bb")] {
            let mut file = bearing(path, &[]);
            file.sha256 = Some(digest.into());
            scan.result.files.push(file);
        }
        let notice = "\u{feff}Thing\n\tby Jo\n\u{c}and \u{1b}[31mothers\n";
        scan.result.texts = [("bb".to_owned(), notice.to_owned())].into();
        let text = text(&scan);
        let told =
            "\n---- /a/NOTICE (Apache-2.0) ----\n\nThing\n        by Jo\nand \\u{1b}[31mothers\n";
        assert!(text.contains(told), "{text}");
        assert_eq!(times(&text, "Apache-2.0"), 1);
        assert!(!text.contains("in the image only") && !text.contains("No text is known"));
    }

    #[test]
    fn what_no_list_has_stands_there_as_the_image_has_it() {
        let own = "LicenseRef-own";
        let files = ["/a/LICENSE", "/b/LICENSE", "/c/LICENSE", "/d/COPYING"];
        let of = |place: usize, license| {
            let mut package = package(&format!("p{place}"), None, license);
            package.license_files = vec![files[place].into()];
            package
        };
        let mut scan = report(vec![
            of(0, Some(own)),
            of(1, Some(own)),
            of(2, Some(own)),
            of(3, None),
        ]);
        for (path, digest) in files.iter().zip(["aa", "aa", "bb", "cc"]) {
            let mut file = bearing(path, &[]);
            file.sha256 = Some(digest.into());
            scan.result.files.push(file);
        }
        let texts = [("aa", "Own terms.\n\u{1b}[31mRed"), ("cc", "Other terms.")];
        let texts = texts.map(|(digest, text)| (digest.to_owned(), text.to_owned()));
        scan.result.texts = texts.into();
        let text = text(&scan);
        assert_eq!(times(&text, "/a/LICENSE (LicenseRef-own)"), 1, "{text}");
        assert_eq!(times(&text, "/b/LICENSE (LicenseRef-own)"), 0);
        assert_eq!(times(&text, "/d/COPYING (Licence not known)"), 1);
        assert!(text.contains("in the image only:\n    /c/LICENSE (LicenseRef-own)\n"));
        assert!(text.contains("Own terms.\n") && !text.contains('\u{1b}'));
    }
}
