//! Cookies of X11 displays (Xauth(7)): records of a family, an address, a display, the name of the
//! way and the cookie, each but the first with its length before it.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.hpc.x11-cookie", "The cookie of a display of X11.")
        .named(&[".Xauthority", "xauth_*", ".xauth*"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let has = |name: &[u8]| memchr::memmem::find(source.bytes, name).is_some();
    if has(b"MIT-MAGIC-COOKIE-1") || has(b"XDM-AUTHORIZATION-1") {
        sightings.file(DETECTOR.id, "a cookie of a display");
    }
}
