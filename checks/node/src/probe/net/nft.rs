//! `net.nft`: can nft make a table in a network namespace?

use super::Probe;
use crate::{Manual, firewall};

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.nft",
    manual: Manual {
        title: "nftables",
        what: "Whether nft can make a table in a network namespace of the caller's.",
        why: "netavark and CNI write the rules of bridge networks through nftables. Whether the module is loaded says little: it may be built in, or the caller may not be allowed.",
        how: "In user, mount and network namespaces: nft add table ip hpcctl. The table is gone with the namespace.",
        user: "Choose a network without a bridge: --network=pasta, slirp4netns or host.",
        admin: "Install nftables, and load its module where it is one: modprobe nf_tables",
        refs: &["nft(8)"],
    },
    read: |site| firewall::read(site, "nft", &["add", "table", "ip", "hpcctl"]),
    judge: |reading, _| firewall::judge(reading, "nft"),
};
