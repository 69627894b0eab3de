//! Bills of materials that some tool wrote, as input: what they list is judged as if it had
//! been found in an image.
//!
//! A format is a row and turns its file into one [`Bill`], and [`report`] turns that into the
//! report's result. The crates that write these formats do not read them here: cyclonedx-bom
//! refuses what is newer than 1.5, and spdx-rs panics at a licence that is no expression and
//! refuses fields that it does not know. So the readers take what they need, in whichever
//! version, and tell what they could not take.

mod bill;
mod elements;
mod form;
mod lenient;
mod licenses;
mod report;

use std::io;
use std::path::Path;

pub(crate) use bill::Bill;
use form::{FORMS, Form};

use crate::blob::Blob;
use crate::{Error, Limits, Scanned, Source};

/// The bytes of the largest file that is read, and those at its start by which it is known.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
const HEAD: u64 = 4096;

/// What may stand before a text in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The bill that a source names, or that its content is; none where it is an image.
pub(crate) fn named(source: &Source) -> Option<&Path> {
    match source {
        Source::Sbom(path) => Some(path),
        Source::Path(path) if path.is_file() => {
            let head = Blob::open(path).ok()?.part(0, HEAD).bytes(HEAD).ok()?;
            form_of(&head).map(|_| &**path)
        }
        _ => None,
    }
}

/// Reads a bill and reports what it lists.
pub(crate) fn scan(path: &Path, limits: &Limits) -> Result<Scanned, Error> {
    let blob = Blob::open(path)?;
    let unreadable = |error| Error::unreadable(path, error);
    if blob.size() > MOST_BYTES {
        let why = format!("it is larger than {MOST_BYTES} bytes");
        return Err(unreadable(io::Error::other(why)));
    }
    let not_a_bill = |why: String| Error::NotABill {
        path: path.to_owned(),
        why,
    };
    let head = blob.part(0, HEAD).bytes(HEAD).map_err(unreadable)?;
    let form = form_of(&head).ok_or_else(|| {
        not_a_bill("it is neither CycloneDX (JSON, XML) nor SPDX (JSON, tag-value)".into())
    })?;
    // A mark of the order of bytes says nothing in UTF-8.
    let mark = MARK.len() as u64 * u64::from(head.starts_with(MARK));
    let file = blob.part(mark, MOST_BYTES);
    let (id, bill) = (form.read)(&file, limits).map_err(not_a_bill)?;
    Ok(report::report(path, id, bill, limits))
}

fn form_of(head: &[u8]) -> Option<&'static Form> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    FORMS.iter().find(|form| (form.is)(text))
}
