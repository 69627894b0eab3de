//! `fs.squash`: does the kernel have squashfs?

use super::Probe;
use crate::kernel::{self, Driver};
use crate::{Finding, Manual, Reading, Site};

const DRIVER: Driver = Driver {
    name: "squashfs",
    option: "SQUASHFS",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.squash",
    manual: Manual {
        title: "Squashfs in the kernel",
        what: "Whether the running kernel has squashfs, built in or as a module that can be loaded.",
        why: "Set-user-id runtimes (Apptainer, Sarus, Shifter) mount squashfs images by the kernel.",
        how: "/proc/filesystems; else modules.builtin and modules.dep of the running kernel. lsmod alone misses what is built in.",
        user: "",
        admin: "Load the module, now and at each boot: modprobe squashfs && echo squashfs > /etc/modules-load.d/squashfs.conf",
        refs: &["https://docs.kernel.org/filesystems/", "modprobe(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    kernel::read(site, DRIVER)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    kernel::judge(reading, site, DRIVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn it_is_there_loadable_or_missing() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        let none = Scripted::new().file("/proc/filesystems", "nodev\ttmpfs\n\text4\n");
        assert_eq!(find(&none), "unknown");
        let none = none.file("/proc/sys/kernel/osrelease", "6.1.0-1\n");
        let tree = none
            .clone()
            .file("/lib/modules/6.1.0-1/modules.builtin", "kernel/fs/x.ko\n");
        assert_eq!(find(&tree), "fail");
        let built_in = tree.file(
            "/proc/filesystems",
            &format!("nodev\ttmpfs\n\t{}\n", DRIVER.name),
        );
        assert_eq!(find(&built_in), "pass");
    }
}
