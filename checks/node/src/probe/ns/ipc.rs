//! `ns.ipc`: may an IPC namespace be made inside a user namespace?

use super::Probe;
use crate::Manual;
use crate::namespace::{self, Kind};

const KIND: Kind = Kind {
    flag: libc::CLONE_NEWIPC,
    word: "ipc",
    option: "IPC_NS",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.ipc",
    manual: Manual {
        title: "IPC namespaces",
        what: "Whether an IPC namespace may be created inside a new user namespace.",
        why: "Podman gives each container its own System V and POSIX message queues; MPI ranks that share memory must share it (--ipc=host).",
        how: "unshare(CLONE_NEWUSER), then CLONE_NEWIPC by itself, in a forked child. ENOSPC is user.max_ipc_namespaces, EINVAL a kernel built without it.",
        user: "",
        admin: "Allow them: test $(sysctl -n user.max_ipc_namespaces) -ge 28633 || sysctl -w user.max_ipc_namespaces=28633",
        refs: &[
            "ipc_namespaces(7)",
            "https://docs.kernel.org/admin-guide/sysctl/user.html",
        ],
    },
    read: |site| namespace::read(site, KIND),
    judge: |reading, site| namespace::judge(reading, site, KIND),
};
