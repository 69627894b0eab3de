//! The shared secret of BeeGFS (`connAuthFile`): who holds it talks to the servers as root.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.file-system-key",
    "The secret that the nodes of a parallel file system share.",
)
.named(
    &["connauthfile", "connAuthFile", "conn.auth", "beegfs.auth"],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    if source.size >= 8 {
        sightings.file(DETECTOR.id, "the shared secret of BeeGFS");
    }
}
