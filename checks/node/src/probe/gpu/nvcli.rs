//! `gpu.nvcli`: is the program that hands a GPU to enroot there?

use super::Probe;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, gpu};

const PROGRAM: &str = "nvidia-container-cli";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.nvcli",
    manual: Manual {
        title: "nvidia-container-cli",
        what: "Whether nvidia-container-cli is in PATH and starts.",
        why: "The hooks of enroot and pyxis, and Apptainer with --nvccli, hand the driver and the devices of a GPU to a container by it; without it the hook of enroot ends the start.",
        how: "Runs nvidia-container-cli --version.",
        user: "",
        admin: "Install libnvidia-container-tools.",
        refs: &["https://github.com/NVIDIA/libnvidia-container"],
    },
    read: |site| gpu::read_helper(site, PROGRAM),
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let package = Package::named("libnvidia-container-tools");
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
