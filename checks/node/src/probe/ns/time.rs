//! `ns.time`: may a time namespace be made inside a user namespace?

use super::Probe;
use crate::Manual;
use crate::namespace::{self, Kind};

/// Not in every libc: it shares its bit with CSIGNAL.
const CLONE_NEWTIME: i32 = 0x80;

const KIND: Kind = Kind {
    flag: CLONE_NEWTIME,
    word: "time",
    option: "TIME_NS",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.time",
    manual: Manual {
        title: "Time namespaces",
        what: "Whether a time namespace may be created inside a new user namespace.",
        why: "A restored checkpoint needs one to go on with its own clocks.",
        how: "unshare(CLONE_NEWUSER), then CLONE_NEWTIME by itself, in a forked child. ENOSPC is user.max_time_namespaces, EINVAL a kernel built without it.",
        user: "",
        admin: "Allow them: test $(sysctl -n user.max_time_namespaces) -ge 28633 || sysctl -w user.max_time_namespaces=28633",
        refs: &[
            "time_namespaces(7)",
            "https://docs.kernel.org/admin-guide/sysctl/user.html",
        ],
    },
    read: |site| namespace::read(site, KIND),
    judge: |reading, site| namespace::judge(reading, site, KIND),
};
