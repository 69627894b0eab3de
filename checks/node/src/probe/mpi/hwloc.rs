//! `mpi.hwloc`: is the shape of the machine visible?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const ONLINE: &str = "/sys/devices/system/cpu/online";

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.hwloc",
    manual: Manual {
        title: "Topology",
        what: "Whether the processors that this process may use, and the shape of the machine, can be read.",
        why: "MPI libraries place ranks and buffers by them (hwloc, UCX); without /sys in a container they abort or place badly. A job that got one processor and starts four ranks is slowed a thousandfold.",
        how: "Cpus_allowed_list of /proc/self/status, and /sys/devices/system/cpu/online.",
        user: "Bind /sys into the container.",
        admin: "",
        refs: &["hwloc(7)", "cpuset(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let status = site.host.read("/proc/self/status").unwrap_or_default();
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let reading = Reading::new().file(site, ONLINE);
    match allowed {
        Some(list) => reading.fact("Cpus_allowed_list", list.trim()),
        None => reading,
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(online) = reading.text(ONLINE).map(str::trim) else {
        return Finding::fail(format!(
            "{ONLINE} cannot be read: /sys is not there or incomplete"
        ));
    };
    match reading.facts.first() {
        Some((_, allowed)) if allowed == online => {
            Finding::pass(format!("all processors may be used: {allowed}"))
        }
        Some((_, allowed)) => {
            Finding::pass(format!("processors {allowed} of {online} may be used"))
        }
        None => Finding::unknown("the allowed processors cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_missing_sys_is_a_failure() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(&Scripted::new()), "fail");
        let host = Scripted::new().file(ONLINE, "0-7\n");
        assert_eq!(find(&host), "unknown");
        assert_eq!(
            find(&host.file("/proc/self/status", "Cpus_allowed_list:\t0-3\n")),
            "pass"
        );
    }
}
