//! `mpi.xpmem`: is xpmem within reach?

use super::Probe;
use crate::module::Module;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.xpmem",
    manual: Manual {
        title: "XPMEM",
        what: "Whether the kernel module xpmem is loaded and the caller may open /dev/xpmem.",
        why: "XPMEM maps the memory of one rank into another; MPI libraries prefer it to CMA for large messages, and Cray MPICH expects it.",
        how: "/sys/module/xpmem, and open(2) of /dev/xpmem in a forked child.",
        user: "",
        admin: "Give the device mode 0666 by a udev rule, and load the module: modprobe xpmem",
        refs: &["https://github.com/openucx/xpmem"],
    },
    read,
    judge,
};

static MODULE: Module = Module { name: "xpmem" };

fn read(site: &Site<'_>) -> Reading {
    MODULE.read(site)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    MODULE.judge(reading)
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn a_closed_device_is_a_warning() {
        let find = |tries: Vec<hpcctl_host::Tried>| {
            let reading = Reading {
                tried: tries,
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new()))
                .status
                .as_str()
        };
        assert_eq!(find(Vec::new()), "skipped");
        assert_eq!(find(vec![tried(&[("open()", Ok(3))])]), "pass");
        assert_eq!(find(vec![tried(&[("open()", Err(Errno::EACCES))])]), "warn");
    }
}
