//! The packages whose metadata and texts name licences that disagree.

use hpcctl_license_db::conflict;
use hpcctl_model::scan::{Conflict, Package};

/// The conflicts of the packages that count for the verdict, in their order.
pub(crate) fn conflicts(packages: &[Package]) -> Vec<Conflict> {
    let judged = packages.iter().filter(|package| package.judged);
    let conflicts = judged.filter_map(|package| {
        let declared = package.licenses.declared.as_deref()?;
        let detected = package.licenses.detected.as_deref()?;
        conflict::disagree(declared, detected).then(|| Conflict {
            package: package.purl.clone(),
            declared: declared.to_owned(),
            detected: detected.to_owned(),
            files: package.license_files.clone(),
        })
    });
    conflicts.collect()
}
