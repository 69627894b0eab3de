//! `net.mtu`: how large may a packet be on the way out?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const ROUTES: &str = "/proc/net/route";

/// What a bridge in a container's network assumes.
const ETHERNET: u32 = 1500;

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.mtu",
    manual: Manual {
        title: "MTU of the default route",
        what: "The largest packet that the interface of the default route takes.",
        why: "Bridge networks assume 1500 bytes. On a tunnel or an overlay of a cloud with less, large packets vanish: a pull starts and hangs.",
        how: "The interface of the route to 0.0.0.0 in /proc/net/route, and its mtu below /sys/class/net.",
        user: "Share the network of the host (--network=host), or make one with the MTU of the node, N: podman network create --opt mtu=N NAME",
        admin: "Raise the MTU of the interface, or set that of the containers' networks.",
        refs: &["proc_net(5)", "podman-network-create(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let routes = site.host.read(ROUTES).unwrap_or_default();
    let out = routes.lines().skip(1).find_map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        (words.next()? == "00000000" && !name.contains('/')).then_some(name)
    });
    match out {
        Some(name) => Reading::new().file(site, &format!("/sys/class/net/{name}/mtu")),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some((path, read)) = reading.files.first() else {
        return Finding::skipped("there is no default route of IPv4");
    };
    match read.as_ref().map(|text| text.trim().parse::<u32>()) {
        Ok(Ok(mtu)) if mtu < ETHERNET => Finding::warn(format!(
            "the default route takes packets of {mtu} bytes, less than the {ETHERNET} that bridge networks assume"
        )),
        Ok(Ok(mtu)) => Finding::pass(format!("the default route takes packets of {mtu} bytes")),
        _ => Finding::unknown(format!("{path} cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_interface_of_the_default_route_counts() {
        let find = |mtu: &str| {
            let host = Scripted::new()
                .file(
                    ROUTES,
                    "Iface\tDestination\nib0\t0000000A\t0\neth0\t00000000\t0\n",
                )
                .file("/sys/class/net/eth0/mtu", mtu);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("1500\n"), "pass");
        assert_eq!(find("1400\n"), "warn");
        assert_eq!(find("x\n"), "unknown");
        let host = Scripted::new();
        let site = Site::new(&host);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "skipped");
    }
}
