//! `ns.cgroup`: may a cgroup namespace be made inside a user namespace?

use super::Probe;
use crate::Manual;
use crate::namespace::{self, Kind};

const KIND: Kind = Kind {
    flag: libc::CLONE_NEWCGROUP,
    word: "cgroup",
    option: "CGROUPS",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.cgroup",
    manual: Manual {
        title: "Cgroup namespaces",
        what: "Whether a cgroup namespace may be created inside a new user namespace.",
        why: "On cgroup v2 podman hides the hierarchy of the node from the container.",
        how: "unshare(CLONE_NEWUSER), then CLONE_NEWCGROUP by itself, in a forked child. ENOSPC is user.max_cgroup_namespaces, EINVAL a kernel built without it.",
        user: "",
        admin: "Allow them: test $(sysctl -n user.max_cgroup_namespaces) -ge 28633 || sysctl -w user.max_cgroup_namespaces=28633",
        refs: &[
            "cgroup_namespaces(7)",
            "https://docs.kernel.org/admin-guide/sysctl/user.html",
        ],
    },
    read: |site| namespace::read(site, KIND),
    judge: |reading, site| namespace::judge(reading, site, KIND),
};
