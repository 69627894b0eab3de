//! `net.bridge`: does traffic across bridges pass the firewall?

use hpcctl_host::Errno;

use super::Probe;
use crate::finding::sysctl;
use crate::{Finding, Manual, Reading, Site};

const KEY: &str = "net.bridge.bridge-nf-call-iptables";
const PATH: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.bridge",
    manual: Manual {
        title: "Bridges and the firewall",
        what: "The sysctl net.bridge.bridge-nf-call-iptables of the module br_netfilter.",
        why: "Kubernetes, and docker as a daemon of the system, rely on their rules being applied to traffic across a bridge. Rootless containers do not need it.",
        how: "Reads the file under /proc/sys/net/bridge, which is there while br_netfilter is loaded.",
        user: "",
        admin: "Where Kubernetes runs: sysctl -w net.bridge.bridge-nf-call-iptables=1",
        refs: &["https://docs.kernel.org/networking/ip-sysctl.html"],
    },
    read: |site| Reading::new().file(site, PATH),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.files.first().map(|(_, read)| read) {
        Some(Err(Errno::ENOENT)) => {
            Finding::skipped("br_netfilter is not loaded; rootless containers do not need it")
        }
        Some(Ok(text)) if text.trim() == "1" => {
            Finding::pass("traffic across bridges passes the rules of iptables")
        }
        Some(Ok(text)) if text.trim() == "0" => Finding::warn(
            "traffic across bridges passes by the rules of iptables, which Kubernetes relies on",
        )
        .step(sysctl(KEY, "1")),
        _ => Finding::unknown(format!("{PATH} cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_values_are_judged() {
        let find = |host: Scripted| {
            let site = Site::new(&host);
            judge(&(PROBE.read)(&site), &site).status.as_str()
        };
        assert_eq!(find(Scripted::new()), "skipped");
        let with = |text| Scripted::new().file(PATH, text);
        let found = ["1\n", "0\n", "x"].map(|text| find(with(text)));
        assert_eq!(found, ["pass", "warn", "unknown"]);
    }
}
