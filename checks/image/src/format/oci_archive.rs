//! A tar of an OCI image layout.

use std::path::Path;

use super::oci::{Layout, open_layout};
use super::{Opened, open_archive};
use crate::{Error, Limits};

/// Opens the image of an archive.
pub(super) fn open(path: &Path, tag: Option<&str>, limits: &Limits) -> Result<Opened, Error> {
    let archive = open_archive(path, limits)?;
    let fault = archive.fault.clone();
    let mut opened = open_layout(&Layout::Archive(archive), path, tag, limits)?;
    if let Some(fault) = fault {
        opened.faults.add("archive", fault);
    }
    Ok(opened)
}
