//! Debian packages: `/var/lib/dpkg/status`, and `status.d` of images without a package manager.
//!
//! The fields are those of deb-control(5) and dpkg-query(1). The licence is declared in
//! `/usr/share/doc/PACKAGE/copyright` (Debian Policy, 12.5).

use super::stanza::{Stanza, Stanzas};
use super::{Candidate, Found, Owned, Source, TextsIn};

/// The words of the `Status` field under which files are there.
const PRESENT: [&str; 5] = [
    "installed",
    "unpacked",
    "half-configured",
    "triggers-awaited",
    "triggers-pending",
];

/// What else dpkg keeps for a package in `info`.
const BESIDE: [&str; 11] = [
    "conffiles",
    "config",
    "md5sums",
    "postinst",
    "postrm",
    "preinst",
    "prerm",
    "shlibs",
    "symbols",
    "templates",
    "triggers",
];

/// Reads a status file, or the list of the files of a package.
pub(super) fn parse(source: &Source<'_>) -> Found {
    if let Some(path) = source.path.strip_prefix("var/lib/dpkg/info/") {
        return owned(path, source);
    }
    let mut found = Found::default();
    if let Some(path) = source.path.strip_suffix(".md5sums") {
        let of = path.rsplit('/').next().unwrap_or(path);
        md5sums(of, &String::from_utf8_lossy(source.bytes), &mut found);
        return found;
    }
    // In status.d the list of the files is named as the status is, which need not be the name
    // of the package.
    let own = source.path.strip_prefix("var/lib/dpkg/status.d/");
    let text = String::from_utf8_lossy(source.bytes);
    let mut stanzas = Stanzas::new(&text);
    let (mut broken, mut is_empty) = (0, true);
    while let Some(stanza) = stanzas.advance() {
        is_empty = false;
        match package(stanza) {
            Some(Some(mut package)) => {
                package.key = own.map(str::to_owned);
                found.add(package);
            }
            Some(None) => {}
            None => broken += 1,
        }
    }
    found.broken_stanzas(broken);
    found.stray_lines(stanzas.stray());
    match own {
        // What only keeps the directory is hidden.
        Some(name) if is_empty && found.faults.is_empty() && !name.starts_with('.') => {
            found.faults.push("it describes no package".to_owned());
        }
        Some(_) => {}
        None => found.ends_in_a_line(source.bytes),
    }
    found
}

/// One stanza: none when it is broken, an empty option when the package is not installed.
fn package(stanza: &Stanza<'_>) -> Option<Option<Candidate>> {
    // The files of status.d have no status: what is there is installed.
    let state = stanza
        .get("Status")
        .map(|status| status.split_ascii_whitespace().last().unwrap_or(""));
    if state.is_some_and(|state| !PRESENT.contains(&state)) {
        return Some(None);
    }
    let name = stanza.get("Package").filter(|name| is_name(name))?;
    let version = stanza
        .get("Version")
        .filter(|version| !version.is_empty())?;
    let doc = format!("usr/share/doc/{name}");
    Some(Some(Candidate {
        kind: "deb",
        name: name.to_owned(),
        version: version.to_owned(),
        arch: stanza.get("Architecture").map(str::to_owned),
        declared_in: Some(format!("{doc}/copyright")),
        texts_in: vec![
            TextsIn::Named(doc),
            TextsIn::All(format!("usr/share/licenses/{name}")),
        ],
        supplier: stanza.get("Maintainer").map(str::to_owned),
        source: stanza
            .get("Source")
            .map(|source| with_version(source, version)),
        depends: ["Pre-Depends", "Depends"]
            .iter()
            .filter_map(|field| stanza.get(field))
            .flat_map(relations)
            .collect(),
        provides: stanza
            .get("Provides")
            .into_iter()
            .flat_map(relations)
            .collect(),
        ..Candidate::default()
    }))
}

/// The names of a relationship field (Debian Policy, 7.1), alternatives divided by `|`.
pub(super) fn relations(field: &str) -> impl Iterator<Item = String> {
    let name = |text: &str| {
        let name = text.trim().split([' ', '(', ':', '[', '<']).next();
        name.unwrap_or_default().to_owned()
    };
    let relations = field.split(',').map(move |relation| {
        let names: Vec<String> = relation.split('|').map(name).collect();
        names.join("|")
    });
    relations.filter(|names| !names.is_empty())
}

/// `NAME` or `NAME (VERSION)` as a name and a version.
fn with_version(source: &str, version: &str) -> String {
    match source.split_once('(') {
        Some((name, rest)) => format!("{} {}", name.trim(), rest.trim_end_matches(')').trim()),
        None => format!("{source} {version}"),
    }
}

