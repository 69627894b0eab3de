//! `net.dns`: which name servers would a container ask?

use std::net::IpAddr;

use hpcctl_host::Errno;

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/etc/resolv.conf";

/// What systemd-resolved says of the servers behind it; podman and docker copy this one.
const BEHIND: &str = "/run/systemd/resolve/resolv.conf";

/// The most servers that the C library asks, MAXNS.
const SERVERS: usize = 3;

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.dns",
    manual: Manual {
        title: "Name servers",
        what: "The name servers of resolv.conf(5), and whether a container with a network of its own could reach them.",
        why: "Runtimes copy or bind the file into containers. A server on 127.0.0.1 of the node is another 127.0.0.1 in there, and names are not found.",
        how: "Reads /etc/resolv.conf and, where it names systemd-resolved, /run/systemd/resolve/resolv.conf.",
        user: "Share the network of the host (--network=host), or name a server by --dns ADDRESS.",
        admin: "Name servers that are reached from everywhere in /etc/resolv.conf.",
        refs: &["resolv.conf(5)"],
    },
    read: |site| Reading::new().file(site, PATH).file(site, BEHIND),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let text = match reading.files.first() {
        Some((_, Ok(text))) => text.as_str(),
        Some((_, Err(Errno::ENOENT))) => "",
        Some((_, Err(errno))) => {
            return Finding::unknown(format!("{PATH} cannot be read: {errno}"));
        }
        None => return Finding::unknown("nothing was read"),
    };
    let named: Vec<&str> = text.lines().filter_map(server).collect();
    if named.is_empty() {
        return Finding::warn(format!(
            "{PATH} names no server: names are asked of 127.0.0.1 alone"
        ));
    }
    let address = |name: &&str| {
        name.split('%')
            .next()
            .and_then(|ip| ip.parse::<IpAddr>().ok())
    };
    if let Some(wrong) = named.iter().find(|name| address(name).is_none()) {
        return Finding::warn(format!("{PATH} names {wrong:?}, which is not an address"));
    }
    let outside = named.iter().filter_map(address).any(|ip| !ip.is_loopback());
    let behind = reading.text(BEHIND).unwrap_or_default();
    if !outside && behind.lines().filter_map(server).next().is_none() {
        return Finding::warn(format!(
            "{PATH} names this node alone ({}), which a container with a network of its own does not reach",
            named.join(", ")
        ));
    }
    if named.len() > SERVERS {
        return Finding::warn(format!(
            "{PATH} names {} servers; only the first {SERVERS} are asked",
            named.len()
        ));
    }
    Finding::pass(format!("name servers: {}", named.join(", ")))
}

/// The server that a line names.
fn server(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    (words.next() == Some("nameserver")).then(|| words.next())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(host: &Scripted) -> &'static str {
        let site = Site::new(host);
        judge(&(PROBE.read)(&site), &site).status.as_str()
    }

    #[test]
    fn servers_that_containers_reach_pass() {
        let with = |text: &str| Scripted::new().file(PATH, text);
        assert_eq!(find(&Scripted::new()), "warn");
        assert_eq!(find(&with("# nameserver 192.0.2.1\n")), "warn");
        assert_eq!(
            find(&with("nameserver 192.0.2.1\nnameserver fe80::1%eth0\n")),
            "pass"
        );
        assert_eq!(find(&with("nameserver dns.example\n")), "warn");
        let stub = with("nameserver 127.0.0.53\n");
        assert_eq!(find(&stub), "warn");
        assert_eq!(find(&stub.file(BEHIND, "nameserver 192.0.2.1\n")), "pass");
        assert_eq!(find(&with(&"nameserver 192.0.2.1\n".repeat(4))), "warn");
    }
}
