//! The manual pages under man/ are those that the program writes.
//!
//! `HPCCTL_BLESS=1 cargo test` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::cli::hpcctl;

fn pages(dir: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages = entries.filter(|path| path.extension().is_some_and(|e| e == "1" || e == "7"));
    pages
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_committed_pages_are_those_that_the_program_writes() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    if std::env::var_os("HPCCTL_BLESS").is_some() {
        pages(&committed)
            .keys()
            .for_each(|name| fs::remove_file(committed.join(name)).unwrap());
        assert_eq!(hpcctl(&["man", committed.to_str().unwrap()]).code, 0);
    }
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(hpcctl(&["man", fresh.path().to_str().unwrap()]).code, 0);
    let (committed, fresh) = (pages(&committed), pages(fresh.path()));
    assert_eq!(
        committed.keys().collect::<Vec<_>>(),
        fresh.keys().collect::<Vec<_>>()
    );
    for (name, page) in &fresh {
        assert!(
            committed[name] == *page,
            "man/{name} has drifted: run HPCCTL_BLESS=1 cargo test"
        );
    }
}

#[test]
fn every_page_lists_every_exit_status() {
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(hpcctl(&["man", fresh.path().to_str().unwrap()]).code, 0);
    for (name, page) in pages(fresh.path())
        .iter()
        .filter(|(name, _)| name.ends_with(".1"))
    {
        for code in ["0", "1", "2", "3", "4", "5", "70", "130"] {
            assert!(
                page.contains(&format!("\\fB{code}\\fR")),
                "{name} does not list {code}"
            );
        }
    }
}
