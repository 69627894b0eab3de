//! `net.tun`: can a TUN interface be made in a network namespace?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::device::TUN;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.tun",
    manual: Manual {
        title: "/dev/net/tun",
        what: "Whether a TUN interface can be made in a network namespace of the caller's.",
        why: "pasta and slirp4netns connect a rootless container through one; podman's default network fails without.",
        how: "In a user and network namespace: open(2) of /dev/net/tun and ioctl(TUNSETIFF). ENOENT, EACCES, EPERM and ENODEV are told apart by /proc/misc, the mode, the mount and the device cgroup.",
        user: "Share the node's network: --network=host.",
        admin: "Give the device mode 0666 by a udev rule (KERNEL==\"tun\", MODE=\"0666\"), and load the module: modprobe tun",
        refs: &[
            "https://docs.kernel.org/networking/tuntap.html",
            "network_namespaces(7)",
        ],
    },
    read: |site| {
        let trial = Trial::in_user_namespace(&site.caller)
            .op(Op::Unshare(libc::CLONE_NEWNET))
            .subject()
            .op(Op::Open {
                path: TUN.path.into(),
                write: true,
            })
            .op(Op::Tun);
        Reading::new().trial(site, &trial).stat(site, TUN.path)
    },
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let opened = tried.step(0).is_some_and(|step| step.errno.is_none());
    let refused = "no TUN interface can be made";
    match tried.failed().map(|step| (step, step.errno)) {
        Some((_, Some(errno))) if !opened => Finding::caused(refused, TUN.cause(errno, site)),
        Some((step, _)) => {
            Finding::fail(format!("{refused} ({step}), for a cause that is not known"))
        }
        None => Finding::pass("a TUN interface can be made in a network namespace"),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    #[test]
    fn the_device_and_the_interface_are_told_apart() {
        let host = Scripted::new().stat("/dev/net/tun", stat(0o020600));
        let find = |steps: &[(&str, Result<i64, Errno>)]| {
            let reading = Reading {
                tried: vec![tried(steps)],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&host))
        };
        let closed = find(&[("open(/dev/net/tun)", Err(Errno::EACCES))]);
        let command = closed.steps[0].command.as_deref().unwrap();
        assert!(command.starts_with("chmod 0666 /dev/net/tun"), "{command}");
        let refused = find(&[
            ("open(/dev/net/tun)", Ok(0)),
            ("ioctl(TUNSETIFF)", Err(Errno::EPERM)),
        ]);
        assert!(refused.summary.contains("TUNSETIFF"), "{}", refused.summary);
    }
}
