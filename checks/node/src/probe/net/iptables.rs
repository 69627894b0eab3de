//! `net.iptables`: can iptables make a chain in a network namespace?

use super::Probe;
use crate::{Manual, firewall};

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.iptables",
    manual: Manual {
        title: "iptables",
        what: "Whether iptables can make a chain in a network namespace of the caller's.",
        why: "Rootless docker and older podman write the rules of their networks with it. Looking for the module alone is wrong both ways: it may be built in, or not reach the caller.",
        how: "In user, mount and network namespaces: iptables -N HPCCTL, with a new /run for its lock. The chain is gone with the namespace.",
        user: "Choose a network without a bridge: --network=host.",
        admin: "Install iptables, and load nf_tables or ip_tables where it is a module.",
        refs: &["iptables(8)"],
    },
    read: |site| firewall::read(site, "iptables", &["-N", "HPCCTL"]),
    judge: |reading, _| firewall::judge(reading, "iptables"),
};
