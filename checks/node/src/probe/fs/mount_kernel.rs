//! `fs.mount_kernel`: may the caller have the kernel mount an image?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// The number of the capability, capabilities(7).
const CAP_SYS_ADMIN: u64 = 21;

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.mount_kernel",
    manual: Manual {
        title: "Kernel mounts",
        what: "Whether the caller may mount a block device: root with CAP_SYS_ADMIN outside of any user namespace.",
        why: "An ordinary user may not, by design, and a user namespace does not change it; runtimes mount images by FUSE or by a set-user-id helper.",
        how: "The effective capabilities and the map of the user namespace.",
        user: "Mount by FUSE (squashfuse), or unpack the image.",
        admin: "",
        refs: &["mount(2)", "user_namespaces(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new()
        .fact(
            "CAP_SYS_ADMIN",
            site.capabilities & (1 << CAP_SYS_ADMIN) != 0,
        )
        .fact("inside a user namespace", site.is_nested())
}

fn judge(_: &Reading, site: &Site<'_>) -> Finding {
    let may = site.capabilities & (1 << CAP_SYS_ADMIN) != 0 && !site.is_nested();
    match may {
        true => Finding::pass("the caller may have the kernel mount images"),
        false => {
            Finding::skipped("only root may have the kernel mount images, by design").holding(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_user_namespace_is_not_enough() {
        let find = |map: &str| {
            let host = Scripted::new().file("/proc/self/uid_map", map);
            let mut site = Site::new(&host);
            site.capabilities = u64::MAX;
            judge(&read(&site), &site).holds
        };
        assert_eq!(find("0 0 4294967295\n"), Some(true));
        assert_eq!(find("0 1000 1\n"), Some(false));
    }
}
