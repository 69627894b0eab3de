//! RPM packages: the database of rpm in its three kinds, SQLite (the default since 4.16), ndb
//! and Berkeley DB.
//!
//! Each holds the headers of the packages, in the format of the RPM manual ("Header format").

mod bdb;
mod header;
mod ndb;
mod sqlite;

use std::collections::BTreeSet;

use hpcctl_license_db::declared;

use self::header::{Header, Tag};
use super::sqlite::alone;
use super::{Candidate, Found, Owned, Source, TextsIn};

/// Headers beyond this are not those of an image.
const MAX_ROWS: usize = 100_000;

/// Reads a database, by the name of its file.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let mut headers = Headers {
        found: &mut found,
        count: 0,
        broken: 0,
    };
    let bytes = source.bytes;
    let read = match source.path.rsplit('/').next() {
        Some("rpmdb.sqlite") => sqlite::read(bytes, &mut headers),
        _ if bytes.is_empty() => Ok(()),
        Some("rpmdb.sqlite-wal") => alone(bytes),
        Some("Packages.db") => ndb::read(bytes, &mut headers),
        _ => bdb::read(bytes, &mut headers),
    };
    headers.finish();
    found.faults.extend(read.err());
    found
}

/// Takes the headers of a database, whatever its kind.
struct Headers<'f> {
    found: &'f mut Found,
    count: usize,
    broken: usize,
}

impl Headers<'_> {
    /// Takes a header, none where there should be one; false when no more are taken.
    fn take(&mut self, blob: Option<&[u8]>) -> bool {
        self.count += 1;
        if self.count > MAX_ROWS {
            self.fault(&format!("only its first {MAX_ROWS} headers were read"));
            return false;
        }
        let header = blob.and_then(Header::read);
        match header.as_ref().and_then(package) {
            Some(package) if package.name == "gpg-pubkey" => {}
            Some(package) => {
                let of = package.name.clone();
                let paths = header.as_ref().map(paths).unwrap_or_default();
                self.found.owned.push(Owned { of, paths });
                self.found.add(package);
            }
            None => self.broken += 1,
        }
        true
    }

    fn fault(&mut self, fault: &str) {
        self.found.faults.push(fault.to_owned());
    }

    /// Says how many headers were not read.
    fn finish(&mut self) {
        if self.broken > 0 {
            self.fault(&format!("{} headers cannot be read", self.broken));
        }
    }
}

fn package(header: &Header<'_>) -> Option<Candidate> {
    let name = header
        .string(Tag::Name)
        .filter(|name| !name.is_empty() && !name.contains('/'))?;
    let version = header.string(Tag::Version)?;
    let release = header.string(Tag::Release)?;
    let epoch = header
        .number(Tag::Epoch)
        .filter(|epoch| *epoch != 0)
        .map(|epoch| epoch.to_string());
    let plain = format!("{version}-{release}");
    let full = epoch
        .as_ref()
        .map_or_else(|| plain.clone(), |epoch| format!("{epoch}:{plain}"));
    let known = |tag| {
        header
            .string(tag)
            .filter(|value| !value.is_empty() && value != "(none)")
    };
    let license = known(Tag::License);
    let name = name.into_owned();
    Some(Candidate {
        kind: "rpm",
        version: full,
        purl_version: Some(plain),
        epoch,
        arch: known(Tag::Arch).map(Into::into),
        declared: license.and_then(|license| declared::rpm::license(&license)),
        texts_in: vec![
            TextsIn::All(format!("usr/share/licenses/{name}")),
            TextsIn::Named(format!("usr/share/doc/{name}")),
        ],
        supplier: known(Tag::Vendor).map(Into::into),
        source: known(Tag::SourceRpm).map(|file| source(&file)),
        // What rpm itself must be able to do is no package.
        depends: names(header, Tag::Requires)
            .filter(|name| !name.starts_with("rpmlib("))
            .collect(),
        provides: names(header, Tag::Provides).collect(),
        name,
        ..Candidate::default()
    })
}

/// `NAME VERSION-RELEASE`, from `NAME-VERSION-RELEASE.src.rpm`; it has no epoch, and what was built
/// from one source may have different ones.
fn source(file: &str) -> String {
    let stem = file.strip_suffix(".rpm").unwrap_or(file);
    let stem = [".src", ".nosrc"]
        .iter()
        .find_map(|end| stem.strip_suffix(end));
    let split = stem.and_then(|stem| {
        let (rest, release) = stem.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        Some(format!("{name} {version}-{release}"))
    });
    split.unwrap_or_else(|| file.to_owned())
}

