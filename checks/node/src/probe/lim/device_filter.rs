//! `lim.device_filter`: may root's runtime load its device filter on cgroup v2?

use hpcctl_host::Resource;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site};

/// The bit of CAP_SYS_RESOURCE, capabilities(7).
const CAP_SYS_RESOURCE: u32 = 24;

/// The magic number of cgroup v2, statfs(2).
const CGROUP2: u64 = 0x6367_7270;

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.device_filter",
    manual: Manual {
        title: "Memory for root's device filter",
        what: "Whether root may raise the limit of locked memory, as crun does before it loads a device filter on cgroup v2.",
        why: "Root without CAP_SYS_RESOURCE, as in an outer container or a small virtual machine, cannot start a container on cgroup v2: `setrlimit (RLIM_MEMLOCK): Operation not permitted`. Rootless containers load no filter.",
        how: "The effective capabilities in /proc/self/status, the hard limit of locked memory, and the type of file system on /sys/fs/cgroup.",
        user: "",
        admin: "Start the outer container or service with CAP_SYS_RESOURCE, or with LimitMEMLOCK=infinity.",
        refs: &["capabilities(7)", "getrlimit(2)", "crun(1)"],
    },
    read: |site| {
        let (_, hard) = site.host.limit(Resource::Memlock);
        let shown = if hard == u64::MAX {
            "unlimited".into()
        } else {
            format!("{hard} bytes")
        };
        Reading::new()
            .fact(
                "/proc/self/status: CapEff",
                format!("{:016x}", site.capabilities),
            )
            .fact("hard limit of locked memory", shown)
            .stat(site, "/sys/fs/cgroup")
    },
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if !site.is_root() {
        return Finding::skipped("only root's containers load a device filter").holding(true);
    }
    let pure = reading
        .stats
        .iter()
        .any(|(_, stat)| stat.as_ref().is_ok_and(|stat| stat.fs_type == CGROUP2));
    if !pure {
        return Finding::skipped("the device filter is loaded on cgroup v2 only").holding(true);
    }
    let (_, hard) = site.host.limit(Resource::Memlock);
    if site.capabilities >> CAP_SYS_RESOURCE & 1 == 1 || hard == u64::MAX {
        return Finding::pass("root may raise the limit of locked memory");
    }
    Finding::fail("root lacks CAP_SYS_RESOURCE and the limit of locked memory is finite: crun cannot load a device filter")
        .step(admin(Cost::AdminSysctl, "give the outer container or service CAP_SYS_RESOURCE, or no limit of locked memory", ""))
}
