//! Walks a tar archive: an image's own archive, or one of its layers.
//!
//! The formats are those of tar(5): v7, ustar, pax and GNU, with their extended headers.
//! Only headers are parsed here; contents are handed out in the reader's own buffer. Nothing
//! is allocated by the sizes that a header claims.

mod entry;
mod header;
mod path;
mod pax;
mod sparse;
mod walk;

pub(crate) use entry::{Device, Grants, Head, Kind, Stamp};
pub(crate) use header::is_header;
pub(crate) use path::{normalise, text};
pub(crate) use pax::capabilities;
pub(crate) use walk::{Bytes, Entry, TarFault, Walk};
