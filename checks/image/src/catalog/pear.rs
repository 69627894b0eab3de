//! Installed packages of PEAR and PECL: the `.reg` files of PEAR's registry, each the
//! `package.xml` (2.0, or 1.0) of one package in PHP's serialized form.

mod serialized;

use hpcctl_license_db::declared;

use self::serialized::Value;
use super::{Candidate, Found, Owned, Source, is_word};

/// The channel of packages that name none, as those of `package.xml` 1.0.
const DEFAULT_CHANNEL: &str = "pear.php.net";

/// Reads the registration of a package.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    match serialized::read(source.bytes) {
        Ok(package) => match candidate(&package) {
            Some(candidate) => {
                found.owned.push(Owned {
                    of: candidate.key.clone().unwrap_or_default(),
                    paths: format!("{}{}\n", installed(&package), source.path),
                });
                found.add(candidate);
            }
            None => found.faults.push("it has no name or version".to_owned()),
        },
        Err(fault) => found.faults.push(fault),
    }
    found
}

fn candidate(package: &Value<'_>) -> Option<Candidate> {
    let word = |field: &[&str]| package.text(field).filter(|text| is_word(text));
    let name = word(&["name"]).or_else(|| word(&["package"]))?;
    let version = word(&["version", "release"]).or_else(|| word(&["version"]))?;
    let channel = word(&["channel"]).unwrap_or_else(|| DEFAULT_CHANNEL.to_owned());
    let license = ["license", "release_license"].iter().find_map(|field| {
        package
            .text(&[field, "_content"])
            .or(package.text(&[field]))
    });
    Some(Candidate {
        kind: "pear",
        key: Some(key(&channel, &name)),
        declared: declared::any_of(license.as_deref()),
        supplier: package
            .each(&["lead"])
            .find_map(|lead| lead.text(&["name"])),
        depends: needs(package),
        namespace: Some(channel),
        name,
        version,
        ..Candidate::default()
    })
}

/// What lists of files and dependencies call a package; its name alone may be of two channels.
fn key(channel: &str, name: &str) -> String {
    format!("{channel}/{}", name.to_lowercase())
}

/// The packages that it cannot do without.
fn needs(package: &Value<'_>) -> Vec<String> {
    let needs = package.each(&["dependencies", "required", "package"]);
    let named = needs.filter_map(|need| Some((need.text(&["channel"])?, need.text(&["name"])?)));
    named.map(|(channel, name)| key(&channel, &name)).collect()
}

/// The paths of its files, one a line.
fn installed(package: &Value<'_>) -> String {
    let files = package
        .at(&["filelist"])
        .into_iter()
        .flat_map(Value::values);
    let paths = files.filter_map(|file| file.text(&["installed_as"]));
    let is_line = |path: &String| !path.contains(['\n', '\r']);
    paths
        .filter(is_line)
        .map(|path| format!("{}\n", path.trim_start_matches('/')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Found {
        parse(&Source::whole(
            "usr/share/php/.registry/.channel.pecl.php.net/redis.reg",
            text.as_bytes(),
        ))
    }

    #[test]
    fn version_2() {
        let found = read(
            "a:6:{s:4:\"name\";s:5:\"Redis\";s:7:\"channel\";s:12:\"pecl.php.net\";s:7:\"version\";\
             a:2:{s:7:\"release\";s:5:\"5.3.7\";s:3:\"api\";s:1:\"5\";}s:7:\"license\";a:1:{s:8:\"_content\";\
             s:3:\"MIT\";}s:12:\"dependencies\";a:1:{s:8:\"required\";a:1:{s:7:\"package\";a:2:{s:4:\"name\";\
             s:4:\"PEAR\";s:7:\"channel\";s:12:\"pear.php.net\";}}}s:8:\"filelist\";a:1:{s:8:\"redis.so\";\
             a:1:{s:12:\"installed_as\";s:17:\"/usr/lib/redis.so\";}}}",
        );
        let package = &found.packages[0];
        assert_eq!(
            (
                &*package.name,
                &*package.version,
                package.namespace.as_deref()
            ),
            ("Redis", "5.3.7", Some("pecl.php.net"))
        );
        assert_eq!(package.declared.as_deref(), Some("MIT"));
        assert_eq!(package.depends, ["pear.php.net/pear"]);
        assert_eq!(found.owned[0].of, "pecl.php.net/redis");
        assert!(
            found.owned[0]
                .paths
                .starts_with("usr/lib/redis.so\nusr/share/php/")
        );
    }

    #[test]
    fn version_1_and_broken_ones() {
        let found = read(
            "a:3:{s:7:\"package\";s:1:\"A\";s:7:\"version\";s:3:\"1.0\";s:15:\"release_license\";s:3:\"PHP\";}",
        );
        let package = &found.packages[0];
        assert_eq!(package.namespace.as_deref(), Some("pear.php.net"));
        for broken in ["", "a:1:{", "a:0:{}", "i:1;", "s:9:\"a\";"] {
            assert_eq!(read(broken).faults.len(), 1, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_registration_is_read(text in "(a:1:\\{|s:4:\"name\";|s:7:\"version\";|s:1:\"a\";|i:0;|N;|b:1;|\\}){0,30}") {
            let _ = read(&text);
        }
    }
}
