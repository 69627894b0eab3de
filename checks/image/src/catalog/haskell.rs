//! Installed Haskell packages: the package databases of GHC, a file a package (the GHC user's
//! guide, "InstalledPackageInfo: a package specification").

use hpcctl_license_db::declared;

use super::stanza::Stanzas;
use super::{Candidate, Found, Owned, Source, is_word};

/// The fields that count.
#[derive(Debug, Default)]
struct Conf<'a> {
    name: &'a str,
    version: &'a str,
    id: &'a str,
    license: &'a str,
    people: &'a str,
    depends: &'a str,
    directories: Vec<&'a str>,
}

/// Reads a registration.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let conf = Conf::read(&text);
    let mut found = Found::default();
    if !is_word(conf.name) || !is_word(conf.version) {
        found.faults.push("it has no name or version".to_owned());
        return found;
    }
    let key = if conf.id.is_empty() {
        conf.name
    } else {
        conf.id
    };
    let own = format!("{}-{}", conf.name, conf.version);
    // `${pkgroot}` is where the database lies.
    let root = source.path.rsplitn(3, '/').nth(2).unwrap_or_default();
    // A directory that several packages share is not named after one of them.
    let directories = conf.directories.iter().filter(|path| {
        path.rsplit('/')
            .next()
            .is_some_and(|last| last.starts_with(&own))
    });
    found.owned.push(Owned {
        of: key.to_owned(),
        paths: directories
            .map(|path| format!("{}/\n", path.replace("${pkgroot}", root)))
            .collect(),
    });
    found.add(Candidate {
        kind: "hackage",
        name: conf.name.to_owned(),
        version: conf.version.to_owned(),
        declared: declared::haskell::license(conf.license),
        supplier: Some(conf.people.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|people| !people.is_empty()),
        key: Some(key.to_owned()),
        depends: conf
            .depends
            .split([',', ' ', '\n', '\t', '\r'])
            .filter(|id| is_word(id))
            .map(str::to_owned)
            .collect(),
        ..Candidate::default()
    });
    found
}

impl<'a> Conf<'a> {
    /// Reads the fields; an empty line does not end a registration.
    fn read(text: &'a str) -> Self {
        let mut conf = Self::default();
        let mut stanzas = Stanzas::new(text);
        while let Some(stanza) = stanzas.advance() {
            let take = |field: &str, to: &mut &'a str| {
                if let Some(value) = stanza.get(field) {
                    *to = value;
                }
            };
            take("name", &mut conf.name);
            take("version", &mut conf.version);
            take("id", &mut conf.id);
            take("license", &mut conf.license);
            take("author", &mut conf.people);
            take("maintainer", &mut conf.people);
            take("depends", &mut conf.depends);
            for field in ["import-dirs", "library-dirs", "data-dir", "haddock-html"] {
                conf.directories
                    .extend(stanza.all(field).flat_map(str::split_whitespace));
            }
        }
        conf
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Found {
        parse(&Source::whole(
            "usr/lib/ghc/package.conf.d/a-1.conf",
            text.as_bytes(),
        ))
    }

    #[test]
    fn a_registration() {
        let found = read(
            "name:                 aeson\nversion:              2.0.3.0\nid:                   aeson-2.0.3.0-H8\n\
             license:              BSD-3-Clause\ncopyright:\n    (c) 2011\n\nmaintainer:           A <a@example.org>\n\
             description:\n    Words.\n\n    More.\n\nimport-dirs:\n    /usr/lib/x/aeson-2.0.3.0-H8 ${pkgroot}/aeson-2.0.3.0\n\n\
             library-dirs: /usr/lib\ndepends:\n    base-4.15.1.0\n    text-1.2-Ab\n",
        );
        let package = &found.packages[0];
        assert_eq!((&*package.name, &*package.version), ("aeson", "2.0.3.0"));
        assert_eq!(package.declared.as_deref(), Some("BSD-3-Clause"));
        assert_eq!(package.supplier.as_deref(), Some("A <a@example.org>"));
        assert_eq!(package.depends, ["base-4.15.1.0", "text-1.2-Ab"]);
        assert_eq!(package.key.as_deref(), Some("aeson-2.0.3.0-H8"));
        assert_eq!(
            found.owned[0].paths,
            "/usr/lib/x/aeson-2.0.3.0-H8/\nusr/lib/ghc/aeson-2.0.3.0/\n"
        );
        assert_eq!(read("name: x\n").faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_registration_is_read(text in "(name|version|depends|import-dirs|:| |\n|a-1|/){0,40}") {
            let _ = read(&text);
        }
    }
}
