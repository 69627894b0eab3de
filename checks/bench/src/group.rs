//! A control group with a limit on processor time or memory, of version 1 or 2; cgroups(7).

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::environs::text;

/// The usual period of a limit, and the part of it that may be used: a tenth of a processor,
/// which is less than what a busy node leaves.
const PERIOD: u32 = 100_000;
const QUOTA: u32 = 10_000;

/// Where groups are.
const TOP: &str = "/sys/fs/cgroup";

/// How long the group of a process that has ended may be busy.
const BUSY: Duration = Duration::from_secs(2);

/// A limit: the controller that keeps it, and its files of version 1 and 2 with what is written to them.
pub(crate) struct Limit {
    controller: &'static str,
    v1: Vec<(&'static str, String)>,
    v2: Vec<(&'static str, String)>,
}

impl Limit {
    /// A tenth of a processor.
    pub(crate) fn processor() -> Self {
        Self {
            controller: "cpu",
            v1: vec![
                ("cpu.cfs_period_us", PERIOD.to_string()),
                ("cpu.cfs_quota_us", QUOTA.to_string()),
            ],
            v2: vec![("cpu.max", format!("{QUOTA} {PERIOD}"))],
        }
    }

    /// So many bytes.
    pub(crate) fn memory(bytes: u64) -> Self {
        Self {
            controller: "memory",
            v1: vec![("memory.limit_in_bytes", bytes.to_string())],
            v2: vec![("memory.max", bytes.to_string())],
        }
    }
}

/// A group, removed with its processes.
#[derive(Debug)]
pub(crate) struct Group {
    dir: PathBuf,
    is_v2: bool,
}

impl Group {
    /// Puts a process into a group of its own, with a limit.
    pub(crate) fn limit(process: u32, limit: &Limit) -> Result<Self, String> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "hpcctl-{}-{}",
            std::process::id(),
            MADE.fetch_add(1, Relaxed)
        );
        let top = Path::new(TOP);
        let (above, is_v2) = above(top, &text("/proc/self/cgroup"), limit.controller)
            .ok_or_else(|| format!("no control group limits {} here", limit.controller))?;
        let dir = above.join(name);
        fs::create_dir(&dir).map_err(|error| failed(&dir, &error))?;
        let group = Self { dir, is_v2 };
        group.write(limit)?;
        group.put("cgroup.procs", &process.to_string())?;
        Ok(group)
    }

    /// Whether it is of version 2, in which a process has one group for every controller.
    pub(crate) fn is_of_all(&self) -> bool {
        self.is_v2
    }

    /// Limits it.
    pub(crate) fn write(&self, limit: &Limit) -> Result<(), String> {
        let files = if self.is_v2 { &limit.v2 } else { &limit.v1 };
        let mut files = files.iter();
        files.try_for_each(|(file, value)| self.put(file, value))
    }

    fn put(&self, file: &str, value: &str) -> Result<(), String> {
        let path = self.dir.join(file);
        // A group takes a value in one piece.
        let file = OpenOptions::new().write(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(value.as_bytes()));
        written.map_err(|error| failed(&path, &error))
    }
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {error}", path.display())
}

impl Drop for Group {
    fn drop(&mut self) {
        let until = Instant::now() + BUSY;
        // Its processes were ended, and the kernel lets go of them a little later.
        while fs::remove_dir(&self.dir).is_err_and(|error| error.kind() != io::ErrorKind::NotFound)
            && Instant::now() < until
        {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The group of ours that has a controller, and whether it is of version 2.
fn above(top: &Path, groups: &str, controller: &str) -> Option<(PathBuf, bool)> {
    let mut found = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let path = path.trim_start_matches('/');
        if controllers.split(',').any(|one| one == controller) {
            let tops = [top.join(controllers), top.join(controller)];
            let mut groups = tops.iter().map(|top| top.join(path));
            if let Some(group) = groups.find(|group| group.is_dir()) {
                return Some((group, false));
            }
        }
        if controllers.is_empty() {
            let group = top.join(path);
            let mut above = group.ancestors().take_while(|it| it.starts_with(top));
            found = above
                .find(|group| passes_on(group, controller))
                .map(Path::to_path_buf);
        }
    }
    found.map(|group| (group, true))
}

/// Whether groups below this one have the controller.
fn passes_on(group: &Path, controller: &str) -> bool {
    let controllers = text(group.join("cgroup.subtree_control"));
    controllers.split_whitespace().any(|one| one == controller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_with_the_controller_is_found() {
        let top = tempfile::tempdir().unwrap();
        let make = |path: &str| fs::create_dir_all(top.path().join(path)).unwrap();
        make("job");
        make("cpu/job");
        let of = |groups: &str| above(top.path(), groups, "cpu");
        assert_eq!(of("0::/job\n"), None);
        let expected = top.path().join("cpu/job");
        assert_eq!(
            of("5:memory:/\n1:cpu,cpuacct:/job\n0::/job\n"),
            Some((expected, false))
        );
        make("job/step");
        let controls = top.path().join("job/cgroup.subtree_control");
        let write = |text: &[u8]| {
            let file = fs::File::create(&controls);
            file.unwrap().write_all(text).unwrap();
        };
        write(b"cpuset\n");
        assert_eq!(of("0::/job/step\n"), None);
        write(b"cpuset cpu\n");
        assert_eq!(of("0::/job/step\n"), Some((top.path().join("job"), true)));
    }
}
