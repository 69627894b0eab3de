//! Fast networks: the device files through which programs reach them.
//!
//! Sources: `Documentation/infiniband/user_verbs.rst`, and the udev names of the drivers cxi
//! (Slingshot), hfi1 (Omni-Path) and kgnilnd (Aries).

use crate::Site;

/// Where the kernel lists RDMA cards.
pub const CARDS: &str = "/sys/class/infiniband";

/// The most device files that are looked at.
const NODES: usize = 64;

/// The device files, by path.
pub fn nodes(site: &Site<'_>) -> Vec<String> {
    let of = |dir: &str, stems: &[&str]| {
        let names = site.host.list(dir).unwrap_or_default();
        let ours = names
            .into_iter()
            .filter(|name| stems.iter().any(|stem| numbered(name, stem)));
        ours.map(|name| format!("{dir}/{name}")).collect::<Vec<_>>()
    };
    let mut nodes = of("/dev/infiniband", &["uverbs", "rdma_cm"]);
    nodes.extend(of("/dev", &["cxi", "hfi1_", "kgni"]));
    nodes.truncate(NODES);
    // The connection manager alone, without a card, is no network.
    match nodes.iter().any(|path| !path.ends_with("rdma_cm")) {
        true => nodes,
        false => Vec::new(),
    }
}

/// Whether a name is a stem, or a stem and a number.
fn numbered(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem)
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn only_numbered_names_are_devices() {
        let host = Scripted::new()
            .stat("/dev/infiniband/uverbs0", stat(0o020666))
            .stat("/dev/infiniband/rdma_cm", stat(0o020666))
            .stat("/dev/cxi0", stat(0o020666))
            .stat("/dev/cxi_tool", stat(0o020666));
        let found = nodes(&Site::new(&host));
        assert_eq!(
            found,
            [
                "/dev/infiniband/rdma_cm",
                "/dev/infiniband/uverbs0",
                "/dev/cxi0"
            ]
        );
        let alone = Scripted::new().stat("/dev/infiniband/rdma_cm", stat(0o020666));
        assert!(nodes(&Site::new(&alone)).is_empty());
    }
}
