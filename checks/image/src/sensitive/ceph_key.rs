//! Keyrings of Ceph: `key = ` and 28 bytes in base64 that begin with the type and the time.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.hpc.ceph-key", "The key of a client of Ceph.")
        .named(&["*.keyring", "ceph.secret", "admin.secret"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    for (number, line) in source.text().lines().enumerate() {
        let key = value::pair(line, '=').filter(|(name, _)| *name == "key");
        // The padding of base64 has `=` too, so the first one divides.
        let key = key.map_or(line.trim(), |_| {
            line.split_once('=').map_or("", |(_, key)| key.trim())
        });
        if key.len() == 40 && key.starts_with("AQ") && key.ends_with("==") && value::is_random(key)
        {
            sightings.line(DETECTOR.id, number, "a key of Ceph");
        }
    }
}
