//! The NUMA nodes that processors are on: /sys/devices/system of the kernel's ABI documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Where processors are.
const TOP: &str = "/sys/devices/system/cpu";

/// The most entries of a directory that are looked at.
const ENTRIES: usize = 4096;

/// What is doubtful of figures that threads on any of these processors make: which of them the kernel takes is chance.
pub(crate) fn doubt(processors: &[usize]) -> Option<String> {
    of(Path::new(TOP), processors)
}

fn of(top: &Path, processors: &[usize]) -> Option<String> {
    let of_one = |processor: &usize| nodes(&top.join(format!("cpu{processor}")));
    let nodes: BTreeSet<usize> = processors.iter().flat_map(of_one).collect();
    let (first, many) = (nodes.first()?, nodes.len());
    (many > 1).then(|| {
        format!(
            "the processors are on {many} NUMA nodes, and figures of several of them are of either: numactl -N {first} -m {first} \
             keeps to one"
        )
    })
}

/// The numbers of the nodes that a directory names.
fn nodes(dir: &Path) -> impl Iterator<Item = usize> + use<> {
    let entries = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .take(ENTRIES);
    entries.filter_map(|entry| {
        entry
            .file_name()
            .to_str()?
            .strip_prefix("node")?
            .parse()
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_on_several_nodes_are_told_and_those_on_one_are_not() {
        let top = tempfile::tempdir().unwrap();
        for path in ["cpu0/node1", "cpu0/power", "cpu1/node1", "cpu2/node2"] {
            fs::create_dir_all(top.path().join(path)).unwrap();
        }
        assert_eq!(of(top.path(), &[]), None);
        assert_eq!(of(top.path(), &[0, 1, 3]), None);
        let said = of(top.path(), &[0, 1, 2]).unwrap();
        assert!(said.contains("on 2 NUMA nodes"), "{said}");
        assert!(said.contains("numactl -N 1 -m 1"), "{said}");
    }
}
