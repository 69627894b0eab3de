//! `lim.nofile`: how many files may be open?

use hpcctl_host::Resource;

use super::Probe;
use crate::limit::{self, shown};
use crate::{Finding, Manual, Reading, Site};

/// What a large MPI job or fuse-overlayfs can need.
const FEW: u64 = 65536;

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.nofile",
    manual: Manual {
        title: "Open files",
        what: "The hard limit of open files of a process.",
        why: "fuse-overlayfs, large MPI jobs over TCP and data loaders of machine learning hold thousands of files open; each of them fails with EMFILE at the limit.",
        how: "getrlimit(RLIMIT_NOFILE).",
        user: "",
        admin: "`* - nofile 1048576` in /etc/security/limits.d, LimitNOFILE= for the scheduler's daemon.",
        refs: &["getrlimit(2)", "limits.conf(5)"],
    },
    read: |site| limit::read(Reading::new(), site, Resource::Nofile),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(limit) = limit::noted(reading, Resource::Nofile) else {
        return Finding::unknown("the limit cannot be read");
    };
    let hard = shown(limit.hard);
    if limit.hard < FEW {
        return Finding::warn(format!(
            "the hard limit of open files is {hard}, below {FEW}"
        ))
        .step(limit::raise("nofile", "1048576"));
    }
    Finding::pass(format!(
        "up to {hard} open files are allowed, {} now",
        shown(limit.soft)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(limit: &str) -> String {
        let reading = Reading::new().fact("getrlimit(RLIMIT_NOFILE)", limit);
        let found = judge(&reading, &Site::new(&Scripted::new()));
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn the_hard_limit_counts() {
        assert_eq!(
            find("100:unlimited"),
            "pass: up to unlimited open files are allowed, 100 now"
        );
        assert!(find("100:100").starts_with("warn: the hard limit of open files is 100"));
        assert!(find("100").starts_with("unknown"));
    }
}
