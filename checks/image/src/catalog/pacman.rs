//! Packages of pacman, the package manager of Arch Linux: `/var/lib/pacman/local`.
//!
//! A directory a package, with the files `desc` and `files`: `%NAME%` in a line, its values in
//! the next ones, an empty line (libalpm's `be_local.c`; alpm(3)).

use hpcctl_license_db::declared;

use super::{Candidate, Found, Owned, Source, TextsIn};

/// Reads the description of a package, or the list of its files.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let (directory, file) = source.path.rsplit_once('/').unwrap_or(("", source.path));
    let mut found = Found::default();
    if file == "files" {
        // A package without files has an empty list.
        let first = text.lines().find(|line| !line.is_empty());
        if first.is_some_and(|line| field(line).is_none()) {
            found
                .faults
                .push("it does not begin with a field".to_owned());
        }
        found.ends_in_a_line(source.bytes);
        let mut paths: String = values(&text, "FILES")
            .filter(|path| !path.ends_with('/'))
            .flat_map(|path| [path, "\n"])
            .collect();
        paths.push_str(directory);
        paths.push('/');
        let of = directory.to_owned();
        found.owned.push(Owned { of, paths });
        return found;
    }
    match package(&text, directory) {
        Some(package) => {
            found.add(package);
            found.ends_in_a_line(source.bytes);
        }
        None => found.faults.push("it has no name or version".to_owned()),
    }
    found
}

/// The name of the field that a line begins.
fn field(line: &str) -> Option<&str> {
    line.strip_prefix('%')?.strip_suffix('%')
}

/// The values of a field.
fn values<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let mut lines = text.lines();
    let begun = lines.any(|line| field(line) == Some(name));
    lines.take_while(move |line| begun && !line.is_empty())
}

fn package(text: &str, directory: &str) -> Option<Candidate> {
    let value = |field: &str| values(text, field).next();
    let name = value("NAME").filter(|name| !name.contains('/'))?;
    let version = value("VERSION")?;
    let licenses: Vec<&str> = values(text, "LICENSE").collect();
    let base = value("BASE").filter(|base| *base != name);
    Some(Candidate {
        kind: "alpm",
        name: name.to_owned(),
        purl_name: Some(name.to_lowercase()),
        version: version.to_owned(),
        arch: value("ARCH").map(str::to_owned),
        declared: declared::arch::license(&licenses),
        texts_in: vec![TextsIn::All(format!("usr/share/licenses/{name}"))],
        supplier: value("PACKAGER")
            .filter(|packager| *packager != "Unknown Packager")
            .map(str::to_owned),
        source: base.map(|base| format!("{base} {version}")),
        key: Some(directory.to_owned()),
        // The vendor is required; where nothing says otherwise it is that of pacman itself.
        namespace: Some("arch".to_owned()),
        depends: values(text, "DEPENDS")
            .map(|need| words(need).join("|"))
            .collect(),
        provides: values(text, "PROVIDES")
            .flat_map(words)
            .map(str::to_owned)
            .collect(),
        ..Candidate::default()
    })
}

/// The words for what is provided or needed: `libz.so=1-64` is the version of an interface,
/// `glibc>=2.3` that of a package.
fn words(text: &str) -> Vec<&str> {
    let bare = text.split(['=', '<', '>']).next().unwrap_or(text);
    if bare != text && bare.ends_with(".so") {
        vec![text, bare]
    } else {
        vec![bare]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DESC: &str = "%NAME%\nalpha\n\n%VERSION%\n1:1.2.3-4\n\n%BASE%\nalpha-all\n\n%DESC%\n\n\n\
        %ARCH%\nx86_64\n\n%PACKAGER%\nA B <a@example.org>\n\n%LICENSE%\nGPL3\ncustom:Foo\n\n\
        %DEPENDS%\nglibc>=2.3\nlibalpha.so=1-64\n\n%PROVIDES%\nalp=1\nlibbeta.so=2-64\n";

    fn read(file: &str, text: &str) -> Found {
        let path = format!("var/lib/pacman/local/alpha-1:1.2.3-4/{file}");
        parse(&Source::whole(&path, text.as_bytes()))
    }

    #[test]
    fn a_description() {
        let found = read("desc", DESC);
        let [alpha] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!(
            (&*alpha.name, &*alpha.version, alpha.arch.as_deref()),
            ("alpha", "1:1.2.3-4", Some("x86_64"))
        );
        assert_eq!(
            alpha.declared.as_deref(),
            Some("GPL-3.0-or-later AND LicenseRef-custom-Foo")
        );
        assert_eq!(alpha.source.as_deref(), Some("alpha-all 1:1.2.3-4"));
        assert_eq!(alpha.supplier.as_deref(), Some("A B <a@example.org>"));
        assert_eq!(alpha.depends, ["glibc", "libalpha.so=1-64|libalpha.so"]);
        assert_eq!(alpha.provides, ["alp", "libbeta.so=2-64", "libbeta.so"]);
    }

    #[test]
    fn files_without_directories() {
        let found = read(
            "files",
            "%FILES%\nusr/\nusr/bin/\nusr/bin/alpha\n\n%BACKUP%\netc/x\tab\n",
        );
        let owned = &found.owned[0];
        assert_eq!(owned.of, "var/lib/pacman/local/alpha-1:1.2.3-4");
        assert_eq!(
            owned.paths,
            "usr/bin/alpha\nvar/lib/pacman/local/alpha-1:1.2.3-4/"
        );
    }

    #[test]
    fn one_without_a_version_is_a_fault() {
        for text in ["", "%NAME%\n\nx\n", "%NAME%\nx\n", "%VERSION%\n1\n"] {
            let found = read("desc", text);
            assert_eq!((found.packages.len(), found.faults.len()), (0, 1), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0_usize..200, byte: u8, cut in 0_usize..200, file in "desc|files") {
            let mut bytes = DESC.as_bytes().to_vec();
            bytes[at % DESC.len()] = byte;
            bytes.truncate(DESC.len() - cut % DESC.len());
            let path = format!("var/lib/pacman/local/a/{file}");
            let found = parse(&Source::whole(&path, &bytes));
            prop_assert!(found.packages.len() <= 1);
        }
    }
}
