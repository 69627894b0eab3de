//! `fs.loop`: can images be attached to loop devices?

use hpcctl_host::Errno;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site};

const CONTROL: &str = "/dev/loop-control";

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.loop",
    manual: Manual {
        title: "Loop devices",
        what: "Whether the kernel has loop devices, and one is free.",
        why: "Set-user-id runtimes attach an image to a loop device to mount it. Each image takes one.",
        how: "/dev/loop-control and /sys/block/loop*; nothing is attached.",
        user: "Choose a runtime that mounts by FUSE, or unpack the image.",
        admin: "Load the module, where it is not loaded, with devices enough: modprobe loop max_loop=256",
        refs: &["loop(4)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let blocks = site.host.list("/sys/block").unwrap_or_default();
    let loops: Vec<String> = blocks
        .into_iter()
        .filter(|name| name.starts_with("loop"))
        .collect();
    let used = loops.iter().filter(|name| {
        site.host
            .stat(&format!("/sys/block/{name}/loop/backing_file"))
            .is_ok()
    });
    let used = used.count();
    Reading::new()
        .stat(site, CONTROL)
        .fact("loop devices", loops.len())
        .fact("of them attached", used)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let used = reading.facts.get(1).map_or("0", |(_, used)| used.as_str());
    match reading.stats.first() {
        Some((_, Ok(_))) => Finding::pass(format!("loop devices are there, {used} attached")),
        Some((_, Err(Errno::ENOENT))) => Finding::warn("the kernel has no loop devices here")
            .holding(false)
            .step(admin(
                Cost::AdminSysctl,
                "load the module loop, now and at each boot",
                "modprobe loop && echo loop > /etc/modules-load.d/loop.conf",
            )),
        _ => Finding::unknown(format!("{CONTROL} cannot be looked at")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn attached_devices_are_counted() {
        let host = Scripted::new()
            .stat(CONTROL, stat(0o020660))
            .file("/sys/block/loop0/loop/backing_file", "/x.sif")
            .stat("/sys/block/loop0/loop/backing_file", stat(0o100444))
            .file("/sys/block/loop1/size", "0");
        let site = Site::new(&host);
        assert_eq!(
            judge(&read(&site), &site).summary,
            "loop devices are there, 1 attached"
        );
        let none = Scripted::new();
        let site = Site::new(&none);
        assert_eq!(judge(&read(&site), &site).holds, Some(false));
    }
}
