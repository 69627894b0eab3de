//! What surrounds an agent: what a container may set and what may make a program slower.
//!
//! proc_pid_status(5), namespaces(7), proc_pid_mountinfo(5), ld.so(8), and of Control Group v1 and v2 in the
//! kernel's admin guide cpu.cfs_quota_us and cpu.max, memory.limit_in_bytes and memory.max.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hpcctl_host::{c_library, preload};

use crate::{limits, variables};

/// The most bytes of a file that is looked at.
const MOST: u64 = 64 << 10;

/// The name of the device that /dev/shm is on.
pub(crate) const SHM: &str = "/dev/shm";

/// The name of the type of file system of the root.
pub(crate) const ROOT: &str = "root file system";

/// The name of the limit on processor time.
pub(crate) const LIMIT: &str = "processor limit";

/// The name of the limit on memory, in MiB.
pub(crate) const MEMORY: &str = "memory limit";

/// The name of the C library.
pub(crate) const LIBRARY: &str = "C library";

/// What version 1 says where there is no limit is all that 63 bits hold, but for a page.
const NO_LIMIT: u64 = 1 << 62;

/// All of it, by name.
pub(crate) fn all() -> BTreeMap<String, String> {
    const LINES: [&str; 6] = [
        "Seccomp",
        "NoNewPrivs",
        "Cpus_allowed_list",
        "Mems_allowed_list",
        "Speculation_Store_Bypass",
        "THP_enabled",
    ];
    const NAMESPACES: [&str; 7] = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
    let status = text("/proc/self/status");
    let lines = status.lines().filter_map(|line| line.split_once(':'));
    let lines = lines
        .filter(|(name, _)| LINES.contains(name))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    let namespaces = NAMESPACES.iter();
    let namespaces =
        namespaces.filter_map(|kind| Some((format!("namespace {kind}"), namespace(kind)?)));
    let shm = fs::metadata(SHM).map(|meta| (SHM.to_owned(), format!("device {:#x}", meta.dev())));
    let root = root(&text("/proc/self/mountinfo")).map(|kind| (ROOT.to_owned(), kind.to_owned()));
    let limit = limit(Path::new("/sys/fs/cgroup"), &text("/proc/self/cgroup"))
        .map(|share| (LIMIT.to_owned(), format!("{share:.2} processors")));
    let memory = memory(Path::new("/sys/fs/cgroup"), &text("/proc/self/cgroup"))
        .map(|bytes| (MEMORY.to_owned(), format!("{} MiB", bytes >> 20)));
    let library = c_library().map(|it| (LIBRARY.to_owned(), format!("glibc {it}")));
    let preloaded = preload::uncommented(&text(preload::FILE));
    let preloaded = preloaded.split_whitespace().collect::<Vec<_>>().join(" ");
    let preloaded = (!preloaded.is_empty()).then(|| (preload::FILE.to_owned(), preloaded));
    lines
        .chain(namespaces)
        .chain(
            [shm.ok(), root, limit, memory, library, preloaded]
                .into_iter()
                .flatten(),
        )
        .chain(variables::all())
        .chain(limits::all())
        .collect()
}

/// The namespace of a kind that this process is in.
pub(crate) fn namespace(kind: &str) -> Option<String> {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
    Some(link.display().to_string())
}

/// Whether /proc was there to be read.
pub(crate) fn is_told(surroundings: &BTreeMap<String, String>) -> bool {
    surroundings.contains_key("namespace mnt")
}

/// Whether what is said of the name is read in /proc.
pub(crate) fn is_of_proc(name: &str) -> bool {
    let of_process = [variables::START, limits::START];
    ![SHM, LIBRARY, preload::FILE].contains(&name)
        && !of_process.iter().any(|start| name.starts_with(start))
}

/// A file of /proc or /sys, at most 64 KiB of it; empty where it cannot be read.
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    let mut text = String::new();
    if let Ok(file) = File::open(path) {
        // What was read before an error is as good as it gets.
        let _ = file.take(MOST).read_to_string(&mut text);
    }
    text
}

