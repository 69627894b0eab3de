//! `net.ipv6`: has the node IPv6?

use hpcctl_host::Errno;

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const DISABLED: &str = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
const ADDRESSES: &str = "/proc/net/if_inet6";

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.ipv6",
    manual: Manual {
        title: "IPv6",
        what: "Whether the node has IPv6, and an address that reaches further than its own link.",
        why: "A registry may have addresses of both kinds; where IPv6 leads nowhere a pull waits for it first. Container networks with IPv6 need it in the kernel.",
        how: "/proc/sys/net/ipv6/conf/all/disable_ipv6, and the scopes in /proc/net/if_inet6.",
        user: "",
        admin: "",
        refs: &[
            "ipv6(7)",
            "https://docs.kernel.org/networking/ip-sysctl.html",
        ],
    },
    read: |site| Reading::new().file(site, DISABLED).file(site, ADDRESSES),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.files.first().map(|(_, read)| read) {
        Some(Err(Errno::ENOENT)) => return Finding::skipped("the kernel runs without IPv6"),
        Some(Ok(text)) if text.trim() == "1" => return Finding::skipped("IPv6 is switched off"),
        Some(Ok(text)) if text.trim() == "0" => {}
        _ => return Finding::unknown(format!("{DISABLED} cannot be read")),
    }
    let Some(addresses) = reading.text(ADDRESSES) else {
        return Finding::unknown(format!("{ADDRESSES} cannot be read"));
    };
    // Address, interface number, length of the prefix, scope: 00 is global.
    let global = |line: &str| line.split_whitespace().nth(3) == Some("00");
    Finding::pass(match addresses.lines().any(global) {
        true => "IPv6 is on, with a global address",
        false => "IPv6 is on, without a global address",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn off_absent_and_on_differ() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&(PROBE.read)(&site), &site)
        };
        assert_eq!(
            find(&Scripted::new()).summary,
            "the kernel runs without IPv6"
        );
        let with = |text| Scripted::new().file(DISABLED, text);
        assert_eq!(find(&with("1\n")).summary, "IPv6 is switched off");
        assert_eq!(find(&with("0\n")).status.as_str(), "unknown");
        let on = with("0\n").file(ADDRESSES, "0001 01 80 10 80 lo\n2001 02 40 00 00 eth0\n");
        assert_eq!(find(&on).summary, "IPv6 is on, with a global address");
    }
}
