//! `cg.mode`: which layout of control groups is mounted?

use super::Probe;
use crate::cgroup::{self, Layout};
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.mode",
    manual: Manual {
        title: "Layout of control groups",
        what: "Whether cgroup v2, v1, or v1 with v2 beside it is mounted.",
        why: "Only with v2 can limits be handed to ordinary users, and runtimes drop v1: podman 5 warns of it and later versions refuse it.",
        how: "statfs(2) of /sys/fs/cgroup and /sys/fs/cgroup/unified.",
        user: "",
        admin: "Boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all.",
        refs: &[
            "cgroups(7)",
            "https://docs.kernel.org/admin-guide/cgroup-v2.html",
        ],
    },
    read: cgroup::read,
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match cgroup::layout(reading) {
        Layout::V2 => Finding::pass("cgroup v2 alone is mounted"),
        Layout::Hybrid => Finding::warn(
            "cgroup v1 is mounted, with v2 beside it: rootless containers cannot be limited",
        )
        .step(cgroup::boot_v2(site)),
        Layout::V1 => {
            Finding::warn("cgroup v1 alone is mounted: rootless containers cannot be limited")
                .step(cgroup::boot_v2(site))
        }
        Layout::Other => {
            Finding::fail(format!("no control groups are mounted on {}", cgroup::ROOT)).step(
                crate::finding::admin(
                    hpcctl_model::doctor::Cost::AdminSysctl,
                    "mount cgroup v2",
                    &format!("mount -t cgroup2 cgroup2 {}", cgroup::ROOT),
                ),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cgroup::tests::node;

    #[test]
    fn each_layout_has_its_outcome() {
        let of = |layout| {
            let host = node(layout);
            let site = Site::new(&host);
            judge(&(PROBE.read)(&site), &site).status.as_str()
        };
        let layouts = [Layout::V2, Layout::Hybrid, Layout::V1, Layout::Other];
        assert_eq!(layouts.map(of), ["pass", "warn", "warn", "fail"]);
    }
}
