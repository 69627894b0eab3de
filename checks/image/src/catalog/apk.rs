//! Alpine packages: `/lib/apk/db/installed`.
//!
//! The file has a stanza a package, a letter a field (the wiki of Alpine Linux, "Apk spec"):
//! `P` name, `V` version, `A` architecture, `L` licence, `o` origin, `m` maintainer, `F` a
//! directory and `R` a file in it, `D` what it needs and `p` what it provides.

use hpcctl_license_db::declared;

use super::{Candidate, Found, Owned, Source, TextsIn};

/// Reads the database.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let mut found = Found::default();
    let mut fields = Fields::default();
    let (mut broken, mut stray) = (0, 0);
    for line in text.lines().chain([""]) {
        if line.is_empty() {
            let mut stanza = std::mem::take(&mut fields);
            let paths = std::mem::take(&mut stanza.paths);
            match stanza.package() {
                Some(Ok(package)) => {
                    let of = package.name.clone();
                    found.owned.push(Owned { of, paths });
                    found.add(package);
                }
                None => {}
                Some(Err(())) => broken += 1,
            }
        } else if let Some((key, value)) = line.split_once(':') {
            fields.take(key, value);
        } else {
            stray += 1;
        }
    }
    found.broken_stanzas(broken);
    found.stray_lines(stray);
    found.ends_in_a_line(source.bytes);
    found
}

/// The fields of one stanza.
#[derive(Default)]
struct Fields<'a> {
    any: bool,
    name: &'a str,
    version: &'a str,
    arch: Option<&'a str>,
    license: Option<&'a str>,
    origin: Option<&'a str>,
    maintainer: Option<&'a str>,
    depends: &'a str,
    provides: &'a str,
    directory: &'a str,
    paths: String,
}

impl<'a> Fields<'a> {
    fn take(&mut self, key: &str, value: &'a str) {
        self.any = true;
        match key {
            "P" => self.name = value,
            "V" => self.version = value,
            "A" => self.arch = Some(value),
            "L" => self.license = Some(value),
            "o" => self.origin = Some(value),
            "m" => self.maintainer = Some(value),
            "D" => self.depends = value,
            "p" => self.provides = value,
            "F" => self.directory = value,
            "R" => {
                for part in [self.directory, "/", value, "\n"] {
                    self.paths.push_str(part);
                }
            }
            _ => {}
        }
    }

    fn package(self) -> Option<Result<Candidate, ()>> {
        if !self.any {
            return None;
        }
        if self.name.is_empty() || self.version.is_empty() || self.name.contains('/') {
            return Some(Err(()));
        }
        let origin = self.origin.filter(|origin| *origin != self.name);
        Some(Ok(Candidate {
            kind: "apk",
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            arch: self.arch.map(str::to_owned),
            declared: self.license.and_then(declared::apk::license),
            texts_in: vec![TextsIn::All(format!("usr/share/licenses/{}", self.name))],
            supplier: self.maintainer.map(str::to_owned),
            source: origin.map(|origin| format!("{origin} {}", self.version)),
            // One that begins with `!` is a conflict.
            depends: names(self.depends)
                .filter(|name| !name.starts_with('!'))
                .collect(),
            provides: names(self.provides).collect(),
            ..Candidate::default()
        }))
    }
}

/// The names in a list, without the versions asked for.
fn names(list: &str) -> impl Iterator<Item = String> {
    let bare = |word: &str| word.split(['=', '<', '>', '~']).next().map(str::to_owned);
    list.split_ascii_whitespace().filter_map(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INSTALLED: &str = "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n\
        m:A B <a@example.org>\nD:so:x>=1 !y\np:so:libc.musl-x86_64.so.1=1\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\n\n\
        P:ssl_client\nV:1.36.1-r5\nL:GPL-2.0-only\no:busybox\n\nV:1\n\n";

    fn read(text: &str) -> Found {
        parse(&Source::whole("lib/apk/db/installed", text.as_bytes()))
    }

    #[test]
    fn packages_and_their_files() {
        let found = read(INSTALLED);
        let [musl, client] = &found.packages[..] else {
            panic!("{:?}", found.packages)
        };
        assert_eq!(
            (&*musl.name, &*musl.version, musl.arch.as_deref()),
            ("musl", "1.2.4-r2", Some("x86_64"))
        );
        assert_eq!(musl.declared.as_deref(), Some("MIT"));
        assert_eq!(
            (musl.source.as_deref(), client.source.as_deref()),
            (None, Some("busybox 1.36.1-r5"))
        );
        assert_eq!(musl.depends, ["so:x"]);
        assert_eq!(musl.provides, ["so:libc.musl-x86_64.so.1"]);
        assert_eq!(found.owned[0].of, "musl");
        assert_eq!(found.owned[0].paths, "lib/ld-musl-x86_64.so.1\n");
        assert_eq!(found.faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_database_is_read(text in "[PVALoF:a\\n]{0,80}") {
            let _ = read(&text);
        }
    }
}
