//! `gpu.driver`: is the GPU's driver loaded?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, gpu};

const NOT_LOADED: &str = "not loaded";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.driver",
    manual: Manual {
        title: "The kernel driver of the GPU",
        what: "Whether the kernel driver of each GPU is loaded, and its version.",
        why: "Without the driver no program, inside or outside of a container, sees the GPU. After a kernel update a driver that was not rebuilt is missing.",
        how: "/proc/driver/nvidia/version or /sys/module/nvidia/version; /sys/module/amdgpu; /sys/module/i915 or xe.",
        user: "",
        admin: "Install the driver for the running kernel, or rebuild it: dkms autoinstall",
        refs: &["modprobe(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    gpu::vendors(site)
        .into_iter()
        .fold(Reading::new(), |reading, vendor| {
            let driver = gpu::driver(site, vendor).unwrap_or_else(|| NOT_LOADED.into());
            reading.fact(vendor.name(), driver)
        })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if reading.facts.is_empty() {
        return Finding::skipped("the node has no GPU").holding(false);
    }
    let missing: Vec<&str> = reading
        .facts
        .iter()
        .filter(|(_, driver)| driver == NOT_LOADED)
        .map(|(vendor, _)| vendor.as_str())
        .collect();
    if missing.is_empty() {
        let loaded = reading
            .facts
            .iter()
            .map(|(vendor, driver)| format!("{vendor}: {driver}"));
        let loaded: Vec<String> = loaded.collect();
        return Finding::pass(format!("the driver is loaded ({})", loaded.join(", ")));
    }
    let finding = Finding::fail(format!(
        "the driver of the {} GPU is not loaded",
        missing.join(" and ")
    ));
    gpu::vendors(site)
        .into_iter()
        .filter(|vendor| missing.contains(&vendor.name()))
        .fold(finding, |finding, vendor| finding.step(gpu::load(vendor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::tests::nvidia;

    #[test]
    fn a_gpu_without_its_driver_is_a_failure() {
        let bare = gpu::tests::card("0x10de");
        let site = Site::new(&bare);
        let found = judge(&read(&site), &site);
        assert_eq!(found.status.as_str(), "fail");
        assert_eq!(found.steps[0].command.as_deref(), Some("modprobe nvidia"));
        let loaded = nvidia("535.129.03");
        let site = Site::new(&loaded);
        let found = judge(&read(&site), &site);
        assert!(found.summary.contains("535.129.03"), "{}", found.summary);
    }
}
