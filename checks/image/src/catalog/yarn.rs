//! Packages that Yarn's Plug'n'Play keeps as archives: `.yarn/cache/NAME-npm-VERSION-HASH.zip`,
//! in which the package lies below `node_modules`, and from which Node.js runs it.

use hpcctl_license_db::{Identifier, expression};

use super::zip::{Entry, Zip};
use super::{Found, Owned, Source, is_license_file, npm};

/// A manifest, or a licence text.
const DOCUMENT: u64 = 4 * 1024 * 1024;

/// Licence texts of one package.
const MOST_TEXTS: usize = 32;

/// Reads an archive.
pub(super) fn parse(source: &Source<'_>) -> Found {
    read(source).unwrap_or_else(Found::unread)
}

fn read(source: &Source<'_>) -> Result<Found, String> {
    let mut zip = Zip::open(source.bytes)?;
    let (mut manifest, mut texts) = (None, Vec::new());
    let fault = zip.each(|entry| {
        let Some(file) = file(&entry.name) else {
            return;
        };
        if file == "package.json" {
            manifest = Some(entry);
        } else if texts.len() < MOST_TEXTS && is_license_file(file) {
            texts.push(entry);
        }
    });
    let manifest = manifest.ok_or("there is no package.json in it")?;
    let path = format!("{}/{}", source.path, manifest.name);
    let bytes = zip.content(&manifest, DOCUMENT)?;
    let mut found = npm::parse(&Source {
        path: &path,
        bytes: &bytes,
        ..*source
    });
    for package in &mut found.packages {
        // In the archive there is nothing else to look into.
        package.texts_in.clear();
        package.detected = detected(&mut zip, &texts, &mut found.faults);
        package.key = None;
        for need in &mut package.depends {
            *need = need
                .rsplit("node_modules/")
                .next()
                .unwrap_or(need)
                .to_owned();
        }
        found.owned = vec![Owned {
            of: package.name.clone(),
            paths: source.path.to_owned(),
        }];
    }
    found.faults.extend(fault);
    Ok(found)
}

/// The name of a file that lies right in the package.
fn file(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("node_modules/")?;
    let parts = if inside.starts_with('@') { 2 } else { 1 };
    let file = inside.splitn(parts + 1, '/').nth(parts)?;
    (!file.contains('/')).then_some(file)
}

fn detected(zip: &mut Zip<'_>, texts: &[Entry<'_>], faults: &mut Vec<String>) -> Option<String> {
    let mut found = Vec::new();
    for entry in texts {
        match zip.content(entry, DOCUMENT) {
            Ok(text) => found.extend(Identifier::spdx().identify(&text).expression),
            Err(why) => faults.push(format!("{}: {why}", entry.name)),
        }
    }
    expression::and(found.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::super::zip::build::zip;
    use super::*;
    use proptest::prelude::*;

    const PATH: &str = "app/.yarn/cache/@a-b-npm-1.2.3-0123456789-abc.zip";

    #[test]
    fn a_package_is_in_its_archive() {
        let manifest = br#"{"name":"@a/b","version":"1.2.3","license":"MIT","dependencies":{"c":"^2","@d/e":"1"}}"#;
        let bytes = zip(&[
            ("node_modules/@a/b/package.json", manifest, true),
            (
                "node_modules/@a/b/lib/package.json",
                b"{\"type\":\"module\"}",
                true,
            ),
            (
                "node_modules/@a/b/LICENSE",
                b"SPDX-License-Identifier: ISC\n",
                true,
            ),
        ]);
        let found = parse(&Source::whole(PATH, &bytes));
        let [package] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*package.name, &*package.version), ("@a/b", "1.2.3"));
        assert_eq!(package.declared.as_deref(), Some("MIT"));
        assert_eq!(package.detected.as_deref(), Some("ISC"));
        assert_eq!(package.depends, ["c", "@d/e"]);
        assert_eq!(
            (&*found.owned[0].of, &*found.owned[0].paths),
            ("@a/b", PATH)
        );
    }

    #[test]
    fn what_is_no_package_is_told() {
        let empty = zip(&[("node_modules/a/index.js", b"", false)]);
        assert_eq!(
            parse(&Source::whole(PATH, &empty)).faults,
            ["there is no package.json in it"]
        );
        assert_eq!(parse(&Source::whole(PATH, b"PK")).faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_archive_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&Source::whole(PATH, &bytes));
        }
    }
}
