//! `cg.linger`: do processes of the caller outlive the session?

use hpcctl_host::Errno;

use super::Probe;
use crate::{Finding, Manual, Reading, Site, cgroup};

const DIR: &str = "/var/lib/systemd/linger";

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.linger",
    manual: Manual {
        title: "Lingering",
        what: "Whether systemd keeps the processes and XDG_RUNTIME_DIR of the caller after the last session ends.",
        why: "Without it systemd ends what is left of rootless containers at logout, and removes /run/user/UID under them; in a job that is what one wants.",
        how: "Looks for /var/lib/systemd/linger/USER, where systemd runs.",
        user: "",
        admin: "Let the user's services outlive logins, by loginctl enable-linger with the user's name.",
        refs: &["loginctl(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.is_root() || !cgroup::has_systemd(site) {
        true => Reading::new(),
        false => Reading::new().stat(site, &format!("{DIR}/{}", site.caller.name)),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.stats.first() {
        None => Finding::skipped("no sessions of systemd are here for the caller"),
        Some((_, Ok(_))) => Finding::pass("containers of the caller outlive the session"),
        Some((_, Err(Errno::ENOENT))) => {
            Finding::pass("containers of the caller end with the last session")
        }
        Some((path, Err(errno))) => {
            Finding::unknown(format!("{path} cannot be looked at: {errno}"))
        }
    }
}
