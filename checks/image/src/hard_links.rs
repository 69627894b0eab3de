//! Files that only another name of theirs tells a cataloger of: hard links to a file whose own
//! name says nothing, as stores of packages make them (pnpm links `package.json` to a file that
//! is named after its digest).
//!
//! The tar has such a file under its first name (tar(5), "hard link"), so that its content was
//! passed over by the time that another name asks for it. The layers that hold such files, and
//! no others, are read once more.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use crate::blob::{Blob, Hashed};
use crate::compression::Compression;
use crate::fault::Faults;
use crate::layer::{Content, Intake, LayerRead, LayerSource, Plan, Stored, plain_limit};
use crate::tarball::{Bytes, Kind, TarFault, Walk};
use crate::tree::{Facts, Listing};

/// Links that are looked into; the rest is told.
const MOST: usize = 100_000;

/// Adds what the catalogers find in files of which only a hard link has a name that they ask for.
pub(crate) fn look_again(sources: &[LayerSource], read: &mut [Option<LayerRead>], plan: &Plan) {
    let names = names(read, plan);
    if names.is_empty() || sources.len() != read.len() {
        return;
    }
    let read = sources.iter().zip(read);
    // One that is the same bytes as another is not read.
    for (source, read) in read.filter_map(|(source, read)| Some((source, read.as_mut()?))) {
        let places = places(&read.listing, &names);
        if places.is_empty() {
            continue;
        }
        let Ok(Stored::Tar(blob)) = &source.stored else {
            for path in places.keys() {
                let why = "its content was passed over before a hard link asked for it";
                read.faults.add(format!("/{path}"), why);
            }
            continue;
        };
        let (taken, listing) = content(blob, &places, &names, plan, &mut read.faults);
        for (at, facts) in listing.facts {
            if let Some(entry) = taken.get(at as usize) {
                add(&mut read.listing, *entry, facts);
            }
        }
    }
}

/// The name that a cataloger asks for, by that of the file which is linked to.
fn names(read: &mut [Option<LayerRead>], plan: &Plan) -> HashMap<String, String> {
    let mut intake = Intake::new(plan);
    let mut names = HashMap::new();
    for layer in read.iter_mut().flatten() {
        let mut left_out = 0;
        for entry in layer.listing.entries() {
            let is_asked = entry.kind == Kind::HardLink && intake.asks_for(entry.path);
            if !is_asked || intake.asks_for(entry.link) || names.contains_key(entry.link) {
                continue;
            }
            if names.len() == MOST {
                left_out += 1;
                continue;
            }
            names.insert(entry.link.to_owned(), entry.path.to_owned());
        }
        if left_out > 0 {
            let why = format!("{left_out} hard links to files of other names were not read");
            layer.faults.add("hard links", why);
        }
    }
    names
}

/// The entries of the files that are linked to; of those with one name the last.
fn places(listing: &Listing, names: &HashMap<String, String>) -> BTreeMap<String, u32> {
    let entries = listing.entries().zip(0..);
    let files = entries.filter(|(entry, _)| entry.kind == Kind::File);
    files
        .filter(|(entry, _)| names.contains_key(entry.path))
        .map(|(entry, at)| (entry.path.to_owned(), at))
        .collect()
}

/// Reads a layer once more, up to where it cannot be read, which was told before: the entry of
/// each file that was taken in, and the files under the names that are asked for.
fn content(
    blob: &Blob,
    places: &BTreeMap<String, u32>,
    names: &HashMap<String, String>,
    plan: &Plan,
    faults: &mut Faults,
) -> (Vec<u32>, Listing) {
    let mut intake = Intake::new(plan);
    let mut taken = Vec::new();
    let mut stored = blob.reader(None);
    let compression = stored.fill_buf().map(Compression::of);
    let plain = compression.and_then(|compression| compression.decoder(stored));
    if let Ok(plain) = plain {
        let plain = Hashed::without_digest(plain, plain_limit(&plan.limits, blob.size()));
        let mut walk = Walk::new(plain, &plan.limits);
        while let Ok(Some(head)) = walk.advance() {
            let is_file = head.kind == Kind::File && head.fault.is_none();
            let place = places.get(walk.path()).filter(|_| is_file);
            let Some((place, name)) = place.zip(names.get(walk.path())) else {
                continue;
            };
            if taken.len() >= plan.limits.layer_entries || !intake.push(name, "", &head) {
                break;
            }
            taken.push(*place);
            let mut named = Named {
                walk: &mut walk,
                name,
            };
            if intake.content(&mut named, faults).is_err() {
                break;
            }
        }
    }
    (taken, intake.finish(faults))
}

/// The content of an entry, under another name.
struct Named<'w, 'a, 'n, R> {
    walk: &'w mut Walk<'a, R>,
    name: &'n str,
}

impl<R: Bytes> Content for Named<'_, '_, '_, R> {
    type Fault = TarFault;

    fn path(&self) -> &str {
        self.name
    }

    fn left(&self) -> u64 {
        self.walk.left()
    }

    fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), TarFault> {
        self.walk.read_content(limit, out)
    }

    fn skip(&mut self, count: u64) -> Result<(), TarFault> {
        self.walk.skip_content(count)
    }
}

/// Adds what was found to what is known of an entry.
fn add(listing: &mut Listing, entry: u32, facts: Facts) {
    match listing.facts.binary_search_by_key(&entry, |(at, _)| *at) {
        // Of entries with one name the last counts.
        Ok(at) => listing.facts[at].1.found = facts.found,
        Err(at) => listing.facts.insert(at, (entry, facts)),
    }
}
