//! PKCS #12 files (RFC 7292), by their content: a sequence with version 3. The key is in a bag
//! whose type stands outside of what is encrypted; a store of certificates has none.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.pkcs12", "A private key in a PKCS #12 file.")
        .named(&["*.p12", "*.pfx"], file)
        .beginning(&[b"\x30\x82", b"\x30\x83", b"\x30\x80"]);

/// The types of bags with a private key: keyBag and pkcs8ShroudedKeyBag.
const BAGS: [&[u8]; 2] = [
    b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01",
    b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02",
];

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let head = &source.bytes[..source.bytes.len().min(10)];
    let is_pkcs12 = head.windows(3).any(|part| part == b"\x02\x01\x03");
    if is_pkcs12
        && BAGS
            .iter()
            .any(|bag| memchr::memmem::find(source.bytes, bag).is_some())
    {
        sightings.file(DETECTOR.id, "a private key in a PKCS #12 file");
    }
}
