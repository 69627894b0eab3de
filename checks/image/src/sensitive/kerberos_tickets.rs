//! Credential caches of Kerberos: 0x05 0x04 (or 0x03), a header, then the principal (MIT
//! Kerberos, "Credential cache file format").

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.hpc.kerberos-tickets", "Tickets of Kerberos.")
        .named(&["krb5cc_*", "krb5cc"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let is_cache = source.bytes.starts_with(&[5, 4]) || source.bytes.starts_with(&[5, 3]);
    if is_cache && source.size > 40 {
        sightings.file(DETECTOR.id, "tickets of Kerberos");
    }
}