/// Whether a name is one that Debian Policy 5.6.1 allows: it goes into paths.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    name.bytes().all(allowed) && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// The paths of an `info/*.list`, and of the package's other files beside it.
fn owned(name: &str, source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let mut owned = String::from_utf8_lossy(source.bytes).into_owned();
    found.stray_lines(owned.lines().filter(|line| !line.starts_with('/')).count());
    found.ends_in_a_line(source.bytes);
    let package = name.strip_suffix(".list").unwrap_or(name);
    for kind in BESIDE {
        owned.push_str(&format!("\n/var/lib/dpkg/info/{package}.{kind}"));
    }
    found.owned.push(Owned {
        of: package.to_owned(),
        paths: owned,
    });
    found
}

/// The paths of an md5sums file, as `status.d` has them.
fn md5sums(of: &str, text: &str, found: &mut Found) {
    let lines = text.lines().map(|line| line.split_once("  "));
    found.stray_lines(lines.clone().filter(Option::is_none).count());
    let paths: Vec<&str> = lines.flatten().map(|(_, path)| path).collect();
    found.owned.push(Owned {
        of: of.to_owned(),
        paths: paths.join("\n"),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status(text: &str) -> Found {
        parse(&Source::whole("var/lib/dpkg/status", text.as_bytes()))
    }

    #[test]
    fn only_installed_packages() {
        let found = status(
            "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2-3\n\
             Source: src (1:2-2)\nPre-Depends: x\nDepends: libc6 (>= 2.3), a:any | b [amd64]\n\
             Provides: p (= 1)\nMaintainer: M <m@example.org>\nDescription: x\n more\n\n\
             Package: b\nStatus: deinstall ok config-files\nVersion: 1\n\n\
             Package: c\nStatus: install ok half-configured\nVersion: 1\nSource: other\n",
        );
        let names: Vec<&str> = found
            .packages
            .iter()
            .map(|package| &*package.name)
            .collect();
        assert_eq!(names, ["a", "c"]);
        let a = &found.packages[0];
        assert_eq!((&*a.version, a.arch.as_deref()), ("1:2-3", Some("amd64")));
        assert_eq!(a.source.as_deref(), Some("src 1:2-2"));
        assert_eq!(a.supplier.as_deref(), Some("M <m@example.org>"));
        assert_eq!(a.depends, ["x", "libc6", "a|b"]);
        assert_eq!(a.provides, ["p"]);
        assert_eq!(found.packages[1].source.as_deref(), Some("other 1"));
        assert!(found.faults.is_empty());
    }

    #[test]
    fn broken_stanzas_are_counted() {
        let found =
            status("Package: ../../etc\nVersion: 1\n\nVersion: 2\n\nPackage: ok\nVersion: 3\n");
        assert_eq!(found.packages.len(), 1);
        assert_eq!(found.faults, ["2 stanzas have no package name or version"]);
        let found = status("garbage\n\u{1}\u{2}\nPackage: ok\nVersion: 3\n");
        assert_eq!(found.packages.len(), 1);
        assert_eq!(
            found.faults,
            ["lines that have not the form that they should have: 2"]
        );
    }

    #[test]
    fn lists_own_their_files_and_scripts() {
        let found = parse(&Source::whole(
            "var/lib/dpkg/info/bash.list",
            b"/.\n/bin/bash\n",
        ));
        assert_eq!(found.owned[0].of, "bash");
        let mut paths = found.owned[0].paths.lines();
        assert!(paths.any(|path| path == "/bin/bash"));
        assert!(paths.any(|path| path == "/var/lib/dpkg/info/bash.postinst"));
    }

    #[test]
    fn in_status_d_the_names_of_files_count() {
        let text = "Package: base-files\nVersion: 12\nArchitecture: amd64\n";
        let found = parse(&Source::whole(
            "var/lib/dpkg/status.d/base",
            text.as_bytes(),
        ));
        assert_eq!(found.packages[0].key.as_deref(), Some("base"));
        let sums = b"0123  etc/debian_version\n4567  usr/share/doc/base-files/README\n";
        let list = parse(&Source::whole("var/lib/dpkg/status.d/base.md5sums", sums));
        assert_eq!(list.owned[0].of, "base");
        assert_eq!(
            list.owned[0].paths,
            "etc/debian_version\nusr/share/doc/base-files/README"
        );
    }

    proptest! {
        #[test]
        fn any_status_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&Source::whole("var/lib/dpkg/status", &bytes));
        }
    }
}
