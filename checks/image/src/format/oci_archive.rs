//! A tar of an OCI image layout.

use super::oci::{Layout, open_layout};
use super::{Opened, Session, open_archive};
use crate::archive::Archive;
use crate::{Error, Source};

/// Opens the image of an archive.
pub(super) fn open(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    open_in(open_archive(source.path(), session)?, source, session)
}

/// Opens the image of an archive whose entries are known.
pub(super) fn open_in(
    archive: Archive,
    source: &Source,
    session: &Session<'_>,
) -> Result<Opened, Error> {
    let fault = archive.fault.clone();
    let mut opened = open_layout(&Layout::Archive(archive), source, session.plan)?;
    if let Some(fault) = fault {
        opened.faults.add("archive", fault);
    }
    Ok(opened)
}