/// The strings of a tag, each once.
fn names<'a>(header: &Header<'a>, tag: Tag) -> impl Iterator<Item = String> + use<'a> {
    let names: BTreeSet<String> = header.strings(tag).map(Into::into).collect();
    names.into_iter()
}

/// The files of a package, one a line.
fn paths(header: &Header<'_>) -> String {
    let mut paths = String::new();
    let directories: Vec<_> = header.strings(Tag::DirNames).collect();
    let places = header.numbers(Tag::DirIndexes);
    for (name, place) in header.strings(Tag::BaseNames).zip(places) {
        if let Some(directory) = directories.get(place as usize) {
            for part in [directory, &name, "\n"] {
                paths.push_str(part);
            }
        }
    }
    paths
}

#[cfg(test)]
pub(super) mod tests {
    use super::header::tests::{Value, header};
    use super::*;

    /// A database of each kind: SQLite, ndb, Berkeley DB.
    pub(in crate::catalog) fn databases() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let headers = [named("tool")];
        (
            sqlite::tests::database(&headers),
            ndb::tests::database(&headers),
            bdb::tests::database(&headers, bdb::tests::Order(false)),
        )
    }

    /// A header with all the tags that are read.
    pub(super) fn named(name: &str) -> Vec<u8> {
        header(&[
            (Tag::Name, Value::Text(name)),
            (Tag::Version, Value::Text("1.2")),
            (Tag::Release, Value::Text("3.el9")),
            (Tag::Epoch, Value::Numbers(&[1])),
            (Tag::License, Value::Text("MIT")),
            (Tag::Arch, Value::Text("x86_64")),
            (Tag::Vendor, Value::Text("(none)")),
            (Tag::SourceRpm, Value::Text("src-1.2-3.el9.src.rpm")),
            (Tag::Provides, Value::Texts(&["tool", "tool"])),
            (
                Tag::Requires,
                Value::Texts(&["rpmlib(X)", "libc.so.6()(64bit)"]),
            ),
            (Tag::DirNames, Value::Texts(&["/usr/bin/", "/etc/"])),
            (Tag::DirIndexes, Value::Numbers(&[0, 1, 7])),
            (Tag::BaseNames, Value::Texts(&["tool", "tool.conf", "lost"])),
        ])
    }

    /// The names of the packages found.
    pub(super) fn packages(found: &Found) -> Vec<&str> {
        found
            .packages
            .iter()
            .map(|package| &*package.name)
            .collect()
    }

    #[test]
    fn a_header_tells_a_package() {
        let mut found = Found::default();
        let mut headers = Headers {
            found: &mut found,
            count: 0,
            broken: 0,
        };
        headers.take(Some(&named("tool")));
        headers.take(Some(&named("gpg-pubkey")));
        headers.finish();
        let [tool] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*tool.name, &*tool.version), ("tool", "1:1.2-3.el9"));
        assert_eq!(tool.purl_version.as_deref(), Some("1.2-3.el9"));
        assert_eq!(
            (tool.declared.as_deref(), tool.supplier.as_deref()),
            (Some("MIT"), None)
        );
        assert_eq!(tool.source.as_deref(), Some("src 1.2-3.el9"));
        assert_eq!(source("a-b-1-2.nosrc.rpm"), "a-b 1-2");
        assert_eq!(source("odd.src.rpm"), "odd.src.rpm");
        assert_eq!(
            (&*tool.depends, &*tool.provides),
            (
                &["libc.so.6()(64bit)".to_owned()][..],
                &["tool".to_owned()][..]
            )
        );
        assert_eq!(found.owned[0].of, "tool");
        assert_eq!(found.owned[0].paths, "/usr/bin/tool\n/etc/tool.conf\n");
        assert!(found.faults.is_empty());
    }

    #[test]
    fn headers_beyond_the_bound_are_not_read() {
        let mut found = Found::default();
        let mut headers = Headers {
            found: &mut found,
            count: MAX_ROWS - 1,
            broken: 0,
        };
        assert!(headers.take(None) && !headers.take(None));
        headers.finish();
        assert_eq!(found.faults.len(), 2);
    }
}
