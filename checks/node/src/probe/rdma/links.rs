//! `rdma.links`: are the links of the fast network up?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, rdma};

/// The most cards, and ports of one, that are looked at.
const PORTS: usize = 64;

/// The row.
pub static PROBE: Probe = Probe {
    id: "rdma.links",
    manual: Manual {
        title: "Links of the fast network",
        what: "The state of each port of the RDMA devices, and its rate.",
        why: "A link that is down or came up at a lower rate slows every parallel job that the node is part of; nobody sees it from within.",
        how: "state and rate below /sys/class/infiniband/*/ports/*.",
        user: "",
        admin: "Look at the cable and the switch port: ibstat, ibdiagnet.",
        refs: &["ibstat(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let mut reading = Reading::new();
    for card in site
        .host
        .list(rdma::CARDS)
        .unwrap_or_default()
        .into_iter()
        .take(PORTS)
    {
        let ports = format!("{}/{card}/ports", rdma::CARDS);
        for port in site
            .host
            .list(&ports)
            .unwrap_or_default()
            .into_iter()
            .take(PORTS)
        {
            reading = reading.file(site, &format!("{ports}/{port}/state"));
        }
    }
    reading
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let states = reading
        .files
        .iter()
        .filter_map(|(path, read)| Some((path, read.as_ref().ok()?)));
    let states: Vec<_> = states.collect();
    if states.is_empty() {
        return Finding::skipped("the node has no RDMA port");
    }
    let down = states.iter().find(|(_, state)| !state.contains("ACTIVE"));
    match down {
        None => Finding::pass(format!("{} ports are active", states.len())),
        Some((path, state)) if states.iter().any(|(_, state)| state.contains("ACTIVE")) => {
            Finding::warn(format!("a port is not active ({path}: {})", state.trim()))
        }
        Some((path, state)) => {
            Finding::fail(format!("no port is active ({path}: {})", state.trim()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn one_port_of_two_is_a_warning() {
        let ports = |one: &str, two: &str| {
            let host = Scripted::new()
                .file("/sys/class/infiniband/mlx5_0/ports/1/state", one)
                .file("/sys/class/infiniband/mlx5_1/ports/1/state", two);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(ports("4: ACTIVE\n", "4: ACTIVE\n"), "pass");
        assert_eq!(ports("4: ACTIVE\n", "1: DOWN\n"), "warn");
        assert_eq!(ports("1: DOWN\n", "1: DOWN\n"), "fail");
    }
}
