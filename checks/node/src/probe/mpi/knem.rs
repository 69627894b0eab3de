//! `mpi.knem`: is knem within reach?

use super::Probe;
use crate::module::Module;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.knem",
    manual: Manual {
        title: "KNEM",
        what: "Whether the kernel module knem is loaded and the caller may open /dev/knem.",
        why: "KNEM copies large messages between the ranks of a node in the kernel; MPI libraries built for it fall back to slower ways without.",
        how: "/sys/module/knem, and open(2) of /dev/knem in a forked child.",
        user: "",
        admin: "Give the device mode 0666 by a udev rule, and load the module: modprobe knem",
        refs: &["https://knem.gitlabpages.inria.fr/"],
    },
    read,
    judge,
};

static MODULE: Module = Module { name: "knem" };

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
