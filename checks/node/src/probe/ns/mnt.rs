//! `ns.mnt`: may a mount namespace be made inside a user namespace?

use super::Probe;
use crate::Manual;
use crate::namespace::{self, Kind};

const KIND: Kind = Kind {
    flag: libc::CLONE_NEWNS,
    word: "mnt",
    option: "NAMESPACES",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.mnt",
    manual: Manual {
        title: "Mount namespaces",
        what: "Whether a mount namespace may be created inside a new user namespace.",
        why: "The image becomes the root file system in one, without touching the mounts of the node.",
        how: "unshare(CLONE_NEWUSER), then CLONE_NEWNS by itself, in a forked child. ENOSPC is user.max_mnt_namespaces, EINVAL a kernel built without it.",
        user: "",
        admin: "Allow them: test $(sysctl -n user.max_mnt_namespaces) -ge 28633 || sysctl -w user.max_mnt_namespaces=28633",
        refs: &[
            "mount_namespaces(7)",
            "https://docs.kernel.org/admin-guide/sysctl/user.html",
        ],
    },
    read: |site| namespace::read(site, KIND),
    judge: |reading, site| namespace::judge(reading, site, KIND),
};