/// The type of what is mounted as the root.
fn root(mountinfo: &str) -> Option<&str> {
    let mut lines = mountinfo.lines().rev();
    lines.find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let is_root = before.split(' ').nth(4) == Some("/");
        is_root.then(|| after.split(' ').next()).flatten()
    })
}

/// The fewest processors that this group or one above it allows.
fn limit(top: &Path, groups: &str) -> Option<f64> {
    let shares = above(top, groups, "cpu")
        .into_iter()
        .filter_map(|group| share(&group));
    shares.min_by(f64::total_cmp)
}

/// The least memory that this group or one above it allows, in bytes.
fn memory(top: &Path, groups: &str) -> Option<u64> {
    let bytes = |group: &PathBuf| {
        let mut files = ["memory.max", "memory.limit_in_bytes"].iter();
        files.find_map(|name| text(group.join(name)).trim().parse::<u64>().ok())
    };
    let limits = above(top, groups, "memory");
    let least = limits.iter().filter_map(bytes).min();
    least.filter(|bytes| *bytes < NO_LIMIT)
}

/// The groups that this process is in and those above them, where they have that controller.
fn above(top: &Path, groups: &str, controller: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        // The second is where both versions are.
        let tops = match controllers {
            "" => vec![top.to_path_buf(), top.join("unified")],
            _ if controllers.split(',').any(|one| one == controller) => {
                vec![top.join(controllers), top.join(controller)]
            }
            _ => continue,
        };
        for top in tops {
            let group: PathBuf = top.join(path.trim_start_matches('/'));
            let above = group.ancestors().take_while(|it| it.starts_with(&top));
            all.extend(above.map(Path::to_path_buf));
        }
    }
    all
}

/// The processors that a group allows, where it limits them.
fn share(group: &Path) -> Option<f64> {
    let max = text(group.join("cpu.max"));
    let (quota, period) = match max.split_once(' ') {
        Some((quota, period)) => (quota.to_owned(), period.to_owned()),
        None => (
            text(group.join("cpu.cfs_quota_us")),
            text(group.join("cpu.cfs_period_us")),
        ),
    };
    let quota: f64 = quota.trim().parse().ok()?;
    let period: f64 = period.trim().parse().ok()?;
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_root_is_what_was_mounted_there_last() {
        let mounts = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            40 22 0:40 / /proc rw - proc proc rw\n\
            41 22 0:41 / / rw,nosuid - fuse.fuse-overlayfs fuse-overlayfs rw\n\
            broken\n";
        assert_eq!(root(mounts), Some("fuse.fuse-overlayfs"));
        assert_eq!(root(""), None);
    }

    #[test]
    fn the_least_memory_counts() {
        let top = tempfile::tempdir().unwrap();
        let dir = top.path().join("memory/job");
        fs::create_dir_all(&dir).unwrap();
        let of = || memory(top.path(), "4:memory:/job\n");
        let write = |dir: &Path, text: &str| {
            let mut file = File::create(dir.join("memory.limit_in_bytes")).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        write(&dir, "9223372036854771712\n");
        assert_eq!(of(), None);
        write(&top.path().join("memory"), "67108864\n");
        assert_eq!(of(), Some(64 << 20));
    }

    #[test]
    fn the_tightest_limit_counts() {
        let top = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = top.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            File::create(path)
                .unwrap()
                .write_all(text.as_bytes())
                .unwrap();
        };
        let of = |groups: &str| limit(top.path(), groups);
        assert_eq!(of("0::/job/step\n"), None);
        write("job/step/cpu.max", "max 100000\n");
        assert_eq!(of("0::/job/step\n"), None);
        write("job/cpu.max", "50000 100000\n");
        assert_eq!(of("0::/job/step\n"), Some(0.5));
        write("cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
        write("cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
        assert_eq!(of("3:cpu,cpuacct:/job\n"), None);
        write("cpu,cpuacct/job/cpu.cfs_quota_us", "25000\n");
        assert_eq!(of("3:cpu,cpuacct:/job\n0::/job\nbroken\n"), Some(0.25));
    }
}
