//! `gpu.uvm`: is unified memory there?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, gpu};

const NODE: &str = "/dev/nvidia-uvm";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.uvm",
    manual: Manual {
        title: "/dev/nvidia-uvm",
        what: "Whether the module nvidia_uvm is loaded and has its device file.",
        why: "CUDA cannot start without it: cuInit ends in error 999 or 100. The module is loaded by the first program that is set-user-id root or by root itself, so that on a fresh node a container that comes first fails.",
        how: "/proc/devices, and /dev/nvidia-uvm.",
        user: "",
        admin: "At boot, unless nvidia-persistenced runs: nvidia-modprobe -u -c 0",
        refs: &["nvidia-modprobe(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match gpu::driver(site, gpu::Vendor::Nvidia) {
        Some(_) => Reading::new().file(site, "/proc/devices").stat(site, NODE),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let [(_, node)] = reading.stats.as_slice() else {
        return Finding::skipped("no driver of NVIDIA is loaded");
    };
    let Some(devices) = reading.text("/proc/devices") else {
        return Finding::unknown("/proc/devices cannot be read");
    };
    let loaded = devices
        .lines()
        .any(|line| line.trim_end().ends_with(" nvidia-uvm"));
    match (loaded, node.is_ok()) {
        (true, true) => Finding::pass("nvidia_uvm is loaded and has its device file"),
        (true, false) => Finding::fail(format!("nvidia_uvm is loaded, but there is no {NODE}"))
            .step(gpu::make(NODE)),
        (false, _) => Finding::fail("the module nvidia_uvm is not loaded").step(gpu::make(NODE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::tests::nvidia;
    use crate::scripted::stat;

    #[test]
    fn the_module_and_its_file_are_told_apart() {
        let find = |devices: &str, node: bool| {
            let mut host = nvidia("535.1").file("/proc/devices", devices);
            if node {
                host = host.stat(NODE, stat(0o020666));
            }
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("195 nvidia\n508 nvidia-uvm\n", true), "pass");
        assert_eq!(find("508 nvidia-uvm\n", false), "fail");
        assert_eq!(find("195 nvidia\n", true), "fail");
    }
}
