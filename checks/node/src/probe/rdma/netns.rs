//! `rdma.netns`: do containers with a network of their own see the fast network?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, rdma};

const MODE: &str = "/sys/module/ib_core/parameters/netns_mode";

/// The row.
pub static PROBE: Probe = Probe {
    id: "rdma.netns",
    manual: Manual {
        title: "RDMA devices and network namespaces",
        what: "Whether RDMA devices are shared by all network namespaces or belong to one each.",
        why: "In the exclusive mode a container with a network namespace of its own sees no RDMA device; in the shared mode it does.",
        how: "The parameter netns_mode of the module ib_core.",
        user: "Share the network of the host: --network=host.",
        admin: "rdma system set netns shared",
        refs: &["rdma-system(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.host.list(rdma::CARDS) {
        Ok(_) => Reading::new().file(site, MODE),
        Err(_) => Reading::new(),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.files.first() {
        None => Finding::skipped("the node has no RDMA device"),
        Some((_, Ok(mode))) if matches!(mode.trim(), "Y" | "1") => {
            Finding::pass("RDMA devices are shared by all network namespaces")
        }
        Some((_, Ok(_))) => Finding::warn(
            "RDMA devices belong to one network namespace: a container with its own sees none",
        )
        .holding(false)
        .step(user(
            Cost::User,
            "share the network of the host",
            "podman run --network=host …",
        )),
        Some((path, Err(errno))) => Finding::unknown(format!("{path} cannot be read: {errno}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_mode_decides() {
        let find = |mode: &str| {
            let host = Scripted::new()
                .file("/sys/class/infiniband/mlx5_0/node_type", "")
                .file(MODE, mode);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("Y\n"), "pass");
        assert_eq!(find("N\n"), "warn");
    }
}
