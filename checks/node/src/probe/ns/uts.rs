//! `ns.uts`: may a UTS namespace be made inside a user namespace?

use super::Probe;
use crate::Manual;
use crate::namespace::{self, Kind};

const KIND: Kind = Kind {
    flag: libc::CLONE_NEWUTS,
    word: "uts",
    option: "UTS_NS",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.uts",
    manual: Manual {
        title: "UTS namespaces",
        what: "Whether a UTS namespace may be created inside a new user namespace.",
        why: "Podman gives each container a host name of its own.",
        how: "unshare(CLONE_NEWUSER), then CLONE_NEWUTS by itself, in a forked child. ENOSPC is user.max_uts_namespaces, EINVAL a kernel built without it.",
        user: "",
        admin: "Allow them: test $(sysctl -n user.max_uts_namespaces) -ge 28633 || sysctl -w user.max_uts_namespaces=28633",
        refs: &[
            "uts_namespaces(7)",
            "https://docs.kernel.org/admin-guide/sysctl/user.html",
        ],
    },
    read: |site| namespace::read(site, KIND),
    judge: |reading, site| namespace::judge(reading, site, KIND),
};
