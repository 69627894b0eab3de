//! Files of pkg-config that tell the release of a library in which nothing does (pc(5), `Version`).

use super::evidence;
use crate::catalog::{Candidate, Found, Source, is_word};

/// The files, and the libraries that lie in the directory above theirs.
const FILES: &[(&str, &str)] = &[("netcdf-fortran.pc", "netcdf-fortran")];

/// Reads the version from a file; it tells what a library near it is, and is no package.
pub(super) fn read(source: &Source<'_>, found: &mut Found) {
    let file = source.path.rsplit('/').next().unwrap_or(source.path);
    let Some((_, library)) = FILES.iter().find(|(name, _)| *name == file) else {
        return;
    };
    let text = String::from_utf8_lossy(source.bytes);
    let mut lines = text.lines();
    let version = lines.find_map(|line| line.strip_prefix("Version:"));
    if let Some(version) = version.map(str::trim).filter(|version| is_word(version)) {
        found.add(Candidate {
            name: (*library).to_owned(),
            version: version.to_owned(),
            tells: true,
            ..evidence("generic", "soname", source.path)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_told_where_there_is_one() {
        let of = |path: &str, text: &str| {
            let mut found = Found::default();
            read(&Source::whole(path, text.as_bytes()), &mut found);
            let package = found.packages.pop()?;
            assert!(package.tells && package.yields);
            Some(format!("{} {}", package.name, package.version))
        };
        let path = "opt/n/lib/pkgconfig/netcdf-fortran.pc";
        let text = "prefix=/opt/n\n\nName: netcdf-fortran\nVersion: 4.6.1\nLibs: -lnetcdff\n";
        assert_eq!(of(path, text).as_deref(), Some("netcdf-fortran 4.6.1"));
        assert_eq!(of("opt/n/lib/pkgconfig/n.pc", text), None);
        assert_eq!(of(path, "Version: \n"), None);
        assert_eq!(of(path, "Name: netcdf-fortran\n"), None);
    }
}
