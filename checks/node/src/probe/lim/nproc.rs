//! `lim.nproc`: how many processes may the user have?

use hpcctl_host::Resource;

use super::Probe;
use crate::limit::{self, shown};
use crate::{Finding, Manual, Reading, Site};

/// What some jobs with a thread per core need on one node.
const FEW: u64 = 4096;

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.nproc",
    manual: Manual {
        title: "Processes",
        what: "The hard limit of processes of a process.",
        why: "The limit counts all processes and threads of the user on the node, in and out of containers: a rank with many threads, or several jobs on one node, end with \"Resource temporarily unavailable\".",
        how: "getrlimit(RLIMIT_NPROC).",
        user: "",
        admin: "`* - nproc unlimited` in /etc/security/limits.d, LimitNPROC= for the scheduler's daemon.",
        refs: &["getrlimit(2)", "limits.conf(5)"],
    },
    read: |site| limit::read(Reading::new(), site, Resource::Nproc),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(limit) = limit::noted(reading, Resource::Nproc) else {
        return Finding::unknown("the limit cannot be read");
    };
    let hard = shown(limit.hard);
    if limit.hard < FEW {
        return Finding::warn(format!(
            "the hard limit of processes is {hard}, below {FEW}"
        ))
        .step(limit::raise("nproc", "unlimited"));
    }
    Finding::pass(format!(
        "up to {hard} processes are allowed, {} now",
        shown(limit.soft)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(limit: &str) -> String {
        let reading = Reading::new().fact("getrlimit(RLIMIT_NPROC)", limit);
        let found = judge(&reading, &Site::new(&Scripted::new()));
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn the_hard_limit_counts() {
        assert_eq!(
            find("100:unlimited"),
            "pass: up to unlimited processes are allowed, 100 now"
        );
        assert!(find("100:100").starts_with("warn: the hard limit of processes is 100"));
        assert!(find("100").starts_with("unknown"));
    }
}
