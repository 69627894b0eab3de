//! `lim.memlock`: how much memory may be locked?

use hpcctl_host::Resource;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::limit::{self, shown};
use crate::{Finding, Manual, Reading, Site};

/// The number of CAP_IPC_LOCK, which lifts the limit.
const CAP_IPC_LOCK: u64 = 14;

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.memlock",
    manual: Manual {
        title: "Locked memory",
        what: "The limit of memory that a process may lock.",
        why: "InfiniBand, RoCE and Slingshot register their buffers as locked memory: with a limit MPI falls back to TCP or ends with \"cannot register memory\". Jobs inherit the limit of the scheduler's daemon, not that of a login.",
        how: "getrlimit(RLIMIT_MEMLOCK).",
        user: "Raise the soft limit, where the hard one allows it: ulimit -l unlimited",
        admin: "`* - memlock unlimited` in /etc/security/limits.d, LimitMEMLOCK=infinity for slurmd or pbs_mom.",
        refs: &["getrlimit(2)", "limits.conf(5)", "systemd.exec(5)"],
    },
    read: |site| limit::read(Reading::new(), site, Resource::Memlock),
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(limit) = limit::noted(reading, Resource::Memlock) else {
        return Finding::unknown("the limit cannot be read");
    };
    if site.capabilities & (1 << CAP_IPC_LOCK) != 0 {
        return Finding::pass("CAP_IPC_LOCK lifts the limit of locked memory");
    }
    if limit.soft == u64::MAX {
        return Finding::pass("locked memory is unlimited");
    }
    let kib = limit.soft / 1024;
    let finding = Finding::warn(format!(
        "locked memory is limited to {kib} KiB; RDMA networks want it unlimited"
    ));
    match limit.hard {
        u64::MAX => finding.step(user(
            Cost::User,
            "raise the soft limit before the job's command",
            "ulimit -l unlimited",
        )),
        hard => {
            let mut finding = finding.step(limit::raise("memlock", "unlimited"));
            if hard > limit.soft {
                finding
                    .summary
                    .push_str(&format!(" (the hard limit is {} bytes)", shown(hard)));
            }
            finding
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(limit: &str, capabilities: u64) -> Finding {
        let host = Scripted::new();
        let mut site = Site::new(&host);
        site.capabilities = capabilities;
        let reading = Reading::new().fact("getrlimit(RLIMIT_MEMLOCK)", limit);
        judge(&reading, &site)
    }

    #[test]
    fn below_unlimited_is_warned_of() {
        assert_eq!(find("unlimited:unlimited", 0).status.as_str(), "pass");
        let low = find("8388608:8388608", 0);
        assert_eq!(
            low.summary,
            "locked memory is limited to 8192 KiB; RDMA networks want it unlimited"
        );
        assert!(low.steps[0].command.as_ref().unwrap().contains("limits.d"));
        let soft = find("65536:unlimited", 0);
        assert_eq!(
            soft.steps[0].command.as_deref(),
            Some("ulimit -l unlimited")
        );
        assert_eq!(
            find("65536:65536", 1 << CAP_IPC_LOCK).status.as_str(),
            "pass"
        );
    }
}
