//! `ns.idmap`: can the ids of a mount be mapped?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, overlay};

/// The first kernel whose tmpfs takes it.
const TMPFS: (u32, u32) = (6, 3);

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.idmap",
    manual: Manual {
        title: "Mapped mounts",
        what: "Whether the ids of a mount of one's own can be mapped, MOUNT_ATTR_IDMAP of Linux 5.12.",
        why: "A volume with `:idmap` appears with other owners inside a container without any chown. A file system must know it: tmpfs does from Linux 6.3 on, and of those of the node only root may map mounts.",
        how: "mount_setattr(2) with MOUNT_ATTR_IDMAP on a copy of a tmpfs, in a user and mount namespace; nothing is attached.",
        user: "Keep your own id inside, instead of a mapped volume: podman run --userns=keep-id …",
        admin: "Boot Linux 6.3 or later.",
        refs: &[
            "mount_setattr(2)",
            "https://docs.kernel.org/filesystems/idmappings.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::tmpfs(site.mount_point))
        .subject()
        .op(Op::MapMount(site.mount_point.to_owned()));
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let old = overlay::release(site).is_some_and(|kernel| kernel < TMPFS);
    match tried.failed().and_then(|step| Some((step, step.errno?))) {
        None => Finding::pass("the ids of a mount of one's own can be mapped"),
        Some((_, Errno::ENOSYS | Errno::EPERM)) if site.seccomp == Some(2) => Finding::skipped(
            "mount_setattr(2) is not there, or hidden by the inherited seccomp filter",
        )
        .holding(false),
        Some((_, Errno::ENOSYS | Errno::EINVAL)) if old => {
            Finding::skipped("this kernel maps no ids of a tmpfs; Linux 6.3 does").holding(false)
        }
        Some((step, _)) => Finding::unknown(step.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn an_old_kernel_is_no_fault_and_a_new_one_that_refuses_is_unknown() {
        let find = |release: &str, outcome| {
            let reading = Reading {
                tried: vec![tried(&[("mount_setattr(/tmp)", outcome)])],
                ..Reading::new()
            };
            let host = Scripted::new().file("/proc/sys/kernel/osrelease", release);
            judge(&reading, &Site::new(&host)).status.as_str()
        };
        assert_eq!(find("6.12.0", Ok(0)), "pass");
        assert_eq!(find("6.1.0", Err(Errno::EINVAL)), "skipped");
        assert_eq!(find("5.10.0", Err(Errno::ENOSYS)), "skipped");
        assert_eq!(find("6.12.0", Err(Errno::EINVAL)), "unknown");
    }
}
