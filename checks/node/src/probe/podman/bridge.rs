//! `podman.bridge`: can podman of root connect a container?

use super::Probe;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, helper, version};

const ABSENT: &str = "not in PATH";

/// The first release whose firewall the distribution chose, and the first without iptables.
const CHOSEN: (u32, u32) = (1, 11);
const ONLY_NFT: (u32, u32) = (2, 0);

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.bridge",
    manual: Manual {
        title: "The firewall program behind root's network",
        what: "Whether the program is there by which podman of root lets the bridge of its containers through the firewall: nft or iptables.",
        why: "Containers of root are connected by a bridge. netavark before 1.11 wants iptables, from 2.0 on nft; in between the distribution chose. Without it each container ends in \"unable to execute nft\".",
        how: "For root: netavark --version, then looks for nft and iptables in PATH. Without netavark, podman 4 uses CNI, whose plugins want iptables.",
        user: "Share the network of the host: podman run --network=host …",
        admin: "Install nftables, or iptables before netavark 2.0.",
        refs: &[
            "https://github.com/containers/netavark",
            "containers.conf(5)",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if !site.is_root() || site.host.which("podman").is_none() {
        return Reading::new();
    }
    let reading = match helper::of_podman(site, "netavark") {
        Some(path) => Reading::new().version(site, &path),
        None => Reading::new(),
    };
    ["nft", "iptables"]
        .iter()
        .fold(reading, |reading, program| {
            reading.fact(
                program,
                site.host.which(program).as_deref().unwrap_or(ABSENT),
            )
        })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if reading.facts.is_empty() {
        return Finding::skipped("only podman of root uses a bridge").holding(true);
    }
    let has = |program: &str| {
        let mut facts = reading.facts.iter();
        facts.any(|(name, path)| name == program && path != ABSENT)
    };
    let (nft, iptables) = (has("nft"), has("iptables"));
    let release = reading.ran.first().map(version::printed);
    let (works, wanted) = match release {
        // Both are there, whichever it wants.
        _ if nft && iptables => (Some(true), "nft"),
        None => (Some(iptables), "iptables"),
        Some(Some(release)) if release >= ONLY_NFT => (Some(nft), "nft"),
        Some(Some(release)) if release < CHOSEN => (Some(iptables), "iptables"),
        Some(_) if nft || iptables => (None, "nft"),
        Some(_) => (Some(false), "nft"),
    };
    let package = match wanted {
        "nft" => Package::named("nftables"),
        _ => Package::named("iptables"),
    };
    match works {
        Some(true) => Finding::pass("root's containers can be let through the firewall"),
        Some(false) => Finding::fail(format!("podman of root needs {wanted} for its bridge"))
            .step(package.install(wanted, site)),
        None => {
            Finding::unknown("whether this netavark was built for nft or for iptables is not known")
        }
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran};

    #[test]
    fn the_release_decides_which_program() {
        let host = Scripted::new().by_root();
        let site = Site::new(&host);
        let find = |netavark: &str, nft: &str, iptables: &str| {
            let mut printed = ran(&["netavark"], End::Exit(0), "");
            printed.stdout = netavark.into();
            let mut reading = Reading::new().fact("nft", nft).fact("iptables", iptables);
            reading.ran.push(printed);
            judge(&reading, &site).holds
        };
        let there = "/usr/sbin/x";
        assert_eq!(find("netavark 2.0.0", ABSENT, there), Some(false));
        assert_eq!(find("netavark 1.4.0", ABSENT, there), Some(true));
        assert_eq!(find("netavark 1.17.2", ABSENT, there), None);
        assert_eq!(find("netavark 1.17.2", there, there), Some(true));
        assert_eq!(find("netavark 1.17.2", ABSENT, ABSENT), Some(false));
    }
}
