//! `gpu.libmatch`: do the driver and its libraries fit each other?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, gpu};

const DRIVER: &str = "the loaded driver";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.libmatch",
    manual: Manual {
        title: "Driver and libraries",
        what: "Whether the libcuda of the node is of the version of the loaded kernel module.",
        why: "Containers get libcuda and its kin from the node. After an update without a reboot the new libraries meet the old module, and every CUDA program ends in error 803 or \"driver/library version mismatch\".",
        how: "The version in the file name of libcuda.so.VERSION in the usual directories, against /proc/driver/nvidia/version.",
        user: "",
        admin: "Load the new module by a reboot, or stop what uses the old one and load it again: modprobe -r nvidia_uvm nvidia_drm nvidia_modeset nvidia && modprobe nvidia",
        refs: &["ldconfig(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(driver) = gpu::driver(site, gpu::Vendor::Nvidia) else {
        return Reading::new();
    };
    let reading = Reading::new().fact(DRIVER, driver);
    gpu::libraries(site, "libcuda.so.")
        .into_iter()
        .fold(reading, |reading, (path, version)| {
            reading.fact(&path, version)
        })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(((_, driver), libraries)) = reading.facts.split_first() else {
        return Finding::skipped("no driver of NVIDIA is loaded");
    };
    if let Some((path, _)) = libraries.iter().find(|(_, version)| version == driver) {
        return Finding::pass(format!("{path} is of the version of the loaded driver"));
    }
    match libraries.first() {
        Some((path, version)) => Finding::fail(format!(
            "{path} is of version {version}, the loaded driver of {driver}"
        ))
        .step(admin(
            Cost::Reboot,
            "boot, so that the installed driver is loaded",
            "reboot",
        )),
        None => Finding::unknown("libcuda is in none of the usual directories"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::tests::nvidia;

    fn find(library: &str) -> &'static str {
        let host = nvidia("535.129.03").file(library, "");
        let site = Site::new(&host);
        judge(&read(&site), &site).status.as_str()
    }

    #[test]
    fn an_update_without_a_reboot_is_seen() {
        assert_eq!(find("/usr/lib64/libcuda.so.535.129.03"), "pass");
        assert_eq!(find("/usr/lib64/libcuda.so.550.54.15"), "fail");
        assert_eq!(find("/usr/lib64/libc.so.6"), "unknown");
    }
}
