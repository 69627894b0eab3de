//! `cg.v1.writable`: may the caller make groups in cgroup v1?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, cgroup};

/// The controllers of which containers make use.
const CONTROLLERS: &[&str] = &["memory", "pids", "cpu", "cpuset", "devices", "freezer"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.v1.writable",
    manual: Manual {
        title: "Groups of cgroup v1",
        what: "Whether the caller may make groups below its own in cgroup v1, where that is mounted.",
        why: "On nodes with cgroup v1 a container of root has limits only where these directories are writable; in an outer container they are often read-only, and runc ends in \"read-only file system\". Ordinary users never have them.",
        how: "access(2) for writing of the caller's directory of each controller: memory, pids, cpu, cpuset, devices, freezer.",
        user: "",
        admin: "Boot with cgroup v2 alone; see cg.mode.",
        refs: &["cgroups(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let groups = groups(site);
    if groups.is_empty() {
        return Reading::new();
    }
    let trial = groups
        .into_iter()
        .fold(Trial::new().subject(), |trial, path| {
            trial.op(Op::Writable(path))
        });
    Reading::new().trial(site, &trial)
}

/// The caller's directory of each controller that is mounted.
fn groups(site: &Site<'_>) -> Vec<String> {
    let text = site.host.read("/proc/self/cgroup").unwrap_or_default();
    let group = |controller: &str| {
        text.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let has = parts.next()?.split(',').any(|name| name == controller);
            parts.next().filter(|_| has)
        })
    };
    let mount = |controller: &str| {
        site.mounts
            .iter()
            .rev()
            .find(|mount| mount.fs_type == "cgroup" && mount.super_options.contains_key(controller))
    };
    let path = |controller: &&str| {
        let mount = mount(controller)?;
        let below = group(controller)?.strip_prefix(mount.root.as_str())?;
        let point = mount.mount_point.to_str()?;
        let path = format!("{point}/{}", below.trim_start_matches('/'));
        (!path.contains("/../")).then(|| path.trim_end_matches('/').to_owned())
    };
    let mut found: Vec<String> = CONTROLLERS.iter().filter_map(path).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::skipped("no controller of cgroup v1 is mounted for the caller");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed().and_then(|step| Some((step, step.errno?))) {
        None if tried.steps.is_empty() => Finding::unknown("the trial reported nothing"),
        None => Finding::pass(format!(
            "the caller may make groups of {} controllers of cgroup v1",
            tried.steps.len()
        )),
        Some((_, Errno::EACCES | Errno::EPERM)) if !site.is_root() => Finding::skipped(
            "groups of cgroup v1 are root's, so that containers of users have no limits there",
        )
        .holding(false),
        Some((step, Errno::EACCES | Errno::EPERM | Errno::EROFS)) => Finding::warn(format!(
            "no groups can be made in cgroup v1 ({step}): containers have no limits"
        ))
        .holding(false)
        .step(cgroup::boot_v2(site)),
        Some((step, _)) => Finding::unknown(step.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn the_callers_own_directories_are_found() {
        let host = Scripted::new()
            .file(
                "/proc/self/mountinfo",
                "34 31 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
                 35 31 0:32 /job /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
            )
            .file(
                "/proc/self/cgroup",
                "4:memory:/job/7\n2:cpu,cpuacct:/\n0::/\n",
            );
        assert_eq!(
            groups(&Site::new(&host)),
            ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory/7"]
        );
        assert!(groups(&Site::new(&Scripted::new())).is_empty());
    }

    #[test]
    fn a_read_only_tree_is_roots_loss() {
        let find = |host: &Scripted, outcome| {
            let reading = Reading {
                tried: vec![tried(&[("access", outcome)])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(host)).status.as_str()
        };
        let (user, root) = (Scripted::new(), Scripted::new().by_root());
        assert_eq!(find(&root, Ok(0)), "pass");
        assert_eq!(find(&root, Err(Errno::EROFS)), "warn");
        assert_eq!(find(&user, Err(Errno::EACCES)), "skipped");
        assert_eq!(find(&user, Err(Errno::ENOENT)), "unknown");
    }
}
