//! A second scan reads only layers that are new.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use hpcctl_image::{Options, Progress, Reference, Scanned, Source, scan};

use crate::build::*;

/// Counts the bytes that are told as read; a layer out of the cache tells them in one piece.
#[derive(Default)]
struct Pieces(AtomicUsize);

impl Progress for Pieces {
    fn total(&self, _bytes: u64) {}

    fn layer(&self, _name: &str, _place: usize, _of: usize) {}

    fn read(&self, _bytes: u64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A layer that is not read in one piece.
fn large(path: &str) -> Vec<u8> {
    Layer::new()
        .file(STATUS, deb("a", "1"))
        .file("usr/share/doc/a/copyright", ISC)
        .file(path, vec![b'x'; 1_000_000])
        .tar()
}

fn cached(place: &Place, layers: &[Vec<u8>]) -> (Scanned, usize) {
    let source = Source::DockerArchive(place.put("image.tar", docker_archive(layers)));
    let options = Options {
        cache: Some(place.path().join("cache")),
        ..Options::default()
    };
    let pieces = Pieces::default();
    let scanned = scan(&Reference::from(source), &options, &pieces).unwrap();
    (scanned, pieces.0.into_inner())
}

#[test]
fn a_known_layer_is_not_read_again() {
    let place = Place::new();
    let base = large("opt/x");
    let (first, pieces) = cached(&place, std::slice::from_ref(&base));
    let (again, fewer) = cached(&place, std::slice::from_ref(&base));
    assert_eq!(first, again);
    assert!(pieces > 3 && fewer == 1, "{pieces} {fewer}");
    let upper = Layer::new().file(STATUS, deb("a", "2")).tar();
    let (both, _) = cached(&place, &[base, upper]);
    assert_eq!(names(&both), ["a 2"]);
    assert_eq!(
        both.scan.packages[0].licenses.concluded.as_deref(),
        Some("ISC")
    );
}

#[test]
fn what_is_broken_in_the_cache_is_read_anew() {
    let place = Place::new();
    let base = large("opt/x");
    let (first, pieces) = cached(&place, std::slice::from_ref(&base));
    for entry in fs::read_dir(place.path().join("cache")).unwrap() {
        let path = entry.unwrap().path();
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(100).unwrap();
    }
    let (again, as_many) = cached(&place, std::slice::from_ref(&base));
    assert_eq!((first, pieces), (again, as_many));
}

#[test]
fn a_layer_with_faults_is_not_kept() {
    let place = Place::new();
    let mut cut = large("opt/x");
    cut.truncate(500_000);
    let (first, pieces) = cached(&place, std::slice::from_ref(&cut));
    assert!(!first.scan.complete);
    let (again, as_many) = cached(&place, &[cut]);
    assert_eq!((first, pieces), (again, as_many));
}
