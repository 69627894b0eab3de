//! A file system mounted inside a user namespace: what the probes of one share.

use hpcctl_host::Errno;

use crate::{Finding, Reading, Site, attribute};

/// Judges whether a file system of this type could be mounted.
pub fn judge(reading: &Reading, site: &Site<'_>, fstype: &str, option: &str) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let refused = format!("{fstype} cannot be mounted");
    match tried.failed().map(|step| (step, step.errno)) {
        None => Finding::pass(format!("{fstype} can be mounted inside a user namespace")),
        Some((_, Some(Errno::ENODEV))) => Finding::caused(&refused, attribute::not_built(option)),
        Some((_, Some(Errno::EPERM | Errno::EACCES))) if site.seccomp == Some(2) => {
            Finding::caused(&refused, attribute::seccomp(site))
        }
        Some((step, _)) => match covered(site, fstype) {
            Some(by) => Finding::fail(format!("{refused} ({step}): {by}")),
            None => Finding::fail(format!("{refused} ({step}), for a cause that is not known")),
        },
    }
}

/// Why the kernel holds that this file system is not fully visible here, as sysfs must be.
fn covered(site: &Site<'_>, fstype: &str) -> Option<String> {
    if fstype != "sysfs" {
        return None;
    }
    let mut mounts = site.mounts.iter().filter(|mount| mount.fs_type == "sysfs");
    let Some(sys) = mounts.next() else {
        return Some("no sysfs is mounted here".into());
    };
    sys.mount_options
        .contains_key("ro")
        .then(|| "/sys is mounted read-only".into())
}
