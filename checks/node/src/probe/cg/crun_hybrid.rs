//! `cg.crun.hybrid`: does crun accept the layout of control groups?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::cgroup::{self, Layout};
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, containers_conf, oci};

const CONTROLLERS: &str = "/sys/fs/cgroup/unified/cgroup.controllers";

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.crun.hybrid",
    manual: Manual {
        title: "crun and control groups",
        what: "Whether crun accepts the way control groups are mounted.",
        why: "Where cgroup v1 is mounted and v2 beside it holds a controller, crun starts no container (\"cgroups in hybrid mode not supported, drop all controllers from cgroupv2\"), not even with --cgroups=disabled. runc does.",
        how: "statfs(2) of /sys/fs/cgroup and /sys/fs/cgroup/unified; where that is the mixed layout, whether the latter's cgroup.controllers is empty.",
        user: "Choose runc, for good by runtime = \"runc\" under [engine] in ~/.config/containers/containers.conf, or once: podman --runtime runc run …",
        admin: "Boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all.",
        refs: &["crun(1)", "cgroups(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let mut reading = cgroup::read(site);
    if cgroup::layout(&reading) == Layout::Hybrid {
        reading = reading.file(site, CONTROLLERS);
    }
    reading.fact(
        oci::CHOSEN,
        oci::chosen(&containers_conf::merge(&containers_conf::read(site)), site).name,
    )
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let refused = match cgroup::layout(reading) {
        Layout::V2 => return Finding::pass("cgroup v2 alone is mounted, which crun accepts"),
        Layout::V1 => return Finding::pass("cgroup v1 alone is mounted, which crun accepts"),
        Layout::Other => format!(
            "neither cgroup v1 nor v2 is mounted on {}, and crun then starts no container",
            cgroup::ROOT
        ),
        Layout::Hybrid => match reading.text(CONTROLLERS).map(str::trim) {
            None => return Finding::unknown(format!("{CONTROLLERS} cannot be read")),
            Some("") => {
                return Finding::pass("cgroup v2 beside v1 has no controllers, which crun accepts");
            }
            Some(controllers) => format!(
                "crun starts no container: cgroup v1 is mounted, and v2 beside it holds {}",
                controllers.replace(' ', ", ")
            ),
        },
    };
    let runtime = reading.facts.last().map_or("", |(_, name)| name.as_str());
    if !runtime.is_empty() && !runtime.ends_with("crun") {
        return Finding::warn(format!("{refused}; podman uses {runtime} instead"));
    }
    let mut finding = Finding::fail(refused);
    if !cgroup::has_systemd(site) && cgroup::layout(reading) == Layout::Hybrid {
        finding = finding.step(admin(
            Cost::AdminSysctl,
            "unmount cgroup v2, which nothing but systemd needs beside v1",
            &format!("umount {}", cgroup::UNIFIED),
        ));
    }
    finding.step(cgroup::boot_v2(site))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cgroup::tests::node;

    fn find(layout: Layout, controllers: &str, runtime: &str) -> String {
        let host = node(layout)
            .file(CONTROLLERS, controllers)
            .program(runtime, &format!("/usr/bin/{runtime}"));
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        format!(
            "{} {:?}: {}",
            found.status.as_str(),
            found.holds,
            found.summary
        )
    }

    #[test]
    fn only_controllers_beside_v1_are_refused() {
        assert!(find(Layout::V2, "", "crun").starts_with("pass"));
        assert!(find(Layout::V1, "", "crun").starts_with("pass"));
        assert!(find(Layout::Hybrid, "\n", "crun").starts_with("pass"));
        assert!(find(Layout::Other, "", "crun").starts_with("fail"));
        let refused = find(Layout::Hybrid, "hugetlb rdma\n", "crun");
        assert!(refused.starts_with("fail Some(false)"), "{refused}");
        assert!(refused.contains("hugetlb, rdma"), "{refused}");
    }

    #[test]
    fn it_does_not_matter_where_podman_uses_another() {
        let found = find(Layout::Hybrid, "hugetlb\n", "runc");
        assert!(found.starts_with("warn Some(true)"), "{found}");
    }
}
