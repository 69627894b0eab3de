//! Installed Julia packages: the `Project.toml` of each in a depot (`packages/NAME/SLUG`) and
//! in the standard library (Pkg's manual, "Project.toml and Manifest.toml").

use std::collections::BTreeMap;

use hpcctl_license_db::declared;
use serde::Deserialize;

use super::{Candidate, Found, Owned, Source, TextsIn, is_word, lock};

#[derive(Deserialize)]
struct Project {
    name: Option<String>,
    uuid: Option<String>,
    version: Option<String>,
    license: Option<toml::Value>,
    authors: Option<toml::Value>,
    #[serde(default)]
    deps: BTreeMap<String, String>,
}

/// Reads a project file, if it lies where Julia installs packages.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let Some(place) = Place::of(source.path) else {
        return found;
    };
    match lock::toml::<Project>(source) {
        Ok(project) => {
            // A test environment or a workspace has no name, and is no package.
            if let Some(package) = package(&project, &place) {
                found.owned.push(Owned {
                    of: place.directory.to_owned(),
                    paths: format!("{}/", place.directory),
                });
                found.add(package);
            }
        }
        Err(fault) => found.faults.push(fault),
    }
    found
}

/// Where a package is installed.
struct Place<'a> {
    directory: &'a str,
    name: &'a str,
    /// The version of Julia, for a part of it that has no version of its own.
    julia: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let (directory, _) = path.rsplit_once('/')?;
        let mut above = directory.rsplit('/');
        let (last, second, third) = (above.next()?, above.next()?, above.next()?);
        match (third, second) {
            ("packages", name) => Some(Self {
                directory,
                name,
                julia: None,
            }),
            ("stdlib", version) => Some(Self {
                directory,
                name: last,
                julia: version.strip_prefix('v'),
            }),
            _ => None,
        }
    }
}

fn package(project: &Project, place: &Place<'_>) -> Option<Candidate> {
    let name = project
        .name
        .as_deref()
        .filter(|name| *name == place.name && is_word(name))?;
    let version = project
        .version
        .as_deref()
        .or(place.julia)
        .unwrap_or_default();
    if !version.is_empty() && !is_word(version) {
        return None;
    }
    let mut package = candidate(name, version, project.uuid.as_deref());
    package.declared = project
        .license
        .as_ref()
        .and_then(toml::Value::as_str)
        .and_then(|license| declared::any_of([license]));
    package.texts_in = vec![TextsIn::Named(place.directory.to_owned())];
    let first = match &project.authors {
        Some(toml::Value::Array(authors)) => authors.first(),
        other => other.as_ref(),
    };
    package.supplier = first.and_then(toml::Value::as_str).map(str::to_owned);
    package.key = Some(place.directory.to_owned());
    package.provides = project.uuid.iter().cloned().collect();
    package.depends = project.deps.values().cloned().collect();
    Some(package)
}

/// A package; the purl needs its UUID, since names are not unique.
pub(super) fn candidate(name: &str, version: &str, uuid: Option<&str>) -> Candidate {
    let uuid = uuid.filter(|uuid| is_word(uuid));
    Candidate {
        kind: "julia",
        name: name.to_owned(),
        version: version.to_owned(),
        qualifiers: uuid
            .map(|uuid| ("uuid", uuid.to_owned()))
            .into_iter()
            .collect(),
        ..Candidate::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "name = \"JSON\"\nuuid = \"682c\"\nversion = \"0.21.4\"\nauthors = [\"A B\"]\nlicense = \"MIT\"\n\n\
        [deps]\nDates = \"ade2\"\n\n[compat]\njulia = \"1\"\n";

    fn read(path: &str, text: &str) -> Found {
        parse(&Source::whole(path, text.as_bytes()))
    }

    #[test]
    fn in_a_depot() {
        let found = read("root/.julia/packages/JSON/93Ea8/Project.toml", TEXT);
        let package = &found.packages[0];
        assert_eq!((&*package.name, &*package.version), ("JSON", "0.21.4"));
        assert_eq!(package.qualifiers, [("uuid", "682c".to_owned())]);
        assert_eq!(
            (&package.depends[..], &package.provides[..]),
            (&["ade2".to_owned()][..], &["682c".to_owned()][..])
        );
        assert_eq!(
            (package.declared.as_deref(), package.supplier.as_deref()),
            (Some("MIT"), Some("A B"))
        );
        assert_eq!(found.owned[0].paths, "root/.julia/packages/JSON/93Ea8/");
    }

    #[test]
    fn elsewhere() {
        assert_eq!(
            read("root/.julia/packages/JSON/93Ea8/test/Project.toml", TEXT),
            Found::default()
        );
        assert_eq!(read("app/Project.toml", TEXT), Found::default());
        let part = read(
            "opt/julia/share/julia/stdlib/v1.10/Dates/Project.toml",
            "name = \"Dates\"\nuuid = \"ade2\"\n",
        );
        assert_eq!(part.packages[0].version, "1.10");
        assert_eq!(
            read("root/.julia/packages/JSON/93Ea8/Project.toml", "[")
                .faults
                .len(),
            1
        );
    }

    proptest! {
        #[test]
        fn any_project_is_read(text in "(name|version|uuid|deps| = |\"JSON\"|\\[|\\]|\n|1){0,30}") {
            let _ = read("packages/JSON/x/Project.toml", &text);
        }
    }
}
