//! Private keys of PuTTY (`.ppk`): `PuTTY-User-Key-File-2:` or `-3:`, and `Private-Lines:`.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new("secret.putty-key", "A private key of PuTTY.")
    .holding(&["PuTTY-User-Key-File-"], place);

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let near = &source.bytes[at..source.bytes.len().min(at + 16 * 1024)];
    let lines = memchr::memmem::find(near, b"\nPrivate-Lines: ");
    let is_line = at == 0 || source.bytes[at - 1] == b'\n';
    if is_line && lines.is_some() {
        sightings.at(DETECTOR.id, source, at, "a private key of PuTTY");
    }
}
