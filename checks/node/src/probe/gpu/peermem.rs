//! `gpu.peermem`: can the network read the memory of the GPU?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, gpu};

const MODULES: &[&str] = &["nvidia_peermem", "nv_peer_mem", "gdrdrv"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.peermem",
    manual: Manual {
        title: "GPUDirect RDMA",
        what: "Whether the module is loaded through which network cards read and write the memory of the GPU.",
        why: "MPI between GPUs of different nodes copies through the memory of the host without it, at a fraction of the rate.",
        how: "/sys/module/nvidia_peermem, or /sys/module/gdrdrv of gdrcopy, where the node has both an NVIDIA GPU and an RDMA device.",
        user: "",
        admin: "Load the module, now and at each boot: modprobe nvidia-peermem && echo nvidia-peermem > /etc/modules-load.d/nvidia-peermem.conf",
        refs: &["https://docs.nvidia.com/cuda/gpudirect-rdma/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let rdma = site.host.list("/sys/class/infiniband").unwrap_or_default();
    if gpu::driver(site, gpu::Vendor::Nvidia).is_none() || rdma.is_empty() {
        return Reading::new();
    }
    MODULES.iter().fold(Reading::new(), |reading, module| {
        reading.stat(site, &format!("/sys/module/{module}"))
    })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.stats.is_empty() {
        return Finding::skipped("the node has not both a GPU of NVIDIA and an RDMA device");
    }
    match reading.stats.iter().find(|(_, stat)| stat.is_ok()) {
        Some((path, _)) => Finding::pass(format!("GPUDirect RDMA has its module: {path}")),
        None => Finding::warn("no module for GPUDirect RDMA is loaded")
            .holding(false)
            .step(admin(
                Cost::AdminSysctl,
                "load nvidia-peermem, now and at each boot",
                "modprobe nvidia-peermem && echo nvidia-peermem > /etc/modules-load.d/nvidia-peermem.conf",
            )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::tests::nvidia;
    use crate::scripted::stat;

    #[test]
    fn it_is_missed_only_beside_a_network_card() {
        let find = |host: &crate::scripted::Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        let host = nvidia("535.1");
        assert_eq!(find(&host), "skipped");
        let host = host.file("/sys/class/infiniband/mlx5_0/node_type", "1: CA");
        assert_eq!(find(&host), "warn");
        assert_eq!(
            find(&host.stat("/sys/module/nvidia_peermem", stat(0o040755))),
            "pass"
        );
    }
}
