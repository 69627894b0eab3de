//! `gpu.ctk`: is NVIDIA's container toolkit there?

use super::Probe;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, gpu};

const PROGRAM: &str = "nvidia-ctk";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.ctk",
    manual: Manual {
        title: "NVIDIA container toolkit",
        what: "Whether nvidia-ctk is in PATH and starts.",
        why: "It writes the CDI specifications from which podman and Docker learn of the GPUs.",
        how: "Runs nvidia-ctk --version.",
        user: "",
        admin: "Install nvidia-container-toolkit.",
        refs: &["https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/"],
    },
    read: |site| gpu::read_helper(site, PROGRAM),
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let package = Package::named("nvidia-container-toolkit");
    gpu::judge_helper(reading, site, PROGRAM, package)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::tests::nvidia;

    #[test]
    fn it_matters_only_beside_a_driver() {
        let bare = crate::scripted::Scripted::new();
        let site = Site::new(&bare);
        assert!(judge(&(PROBE.read)(&site), &site).steps.is_empty());
        let host = nvidia("535.1");
        let site = Site::new(&host);
        assert_eq!(judge(&(PROBE.read)(&site), &site).steps.len(), 1);
    }
}
