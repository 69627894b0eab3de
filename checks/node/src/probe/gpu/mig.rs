//! `gpu.mig`: are instances of a divided GPU within reach?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site};

const INSTANCES: &str = "/proc/driver/nvidia/capabilities/gpu0/mig";
const CAPS: &str = "/dev/nvidia-caps";

/// The most files that are looked at.
const FILES: usize = 64;

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.mig",
    manual: Manual {
        title: "Multi-instance GPU",
        what: "Whether the caller can read the capability files of a GPU that is divided into instances (MIG).",
        why: "An instance is opened through /dev/nvidia-caps; a container that gets the GPU without them sees no device.",
        how: "/proc/driver/nvidia/capabilities, and the files in /dev/nvidia-caps.",
        user: "Name the instance: podman run --device nvidia.com/gpu=0:0 …",
        admin: "Make the device files of the instance, by nvidia-modprobe -f with its access file below /proc/driver/nvidia/capabilities.",
        refs: &["https://docs.nvidia.com/datacenter/tesla/mig-user-guide/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let instances = site.host.list(INSTANCES).unwrap_or_default();
    if !instances.iter().any(|name| name.starts_with("gi")) {
        return Reading::new();
    }
    let caps = site.host.list(CAPS).unwrap_or_default();
    let reading = Reading::new().fact(INSTANCES, instances.join(" "));
    let caps = caps.iter().filter(|name| name.starts_with("nvidia-cap"));
    caps.take(FILES).fold(reading, |reading, name| {
        reading.stat(site, &format!("{CAPS}/{name}"))
    })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.facts.is_empty() {
        return Finding::skipped("no GPU here is divided into instances");
    }
    let stats = || {
        reading
            .stats
            .iter()
            .filter_map(|(_, stat)| stat.as_ref().ok())
    };
    if stats().next().is_none() {
        return Finding::fail(format!(
            "a GPU is divided into instances, but {CAPS} has no files"
        ))
        .step(admin(
            Cost::AdminSysctl,
            "make the files",
            "nvidia-modprobe -f /proc/driver/nvidia/capabilities/mig/monitor",
        ));
    }
    match stats().any(|stat| stat.mode & 0o004 != 0) {
        true => Finding::pass(format!("{} files of instances are there", stats().count())),
        false => Finding::warn("the files of the instances are closed to ordinary users"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn instances_need_their_files() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(&Scripted::new()), "skipped");
        let host = Scripted::new().file(&format!("{INSTANCES}/gi1/access"), "");
        assert_eq!(find(&host), "fail");
        let path = format!("{CAPS}/nvidia-cap12");
        assert_eq!(find(&host.clone().stat(&path, stat(0o020444))), "pass");
        assert_eq!(find(&host.stat(&path, stat(0o020400))), "warn");
    }
}
