//! `ns.net`: may a network namespace be made inside a user namespace?

use super::Probe;
use crate::Manual;
use crate::namespace::{self, Kind};

const KIND: Kind = Kind {
    flag: libc::CLONE_NEWNET,
    word: "net",
    option: "NET_NS",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.net",
    manual: Manual {
        title: "Network namespaces",
        what: "Whether a network namespace may be created inside a new user namespace.",
        why: "Podman's default network and --network=none need one; with the network of the host they do without.",
        how: "unshare(CLONE_NEWUSER), then CLONE_NEWNET by itself, in a forked child. ENOSPC is user.max_net_namespaces, EINVAL a kernel built without it.",
        user: "",
        admin: "Allow them: test $(sysctl -n user.max_net_namespaces) -ge 28633 || sysctl -w user.max_net_namespaces=28633",
        refs: &[
            "network_namespaces(7)",
            "https://docs.kernel.org/admin-guide/sysctl/user.html",
        ],
    },
    read: |site| namespace::read(site, KIND),
    judge: |reading, site| namespace::judge(reading, site, KIND),
};
