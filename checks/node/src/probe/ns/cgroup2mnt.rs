//! `ns.cgroup2mnt`: may cgroup v2 be mounted inside a user namespace?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, mounting};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.cgroup2mnt",
    manual: Manual {
        title: "cgroup v2 in a cgroup namespace",
        what: "Whether cgroup v2 can be mounted inside a user, mount and cgroup namespace.",
        why: "A container with a cgroup namespace of its own gets a fresh mount of its part of the tree, by which systemd or a runtime inside of it works. Runtimes bind the node's /sys/fs/cgroup where it is refused.",
        how: "mount(cgroup2) in a user, mount and cgroup namespace, on a directory of a tmpfs.",
        user: "",
        admin: "",
        refs: &["cgroup_namespaces(7)", "cgroups(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let target = format!("{}/target", site.mount_point);
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::Unshare(libc::CLONE_NEWCGROUP))
        .op(Op::tmpfs(site.mount_point))
        .op(Op::Mkdir(target.clone()))
        .subject()
        .op(Op::mount("cgroup2", &target, "cgroup2", 0, ""));
    Reading::new().trial(site, &trial)
}

/// No runtime rests on it: what is refused is a loss, no failure.
fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let mut found = mounting::judge(reading, site, "cgroup2", "CGROUPS");
    if found.holds == Some(false) {
        found.status = hpcctl_model::doctor::Status::Warn;
    }
    found
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn a_refusal_is_a_loss() {
        let find = |outcome| {
            let reading = Reading {
                tried: vec![tried(&[("mount(cgroup2, /tmp/target)", outcome)])],
                ..Reading::new()
            };
            let found = judge(&reading, &Site::new(&Scripted::new()));
            (found.status.as_str(), found.holds)
        };
        assert_eq!(find(Ok(0)), ("pass", Some(true)));
        assert_eq!(find(Err(Errno::EPERM)), ("warn", Some(false)));
    }
}
