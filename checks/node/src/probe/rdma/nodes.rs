//! `rdma.nodes`: can the devices of the fast network be opened?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, attribute, rdma};

/// The row.
pub static PROBE: Probe = Probe {
    id: "rdma.nodes",
    manual: Manual {
        title: "Devices of the fast network",
        what: "Whether the caller can open the device files of the fast network: /dev/infiniband/uverbs*, rdma_cm, /dev/cxi*, /dev/hfi1_*, /dev/kgni*.",
        why: "libfabric and UCX reach the network through them; what is closed here falls back to TCP, many times slower, without a word.",
        how: "The names in /dev and /dev/infiniband, and open(2) of each in a forked child.",
        user: "",
        admin: "Give the devices mode 0666 by a udev rule, and load the module: modprobe rdma_ucm",
        refs: &[
            "https://docs.kernel.org/infiniband/user_verbs.html",
            "rdma_cm(7)",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().open_each(site, &rdma::nodes(site))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        let cards = site.host.list(rdma::CARDS).unwrap_or_default();
        return match cards.first() {
            Some(card) => Finding::fail(format!(
                "{card} is there, but no device file for programs"
            ))
            .step(admin(
                Cost::AdminSysctl,
                "load the modules that make them",
                "modprobe ib_uverbs && modprobe rdma_ucm",
            )),
            None => Finding::skipped("the node has no fast network").holding(false),
        };
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    if tried.steps.len() < reading.stats.len() {
        return Finding::unknown("not every device file was tried");
    }
    match tried.steps.iter().find(|step| step.errno.is_some()) {
        None => Finding::pass(format!(
            "{} device files of the fast network can be opened",
            reading.stats.len()
        )),
        Some(step) => Finding::fail(format!("a device of the fast network is closed: {step}"))
            .step(admin(
                Cost::AdminSysctl,
                "let everybody open the devices",
                "chmod 0666 /dev/infiniband/uverbs* /dev/infiniband/rdma_cm",
            )),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    #[test]
    fn a_card_without_a_device_file_is_told_from_none() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&Reading::new(), &site).status.as_str()
        };
        assert_eq!(find(&Scripted::new()), "skipped");
        assert_eq!(
            find(&Scripted::new().file("/sys/class/infiniband/mlx5_0/node_type", "")),
            "fail"
        );
    }

    #[test]
    fn a_closed_device_is_a_failure() {
        let reading = Reading {
            stats: vec![("/dev/infiniband/uverbs0".into(), Ok(stat(0o020600)))],
            tried: vec![tried(&[(
                "open(/dev/infiniband/uverbs0)",
                Err(Errno::EACCES),
            )])],
            ..Reading::new()
        };
        let found = judge(&reading, &Site::new(&Scripted::new()));
        assert!(found.summary.contains("EACCES"), "{}", found.summary);
    }
}
