//! `net.port_low`: from which port on may a user listen?

use super::Probe;
use crate::finding;
use crate::{Finding, Manual, Reading, Site, sysctl};

const KEY: &str = "net.ipv4.ip_unprivileged_port_start";
const PATH: &str = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.port_low",
    manual: Manual {
        title: "Low ports",
        what: "The first port that an ordinary user may listen on.",
        why: "A rootless container with -p 80:80 fails below it.",
        how: "Reads /proc/sys/net/ipv4/ip_unprivileged_port_start.",
        user: "Publish a higher port: -p 8080:80.",
        admin: "sysctl -w net.ipv4.ip_unprivileged_port_start=80",
        refs: &["ip(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let number = match sysctl::number(reading, KEY) {
        Ok(number) => number,
        Err(finding) => return finding,
    };
    Finding::pass(format!("an ordinary user may listen from port {number} on"))
        .step(finding::sysctl(KEY, "80"))
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
        assert_eq!(find("1024\n"), "pass");
        assert_eq!(find("x\n"), "unknown");
    }
}
