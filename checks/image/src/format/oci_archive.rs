//! A tar of an OCI image layout.

use super::oci::{Layout, open_layout};
use super::{Opened, open_archive};
use crate::layer::Plan;
use crate::{Error, Source};

/// Opens the image of an archive.
pub(super) fn open(source: &Source, plan: &Plan) -> Result<Opened, Error> {
    let archive = open_archive(source.path(), &plan.limits)?;
    let fault = archive.fault.clone();
    let mut opened = open_layout(&Layout::Archive(archive), source, plan)?;
    if let Some(fault) = fault {
        opened.faults.add("archive", fault);
    }
    Ok(opened)
}
