//! `net.lo`: can the loopback interface be set up in a network namespace?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.lo",
    manual: Manual {
        title: "Loopback in a network namespace",
        what: "Whether the loopback interface of a new network namespace can be set up.",
        why: "A container with a network of its own needs it; MPI and most servers speak to 127.0.0.1.",
        how: "In a user and network namespace: ioctl(SIOCSIFFLAGS) with IFF_UP on lo.",
        user: "Share the node's network: --network=host.",
        admin: "",
        refs: &["network_namespaces(7)", "netdevice(7)"],
    },
    read: |site| {
        let trial = Trial::in_user_namespace(&site.caller)
            .op(Op::Unshare(libc::CLONE_NEWNET))
            .subject()
            .op(Op::LoopbackUp);
        Reading::new().trial(site, &trial)
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
    let refused = "the loopback interface cannot be set up in a network namespace";
    match tried.failed() {
        None => Finding::pass("the loopback interface can be set up in a network namespace"),
        Some(_) if site.seccomp == Some(2) => Finding::caused(refused, attribute::seccomp(site)),
        Some(step) => Finding::fail(format!("{refused} ({step}), for a cause that is not known")),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn no_network_namespace_is_another_check() {
        let find = |prepared, call: &str| {
            let mut tried = tried(&[(call, Err(Errno::EPERM))]);
            tried.subject = prepared;
            let reading = Reading {
                tried: vec![tried],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new()))
        };
        let skipped = find(1, "unshare(CLONE_NEWNET)");
        assert_eq!(skipped.status, Status::Skipped);
        assert_eq!(skipped.summary, "needs ns.net, which fails");
        assert_eq!(find(0, "ioctl(SIOCSIFFLAGS, lo up)").status, Status::Fail);
    }
}
