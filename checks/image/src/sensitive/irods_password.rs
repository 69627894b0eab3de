//! The password of a user of iRODS, as `iinit` keeps it: scrambled by the number of the user, which
//! anybody can undo (iRODS documentation, "Authentication", `.irodsA`).

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.irods-password",
    "The password of a user of iRODS, which is only scrambled.",
)
.named(&[".irodsA"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let is_scrambled = source.bytes.iter().filter(|byte| byte.is_ascii_graphic());
    if is_scrambled.count() >= 6 {
        sightings.file(DETECTOR.id, "the password of a user of iRODS");
    }
}
