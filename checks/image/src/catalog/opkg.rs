//! Packages of opkg, the package manager of OpenWrt and of images of the Yocto project:
//! `/usr/lib/opkg/status` and the files beside it in `info`.
//!
//! The stanzas have the fields of deb-control(5). The licence is a field of the package's own
//! control file, which opkg keeps. Purl has no type for these packages.

use hpcctl_license_db::declared;

use super::dpkg::{is_name, relations};
use super::stanza::{Stanza, Stanzas};
use super::{Candidate, Found, Owned, Source, TextsIn};

/// Reads the status of all packages, or the control file or the list of files of one.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let (directory, file) = source.path.rsplit_once('/').unwrap_or(("", source.path));
    let mut found = Found::default();
    if file.ends_with(".control") {
        let mut stanzas = Stanzas::new(&text);
        let stanza = stanzas.advance();
        let get = |field| stanza.and_then(|stanza| stanza.get(field));
        if get("Package").is_none() {
            found.faults.push("it has no package name".to_owned());
        }
        found.license = get("License").and_then(declared::free_text);
        return found;
    }
    if let Some(package) = file.strip_suffix(".list") {
        let is_path = |line: &&str| line.starts_with(['/', '.']);
        found.stray_lines(text.lines().filter(|line| !is_path(line)).count());
        found.owned.push(owned(&text, directory, package));
        return found;
    }
    let mut stanzas = Stanzas::new(&text);
    let mut broken = 0;
    while let Some(stanza) = stanzas.advance() {
        // The words are those of dpkg: what is wanted, flags, and what is there.
        let is_there = stanza
            .get("Status")
            .is_none_or(|status| status.ends_with(" installed"));
        match package(stanza, directory) {
            Some(package) if is_there => found.add(package),
            Some(_) => {}
            None => broken += 1,
        }
    }
    found.broken_stanzas(broken);
    found.stray_lines(stanzas.stray());
    found.ends_in_a_line(source.bytes);
    found
}

fn package(stanza: &Stanza<'_>, directory: &str) -> Option<Candidate> {
    let name = stanza.get("Package").filter(|name| is_name(name))?;
    let version = stanza
        .get("Version")
        .filter(|version| !version.is_empty())?;
    let list = |field| stanza.get(field).into_iter().flat_map(relations).collect();
    Some(Candidate {
        kind: "generic",
        name: name.to_owned(),
        version: version.to_owned(),
        arch: stanza.get("Architecture").map(str::to_owned),
        qualifiers: vec![("manager", "opkg".to_owned())],
        declared_in: Some(format!("{directory}/info/{name}.control")),
        texts_in: vec![TextsIn::All(format!("usr/share/licenses/{name}"))],
        supplier: stanza.get("Maintainer").map(str::to_owned),
        source: stanza.get("Source").map(str::to_owned),
        depends: list("Depends"),
        provides: list("Provides"),
        ..Candidate::default()
    })
}

/// The paths of an `info/*.list`, which may be followed by a tab and more, and the package's
/// other files beside it.
fn owned(text: &str, directory: &str, package: &str) -> Owned {
    let mut paths = String::new();
    for line in text.lines() {
        let path = line.split('\t').next().unwrap_or(line);
        if !path.ends_with('/') {
            paths.push_str(path);
            paths.push('\n');
        }
    }
    for kind in [
        "conffiles",
        "control",
        "list",
        "postinst",
        "postrm",
        "preinst",
        "prerm",
    ] {
        paths.push_str(&format!("{directory}/{package}.{kind}\n"));
    }
    let of = package.to_owned();
    Owned { of, paths }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(path: &str, text: &str) -> Found {
        parse(&Source::whole(path, text.as_bytes()))
    }

    #[test]
    fn packages_that_are_installed() {
        let found = read(
            "usr/lib/opkg/status",
            "Package: libc\nVersion: 1.2.4-4\nDepends: libgcc1, x (>= 1)\nProvides: musl\n\
             Status: install hold installed\nArchitecture: mips_24kc\nInstalled-Time: 1\n\n\
             Package: gone\nVersion: 1\nStatus: deinstall ok not-installed\n\nVersion: 2\n",
        );
        let [libc] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*libc.name, &*libc.version), ("libc", "1.2.4-4"));
        assert_eq!(libc.depends, ["libgcc1", "x"]);
        assert_eq!(
            libc.declared_in.as_deref(),
            Some("usr/lib/opkg/info/libc.control")
        );
        assert_eq!(found.faults.len(), 1);
    }

    #[test]
    fn licence_and_files_of_one() {
        let control = read(
            "usr/lib/opkg/info/libc.control",
            "Package: libc\nLicense: MIT\n",
        );
        assert_eq!(control.license.as_deref(), Some("MIT"));
        let list = read(
            "usr/lib/opkg/info/libc.list",
            "/lib/libc.so\n/lib/ld.so\t0644\n",
        );
        assert_eq!(list.owned[0].of, "libc");
        let paths: Vec<&str> = list.owned[0].paths.lines().take(2).collect();
        assert_eq!(paths, ["/lib/libc.so", "/lib/ld.so"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            file in "status|info/a.control|info/a.list",
        ) {
            let _ = parse(&Source::whole(&format!("usr/lib/opkg/{file}"), &bytes));
        }
    }
}
