//! `ns.user.map`: may the caller map itself to root in its user namespace?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, apparmor, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.user.map",
    manual: Manual {
        title: "Mapping of one id",
        what: "Whether the caller may map its own user and group id to root inside a new user namespace.",
        why: "Without a map the namespace is useless: every id is the overflow id and nothing can be mounted.",
        how: "In a new user namespace: `deny` to /proc/self/setgroups, then one line each to uid_map and gid_map. EPERM or EACCES here, where the namespace itself could be made, is how AppArmor's restriction shows.",
        user: "",
        admin: "Give the runtime's binary an AppArmor profile that allows `userns`.",
        refs: &[
            "user_namespaces(7)",
            "https://documentation.ubuntu.com/server/how-to/security/apparmor/",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new()
        .op(Op::Unshare(libc::CLONE_NEWUSER))
        .subject()
        .map_to_root(site.caller.uid, site.caller.gid);
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed() {
        None => Finding::pass(format!("uid {} is mapped to 0", site.caller.uid)),
        Some(step) => match step.errno {
            Some(Errno::ENOENT) => Finding::unknown(format!("{step}: is /proc mounted?")),
            Some(Errno::EROFS) => Finding::fail(format!("{step}: /proc is mounted read-only")),
            _ => {
                let cause = attribute::security_module(site);
                let found = Finding::caused(&format!("the map is refused ({step})"), cause);
                apparmor::of_this_program(found, site)
            }
        },
    }
}
