//! `ns.shared`: does / propagate mounts?

use procfs::process::MountOptFields;

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.shared",
    manual: Manual {
        title: "Propagation of /",
        what: "Whether the mount on / is shared, so that later mounts reach running containers.",
        why: "Where / is private a file system that is mounted after the first rootless podman command is not seen in its binds: the directory is silently empty.",
        how: "Looks for `shared:` at / in /proc/self/mountinfo.",
        user: "After a new mount: podman system migrate",
        admin: "As systemd does at boot: mount --make-rshared /",
        refs: &["mount_namespaces(7)", "podman-run(1)"],
    },
    read: |site| {
        let shared = site
            .mount_of("/")
            .map(|mount| format!("{:?}", mount.opt_fields));
        Reading::new().fact(
            "/proc/self/mountinfo: /",
            shared.unwrap_or_else(|| "no such mount".into()),
        )
    },
    judge,
};

fn judge(_: &Reading, site: &Site<'_>) -> Finding {
    let Some(root) = site.mount_of("/") else {
        return Finding::skipped("no mount on / is seen");
    };
    let shared = root
        .opt_fields
        .iter()
        .any(|field| matches!(field, MountOptFields::Shared(_)));
    if shared {
        Finding::pass("/ is shared")
    } else {
        Finding::warn(
            "/ is private: mounts made later do not reach containers that podman already prepared",
        )
        .holding(false)
    }
}
