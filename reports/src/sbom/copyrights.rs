//! The copyright statements of packages: those in the files that bear their licences, and in READMEs.

use std::collections::{HashMap, HashSet};

use hpcctl_model::scan::{Package, Scan};

/// The statements of the files of a scan, by path.
pub struct Copyrights<'a>(HashMap<&'a str, &'a [String]>);

impl<'a> Copyrights<'a> {
    /// Those of a scan.
    pub fn new(scan: &'a Scan) -> Self {
        let files = scan.files.iter();
        let files = files.filter(|file| !file.copyrights.is_empty());
        Self(
            files
                .map(|file| (file.path.as_str(), file.copyrights.as_slice()))
                .collect(),
        )
    }

    /// Those of a package, each once, in the order of its files.
    pub fn of(&self, package: &'a Package) -> Vec<&'a str> {
        let files = package.license_files.iter().chain(&package.readmes);
        self.each_once(files.filter_map(|path| self.0.get(path.as_str()).copied()))
    }

    /// Those of one file.
    pub fn in_file(&self, path: &str) -> Vec<&'a str> {
        self.each_once(self.0.get(path).copied().into_iter())
    }

    fn each_once(&self, lists: impl Iterator<Item = &'a [String]>) -> Vec<&'a str> {
        let mut told = HashSet::new();
        let all = lists.flatten().map(String::as_str);
        all.filter(|statement| told.insert(*statement)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::tests::{bearing, package, report};

    #[test]
    fn a_package_has_the_statements_of_its_files_each_once() {
        let mut of = package("a", None, Some("MIT"));
        of.license_files = vec!["/a".into(), "/none".into(), "/b".into()];
        let mut scan = report(vec![of]);
        scan.result.files = vec![
            bearing("/a", &["Copyright A", "Copyright B"]),
            bearing("/b", &["Copyright B", "Copyright C"]),
            bearing("/README", &["Copyright D", "Copyright A"]),
        ];
        scan.result.packages[0].readmes = vec!["/README".into()];
        let copyrights = Copyrights::new(&scan.result);
        let told = copyrights.of(&scan.result.packages[0]);
        assert_eq!(
            told,
            ["Copyright A", "Copyright B", "Copyright C", "Copyright D"]
        );
        assert_eq!(copyrights.in_file("/b"), ["Copyright B", "Copyright C"]);
    }
}
