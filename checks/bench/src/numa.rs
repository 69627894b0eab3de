//! The NUMA node that this process runs on: /sys/devices/system of the kernel's ABI documentation.

use std::fs;
use std::path::Path;

use rustix::thread::sched_getcpu;

/// Where nodes and processors are.
const TOP: &str = "/sys/devices/system";

/// The most entries of a directory that are looked at.
const ENTRIES: usize = 4096;

/// The node of the processor that this thread runs on, where there is more than one.
pub(crate) fn node() -> Option<usize> {
    of(Path::new(TOP), sched_getcpu())
}

fn of(top: &Path, processor: usize) -> Option<usize> {
    let several = nodes(&top.join("node")).nth(1).is_some();
    let mut own = nodes(&top.join(format!("cpu/cpu{processor}")));
    own.next().filter(|_| several)
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
    fn the_node_of_a_processor_is_told_where_there_are_several() {
        let top = tempfile::tempdir().unwrap();
        let make = |path: &str| fs::create_dir_all(top.path().join(path)).unwrap();
        make("node/node0");
        make("node/power");
        make("cpu/cpu0/node0");
        make("cpu/cpu1/node1");
        assert_eq!(of(top.path(), 0), None);
        make("node/node1");
        assert_eq!(of(top.path(), 0), Some(0));
        assert_eq!(of(top.path(), 1), Some(1));
        assert_eq!(of(top.path(), 2), None);
    }
}
