//! `rdma.memlock`: may enough memory be locked for RDMA?

use hpcctl_host::Resource;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, limit, rdma};

/// The row.
pub static PROBE: Probe = Probe {
    id: "rdma.memlock",
    manual: Manual {
        title: "Locked memory for RDMA",
        what: "Whether the limit on locked memory is high enough, where the node has RDMA devices.",
        why: "A network card reads only memory that is locked. With the usual 8 MiB queue pairs cannot be made (ENOMEM) or MPI falls back to TCP. The limit of a job is often that of the daemon that started it.",
        how: "getrlimit(RLIMIT_MEMLOCK), where the node has a fast network.",
        user: "Raise the soft limit, where the hard one allows it: ulimit -l unlimited",
        admin: "Write `* - memlock unlimited` to a file in /etc/security/limits.d, and LimitMEMLOCK=infinity to the unit of the scheduler's daemon.",
        refs: &["getrlimit(2)", "limits.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match rdma::nodes(site).is_empty() {
        true => Reading::new(),
        false => limit::read(Reading::new(), site, Resource::Memlock),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(found) = limit::noted(reading, Resource::Memlock) else {
        return Finding::skipped("the node has no fast network");
    };
    let shown = limit::shown(found.soft);
    if found.soft == u64::MAX {
        return Finding::pass("memory may be locked without limit");
    }
    let finding = Finding::fail(format!(
        "at most {shown} bytes may be locked, too little for RDMA"
    ));
    let finding = match found.hard {
        u64::MAX => finding.step(user(
            Cost::User,
            "raise the soft limit",
            "ulimit -l unlimited",
        )),
        _ => finding,
    };
    finding.step(limit::raise("memlock", "unlimited"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_small_limit_is_a_failure_that_the_user_may_mend() {
        let find = |value: &str| {
            let reading = Reading::new().fact("getrlimit(RLIMIT_MEMLOCK)", value);
            judge(&reading, &Site::new(&Scripted::new()))
        };
        assert_eq!(find("unlimited:unlimited").status.as_str(), "pass");
        assert_eq!(find("8388608:unlimited").steps.len(), 2);
        assert_eq!(find("8388608:8388608").steps.len(), 1);
    }
}
