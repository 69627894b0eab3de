//! `lim.hugepages`: has the node huge pages?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const TOTAL: &str = "HugePages_Total";
const FREE: &str = "HugePages_Free";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.hugepages",
    manual: Manual {
        title: "Huge pages",
        what: "How many huge pages the node keeps, and how many are free.",
        why: "MPI, UCX and databases ask for them; a pool that others have taken ends in SIGBUS or in slower memory, and a container sees no other pool.",
        how: "HugePages_Total and HugePages_Free in /proc/meminfo.",
        user: "",
        admin: "Reserve as many huge pages as programs use, by the sysctl vm.nr_hugepages.",
        refs: &[
            "proc_meminfo(5)",
            "https://docs.kernel.org/admin-guide/mm/hugetlbpage.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let text = site.host.read("/proc/meminfo").unwrap_or_default();
    [TOTAL, FREE]
        .iter()
        .fold(Reading::new(), |reading, name| match value(&text, name) {
            Some(count) => reading.fact(name, count),
            None => reading,
        })
}

fn value(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().parse().ok()
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let of = |wanted| {
        let fact = reading.facts.iter().find(|(name, _)| name == wanted);
        fact.and_then(|(_, count)| count.parse::<u64>().ok())
    };
    match (of(TOTAL), of(FREE)) {
        (Some(0), _) => Finding::pass("the node keeps no huge pages; programs get ordinary ones"),
        (Some(total), Some(0)) => Finding::warn(format!("all {total} huge pages are taken")),
        (Some(total), Some(free)) => {
            Finding::pass(format!("{free} of {total} huge pages are free"))
        }
        _ => Finding::skipped("the kernel has no huge pages"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_pool_that_is_taken_is_told() {
        let find = |text: &str| {
            let host = Scripted::new().file("/proc/meminfo", text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(
            find("HugePages_Total:       8\nHugePages_Free:        0\n"),
            "warn"
        );
        assert_eq!(
            find("HugePages_Total:       0\nHugePages_Free:        0\n"),
            "pass"
        );
        assert_eq!(find("MemTotal: 1 kB\n"), "skipped");
    }
}
