//! `gpu.pci`: is there a GPU?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, gpu};

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.pci",
    manual: Manual {
        title: "GPUs on the PCI bus",
        what: "Whether the node has a GPU of NVIDIA, AMD or Intel that computes.",
        why: "Everything else about GPUs applies only where there is one; a card that fell off the bus is gone from here, too.",
        how: "The vendor and class files below /sys/bus/pci/devices; display controllers of other vendors, such as those of management boards, do not count.",
        user: "",
        admin: "",
        refs: &["lspci(8)", "https://docs.kernel.org/PCI/sysfs-pci.html"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    gpu::cards(site)
        .iter()
        .fold(Reading::new(), |reading, card| {
            reading.fact(
                &format!("/sys/bus/pci/devices/{}", card.address),
                card.vendor.name(),
            )
        })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.facts.as_slice() {
        [] => Finding::skipped("the node has no GPU").holding(false),
        [(_, vendor)] => Finding::pass(format!("one GPU of {vendor}")),
        [(_, vendor), ..] => Finding::pass(format!("{} GPUs, of {vendor}", reading.facts.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_management_boards_display_is_no_gpu() {
        let board = Scripted::new()
            .file("/sys/bus/pci/devices/0000:03:00.0/vendor", "0x1a03\n")
            .file("/sys/bus/pci/devices/0000:03:00.0/class", "0x030000\n");
        let site = Site::new(&board);
        assert_eq!(judge(&read(&site), &site).holds, Some(false));
        let host = board
            .file("/sys/bus/pci/devices/0000:1b:00.0/vendor", "0x10de\n")
            .file("/sys/bus/pci/devices/0000:1b:00.0/class", "0x030200\n");
        let site = Site::new(&host);
        assert_eq!(judge(&read(&site), &site).summary, "one GPU of NVIDIA");
    }
}
