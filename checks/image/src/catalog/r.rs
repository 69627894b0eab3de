//! Installed R packages: their `DESCRIPTION` ("Writing R Extensions", 1.1.1), which R marks
//! with `Built` when it installs.

use hpcctl_license_db::declared;

use super::stanza::{Stanza, Stanzas};
use super::{Candidate, Found, Owned, Source, TextsIn, is_word};

/// The libraries of R itself and of distributions, where what a package needs may lie.
const LIBRARIES: [&str; 5] = [
    "usr/lib/R/library",
    "usr/lib/R/site-library",
    "usr/local/lib/R/library",
    "usr/local/lib/R/site-library",
    "usr/lib64/R/library",
];

/// Reads a description; elsewhere than in a library of R, one that R did not install is passed over:
/// it may be of anything.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let mut found = Found::default();
    let directory = source.path.rsplit_once('/').map_or("", |(head, _)| head);
    let mut stanzas = Stanzas::new(&text);
    // R's own `translations` is there without being built.
    let is_own = source.path.ends_with("R/library/translations/DESCRIPTION");
    let is_installed = |stanza: &&Stanza<'_>| is_own || stanza.get("Built").is_some();
    let Some(stanza) = stanzas.advance().filter(is_installed) else {
        if is_in_library(directory) {
            let fault = "it has no field Built, by which R marks what it installed";
            found.faults.push(fault.to_owned());
        }
        return found;
    };
    match package(stanza, directory) {
        Some(package) => {
            found.owned.push(Owned {
                of: directory.to_owned(),
                paths: format!("{directory}/"),
            });
            found.add(package);
        }
        None => found
            .faults
            .push("it has no package name or version".to_owned()),
    }
    found
}

/// Whether a directory is that of a package in a library of R: `…/R/library/NAME`, or of a user
/// `…/R/x86_64-pc-linux-gnu-library/4.2/NAME` (R's manual, "Installation and Administration", 6.1).
fn is_in_library(directory: &str) -> bool {
    let mut above = directory.rsplit('/').skip(1);
    let (library, second, third) = (above.next(), above.next(), above.next());
    let is_of_user = |name: &str| name.ends_with("-library");
    match library {
        Some("library" | "site-library") => second == Some("R"),
        _ => second.is_some_and(is_of_user) && third == Some("R"),
    }
}

fn package(stanza: &Stanza<'_>, directory: &str) -> Option<Candidate> {
    let name = stanza.get("Package").filter(|name| is_name(name))?;
    let version = stanza.get("Version").filter(|version| is_word(version))?;
    let library = directory.rsplit_once('/').map_or("", |(head, _)| head);
    let needs = ["Depends", "Imports", "LinkingTo"];
    let needs = needs
        .iter()
        .filter_map(|field| stanza.get(field))
        .flat_map(|field| field.split(','));
    let names = needs.map(|need| need.split('(').next().unwrap_or_default().trim());
    Some(Candidate {
        // biocViews is what Bioconductor asks of its packages.
        kind: if stanza.get("biocViews").is_some() {
            "bioconductor"
        } else {
            "cran"
        },
        name: name.to_owned(),
        version: version.to_owned(),
        declared: stanza.get("License").and_then(declared::r::license),
        texts_in: vec![TextsIn::Named(directory.to_owned())],
        supplier: stanza.get("Maintainer").map(str::to_owned),
        key: Some(directory.to_owned()),
        depends: names
            .filter(|name| is_name(name) && *name != "R")
            .map(|name| places(library, name))
            .collect(),
        ..Candidate::default()
    })
}

/// Whether a name is one that R takes: letters, digits and dots.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
    is_word(name) && name.bytes().all(allowed)
}

/// Where a package may lie that another one in `library` needs.
fn places(library: &str, name: &str) -> String {
    let libraries = std::iter::once(library).chain(LIBRARIES);
    let mut places: Vec<String> = libraries
        .map(|library| format!("{library}/{name}"))
        .collect();
    places.push(name.to_owned());
    places.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Found {
        parse(&Source::whole("opt/lib/dplyr/DESCRIPTION", text.as_bytes()))
    }

    #[test]
    fn an_installed_package() {
        let found = read(
            "Package: dplyr\nVersion: 1.0.10\nAuthors@R: \n    c(person(given = \"H\"))\nLicense: MIT + file LICENSE\n\
             Depends: R (>= 3.4.0)\nImports: generics, glue (>= 1.3.2),\n        R6\nMaintainer: H <h@example.org>\n\
             Built: R 4.2.1; ; 2022\n",
        );
        let package = &found.packages[0];
        assert_eq!(
            (package.kind, &*package.name, &*package.version),
            ("cran", "dplyr", "1.0.10")
        );
        assert_eq!(package.declared.as_deref(), Some("MIT"));
        assert_eq!(package.depends.len(), 3);
        assert!(package.depends[1].starts_with("opt/lib/glue|usr/lib/R/library/glue|"));
        assert_eq!(found.owned[0].paths, "opt/lib/dplyr/");
    }

    #[test]
    fn bioconductor_and_sources() {
        let text = "Package: S4Vectors\nVersion: 0.36.1\nbiocViews: Infrastructure\n";
        assert_eq!(read(text), Found::default(), "it was not installed");
        for (path, count) in [
            ("usr/lib/R/site-library/a/DESCRIPTION", 1),
            ("root/R/x86_64-pc-linux-gnu-library/4.2/a/DESCRIPTION", 1),
            ("usr/lib/R/library/a/tests/b/DESCRIPTION", 0),
            ("srv/library/a/DESCRIPTION", 0),
        ] {
            let found = parse(&Source::whole(path, text.as_bytes()));
            assert_eq!(found.faults.len(), count, "{path}");
        }
        let path = "usr/lib/R/library/translations/DESCRIPTION";
        assert_eq!(
            parse(&Source::whole(path, text.as_bytes())).packages.len(),
            1
        );
        assert_eq!(
            read(&format!("{text}Built: R 4\n")).packages[0].kind,
            "bioconductor"
        );
        assert_eq!(
            read("Package: ../x\nVersion: 1\nBuilt: R 4\n").faults.len(),
            1
        );
    }

    proptest! {
        #[test]
        fn any_description_is_read(text in "(Package|Version|Built|Imports|:| |\n|a|,|\\(){0,40}") {
            let _ = read(&text);
        }
    }
}
