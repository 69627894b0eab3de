//! `net.ping_group`: may a user ping?

use super::Probe;
use crate::finding;
use crate::{Finding, Manual, Reading, Site, sysctl};

const KEY: &str = "net.ipv4.ping_group_range";
const PATH: &str = "/proc/sys/net/ipv4/ping_group_range";

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.ping_group",
    manual: Manual {
        title: "ping without privileges",
        what: "Which groups may send ICMP echoes without privileges.",
        why: "ping in a rootless container ends in \"Operation not permitted\" for other groups.",
        how: "Reads /proc/sys/net/ipv4/ping_group_range.",
        user: "",
        admin: "sysctl -w \"net.ipv4.ping_group_range=0 2147483647\"",
        refs: &["icmp(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let value = match sysctl::text(reading) {
        Ok(value) => value,
        Err(finding) => return finding,
    };
    let numbers: Vec<u64> = value
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    match numbers.as_slice() {
        [low, high] if low > high => Finding::warn("no group may ping without privileges")
            .step(finding::sysctl(KEY, "0 2147483647")),
        [low, high] => Finding::pass(format!("groups {low} to {high} may ping")),
        _ => Finding::unknown(format!("{KEY} is {value:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_value_decides() {
        let find = |text: &str| {
            let host = Scripted::new().file(PATH, text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("1\t0\n"), "warn");
        assert_eq!(find("0\t2147483647\n"), "pass");
        assert_eq!(find("x\n"), "unknown");
    }
}
