//! `ns.pid`: may a pid namespace be made inside a user namespace?

use super::Probe;
use crate::Manual;
use crate::namespace::{self, Kind};

const KIND: Kind = Kind {
    flag: libc::CLONE_NEWPID,
    word: "pid",
    option: "PID_NS",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.pid",
    manual: Manual {
        title: "Pid namespaces",
        what: "Whether a pid namespace may be created inside a new user namespace.",
        why: "Podman and Apptainer with --pid number the processes of a container from 1 and end them together.",
        how: "unshare(CLONE_NEWUSER), then CLONE_NEWPID by itself, in a forked child. ENOSPC is user.max_pid_namespaces, EINVAL a kernel built without it.",
        user: "",
        admin: "Allow them: test $(sysctl -n user.max_pid_namespaces) -ge 28633 || sysctl -w user.max_pid_namespaces=28633",
        refs: &[
            "pid_namespaces(7)",
            "https://docs.kernel.org/admin-guide/sysctl/user.html",
        ],
    },
    read: |site| namespace::read(site, KIND),
    judge: |reading, site| namespace::judge(reading, site, KIND),
};
