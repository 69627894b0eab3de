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
                let names = root.list(dir).into_iter();
                let mut numbered: Vec<(u32, String)> = names
                    .filter_map(|name| Some((number(name.strip_prefix(stem)?)?, name)))
                    .collect();
                numbered.sort_unstable();
                found.extend(
                    numbered
                        .into_iter()
                        .map(|(_, name)| format!("{dir}/{name}")),
                );
            }
        }
    }
    found.truncate(MOST);
    found
}

/// What is digits alone, as a number.
fn number(text: &str) -> Option<u32> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_keeps_its_name_whatever_its_number_looks_like() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("dev")).unwrap();
        for name in ["cxi10", "cxi007", "cxi2", "cxi+3", "cxi", "cxi1a", "knem"] {
            std::fs::File::create(dir.path().join("dev").join(name)).unwrap();
        }
        let found = there(&HostRoot::new(dir.path()), OF_NETWORKS);
        assert_eq!(
            found,
            ["/dev/cxi2", "/dev/cxi007", "/dev/cxi10", "/dev/knem"]
        );
    }
}
