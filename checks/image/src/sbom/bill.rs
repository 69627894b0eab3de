//! What every format of a bill of materials says, in one form.

use hpcctl_model::scan::Location;

use crate::fault::Faults;

/// A bill of materials.
#[derive(Debug, Default)]
pub(crate) struct Bill {
    /// The tool that wrote it, with its version.
    pub(super) tool: String,
    /// The digest of what it describes.
    pub(super) digest: Option<String>,
    /// Who supplies what it describes.
    pub(super) supplier: Option<String>,
    /// What else the image holds, a sentence each, where hpcctl wrote the bill.
    pub(super) beside: Vec<String>,
    /// What it lists.
    pub(super) components: Vec<Component>,
    /// Which component needs which, by their ids.
    pub(super) needs: Vec<(String, String)>,
    /// Which component holds which, by their ids.
    pub(super) holds: Vec<(String, String)>,
    /// What could not be read.
    pub(super) faults: Faults,
}

/// A package that a bill lists.
#[derive(Debug, Default)]
pub(super) struct Component {
    /// The id in the bill.
    pub(super) id: String,
    /// The name.
    pub(super) name: String,
    /// The version, empty when it has none.
    pub(super) version: String,
    /// The package URL as it stands there.
    pub(super) purl: Option<String>,
    /// The purl type, where there is no purl and the bill says it all the same.
    pub(super) kind: Option<String>,
    /// The SPDX expressions of its licences.
    pub(super) declared: Option<String>,
    /// What whoever wrote the bill goes by.
    pub(super) concluded: Option<String>,
    /// What its files say.
    pub(super) detected: Option<String>,
    /// Who supplies it.
    pub(super) supplier: Option<String>,
    /// The name and the version of its source package.
    pub(super) source: Option<String>,
    /// How many files belong to it.
    pub(super) files: u64,
    /// The purl of the package that brought it, where the bill says so itself.
    pub(super) owned_by: Option<String>,
    /// The files that are the evidence for it.
    pub(super) locations: Vec<Location>,
    /// The files that bear its licences.
    pub(super) license_files: Vec<String>,
}
