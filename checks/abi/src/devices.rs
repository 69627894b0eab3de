//! Device files of the host that a container needs: which of them there are, and those of networks, by
//! the names that the kernel's drivers and udev(7) give them.

use crate::families::{Family, Kind};
use crate::programs::Using;
use crate::root::{HostRoot, Root};

/// The most of one kind.
const MOST: usize = 256;

/// Those of InfiniBand and RoCE, of Slingshot and of Omni-Path, and those by which ranks of one node read
/// each other's memory; `#` at the end is any number.
const OF_NETWORKS: &[&str] = &[
    "/dev/infiniband/rdma_cm",
    "/dev/infiniband/uverbs#",
    "/dev/cxi#",
    "/dev/hfi1_#",
    "/dev/xpmem",
    "/dev/knem",
];

/// Those of networks, where a program uses MPI or a fabric.
pub(crate) fn of_networks(root: &HostRoot, programs: &[Using]) -> Vec<String> {
    let mut names = programs.iter().flat_map(|using| &using.needs);
    let uses = names.any(|name| Family::named(name).is_some_and(|one| one.kind != Kind::Gpu));
    match uses {
        true => there(root, OF_NETWORKS),
        false => Vec::new(),
    }
}

/// Those that there are; `#` at the end of a name is any number.
pub(crate) fn there(root: &HostRoot, patterns: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for pattern in patterns {
        match pattern
            .strip_suffix('#')
            .and_then(|one| one.rsplit_once('/'))
        {
            None if root.has(pattern) => found.push((*pattern).to_owned()),
            None => {}
            Some((dir, stem)) => {
                let mut numbers: Vec<u32> = root
                    .list(dir)
                    .iter()
                    .filter_map(|name| name.strip_prefix(stem)?.parse().ok())
                    .collect();
                numbers.sort_unstable();
                found.extend(numbers.into_iter().map(|n| format!("{dir}/{stem}{n}")));
            }
        }
    }
    found.truncate(MOST);
    found
}
