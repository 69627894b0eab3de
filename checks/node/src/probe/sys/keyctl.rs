//! `sys.keyctl`: is keyctl(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.keyctl",
    manual: Manual {
        title: "Kernel keyrings",
        what: "Whether the keyring of the session can be reached by keyctl(2).",
        why: "runc makes a keyring for each container, Kerberos keeps tickets there; a container may hide it.",
        how: "keyctl(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "",
        refs: &["keyctl(2)", "keyrings(7)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "keyctl",
    number: libc::SYS_keyctl,
    args: [0, u64::MAX - 2, 0, 0, 0, 0],
    there: &[Errno::ENOKEY],
    answers: true,
    mounts: false,
    absent: "CONFIG_KEYS is not set",
    refused: "a seccomp profile",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
