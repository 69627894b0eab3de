//! Installed packages of Composer: its `vendor/composer/installed.json`, a list (version 1) or
//! an object with a list (version 2); the fields are those of `composer.json` (its schema).

use hpcctl_license_db::declared;
use serde::Deserialize;

use super::json::{self, Keys, Names, Text};
use super::{Candidate, Found, Owned, Source, TextsIn};

/// Reads the list of what is installed.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let directory = source.path.rsplit_once('/').map_or("", |(head, _)| head);
    match json::read::<Installed>(source) {
        Ok(installed) => {
            let mut broken = 0;
            for one in &installed.into_packages() {
                let home = one.home(directory);
                if let Some(package) = one.candidate(Some(&home)) {
                    found.owned.push(Owned {
                        of: package.name.clone(),
                        paths: format!("{home}/"),
                    });
                    found.add(package);
                } else {
                    broken += 1;
                }
            }
            found.broken_stanzas(broken);
        }
        Err(fault) => found.faults.push(fault),
    }
    found
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Installed {
    List(Vec<Package>),
    Object { packages: Vec<Package> },
}

impl Installed {
    fn into_packages(self) -> Vec<Package> {
        match self {
            Self::List(packages) | Self::Object { packages } => packages,
        }
    }
}

/// A package, as `installed.json` and `composer.lock` have it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Package {
    name: Text,
    version: Text,
    license: Names,
    authors: Names,
    require: Keys,
    replace: Keys,
    provide: Keys,
    install_path: Text,
}

impl Package {
    /// The directory of the package; where Composer 1 does not say, it is named after it.
    fn home(&self, directory: &str) -> String {
        match self.install_path.some() {
            Some(path) => format!("{directory}/{path}"),
            None => format!("{directory}/../{}", self.name.0),
        }
    }

    /// The package, if it has a vendor, a name and a version.
    pub(super) fn candidate(&self, home: Option<&str>) -> Option<Candidate> {
        let (name, version) = (self.name.some()?, self.version.some()?);
        let (vendor, short) = name
            .split_once('/')
            .filter(|(_, short)| !short.contains('/'))?;
        if !super::is_word(name)
            || !super::is_word(version)
            || vendor.is_empty()
            || short.is_empty()
        {
            return None;
        }
        // `php` and `ext-json` are no packages.
        let is_package = |name: &&String| name.contains('/');
        let also = self.replace.0.iter().chain(&self.provide.0);
        Some(Candidate {
            kind: "composer",
            name: name.to_owned(),
            namespace: Some(vendor.to_lowercase()),
            purl_name: Some(short.to_lowercase()),
            version: version.to_owned(),
            declared: declared::any_of(self.license.0.iter().map(String::as_str)),
            texts_in: home
                .map(|home| TextsIn::Named(home.to_owned()))
                .into_iter()
                .collect(),
            supplier: self
                .authors
                .0
                .first()
                .filter(|name| !name.is_empty())
                .cloned(),
            depends: self.require.0.iter().filter(is_package).cloned().collect(),
            provides: also.filter(is_package).cloned().collect(),
            ..Candidate::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str = r#"{"name":"Acme/log","version":"v1.2.0","license":["MIT","GPL-2.0-only"],
        "authors":[{"name":"A"}],"require":{"php":">=8","psr/log":"^1"},"provide":{"psr/log-implementation":"1"},
        "install-path":"../acme/log","autoload":{"psr-4":{"A\\":"src/"}}}"#;

    fn read(text: &str) -> Found {
        parse(&Source::whole(
            "app/vendor/composer/installed.json",
            text.as_bytes(),
        ))
    }

    #[test]
    fn both_versions() {
        let second = read(&format!("{{\"packages\":[{ONE}],\"dev\":true}}"));
        let package = &second.packages[0];
        assert_eq!(
            (&*package.name, package.namespace.as_deref()),
            ("Acme/log", Some("acme"))
        );
        assert_eq!(package.declared.as_deref(), Some("MIT OR GPL-2.0-only"));
        assert_eq!(package.supplier.as_deref(), Some("A"));
        assert_eq!(
            (&package.depends[..], &package.provides[..]),
            (
                &["psr/log".to_owned()][..],
                &["psr/log-implementation".to_owned()][..]
            )
        );
        assert_eq!(second.owned[0].paths, "app/vendor/composer/../acme/log/");
        assert_eq!(read(&format!("[{ONE}]")), second);
        assert_eq!(read("{").faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_list_is_read(text in "[\\[\\]{}\":,a/1]{0,40}") {
            let _ = read(&text);
        }
    }
}
