//! Control groups: which layout is mounted, and where in it the caller is.
//!
//! Sources: cgroups(7), the kernel's `Documentation/admin-guide/cgroup-v2.rst`.

use std::path::Path;

use hpcctl_model::doctor::{Cost, Step};

use crate::finding::admin;
use crate::{Reading, Site};

/// Where control groups are mounted.
pub const ROOT: &str = "/sys/fs/cgroup";

/// Where cgroup v2 is mounted beside v1.
pub const UNIFIED: &str = "/sys/fs/cgroup/unified";

const CGROUP2: u64 = 0x6367_7270;
const TMPFS: u64 = 0x0102_1994;

/// What is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// cgroup v2 alone.
    V2,
    /// cgroup v1, with v2 beside it.
    Hybrid,
    /// cgroup v1 alone.
    V1,
    /// Something else.
    Other,
}

/// Looks at the places where control groups are mounted.
pub fn read(site: &Site<'_>) -> Reading {
    let looked = [ROOT, UNIFIED]
        .iter()
        .map(|path| (*path, site.host.stat(path)));
    looked.fold(Reading::new(), |reading, (path, stat)| match stat {
        Ok(stat) => reading.fact(&statfs(path), name(stat.fs_type)),
        Err(errno) => reading.fact(&statfs(path), errno),
    })
}

/// Looks at those places, and reads which controllers the caller's own cgroup v2 has.
pub fn read_controllers(site: &Site<'_>) -> Reading {
    let reading = read(site);
    match own(site) {
        Some(own) => reading.file(site, &format!("{own}/cgroup.controllers")),
        None => reading,
    }
}

/// The layout, by the rule of crun and systemd: the types of the two directories.
pub fn layout(reading: &Reading) -> Layout {
    let is = |path, kind| {
        let wanted = statfs(path);
        reading
            .facts
            .iter()
            .any(|(fact, value)| *fact == wanted && value == kind)
    };
    match (
        is(ROOT, "cgroup2"),
        is(ROOT, "tmpfs"),
        is(UNIFIED, "cgroup2"),
    ) {
        (true, ..) => Layout::V2,
        (_, true, true) => Layout::Hybrid,
        (_, true, false) => Layout::V1,
        _ => Layout::Other,
    }
}

/// The directory of the caller's own cgroup v2; none where v2 is not mounted or the caller
/// is outside of what is mounted.
pub fn own(site: &Site<'_>) -> Option<String> {
    let groups = site.host.read("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let covered = |point: &Path| {
        site.mount_of(point.to_str()?)
            .map(|mount| mount.fs_type.as_str())
    };
    let mount = site.mounts.iter().rev().find(|mount| {
        mount.fs_type == "cgroup2" && covered(&mount.mount_point) == Some("cgroup2")
    })?;
    let below = Path::new(path).strip_prefix(&mount.root).ok()?;
    let climbs = below
        .components()
        .any(|part| part == std::path::Component::ParentDir);
    let dir = mount.mount_point.join(below);
    let dir = dir.to_str()?.trim_end_matches('/').to_owned();
    (!climbs).then_some(dir)
}

/// The step that leaves cgroup v2 alone mounted.
pub fn boot_v2(site: &Site<'_>) -> Step {
    const WORDS: &str = "systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all";
    let command = match site.distribution().as_str() {
        "debian" | "ubuntu" => format!(
            "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&{WORDS} /' /etc/default/grub && update-grub && reboot"
        ),
        _ => format!("grubby --update-kernel=ALL --args='{WORDS}' && reboot"),
    };
    admin(Cost::Reboot, "boot with cgroup v2 alone", &command)
}

/// Whether systemd runs this node.
pub fn has_systemd(site: &Site<'_>) -> bool {
    site.host.stat("/run/systemd/system").is_ok()
}

fn statfs(path: &str) -> String {
    format!("statfs({path})")
}

fn name(kind: u64) -> String {
    match kind {
        CGROUP2 => "cgroup2".into(),
        TMPFS => "tmpfs".into(),
        kind => format!("type {kind:#x}"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    /// A node with this layout.
    pub(crate) fn node(layout: Layout) -> Scripted {
        let of = |kind| {
            let mut dir = stat(0o040755);
            dir.fs_type = kind;
            dir
        };
        let (root, unified) = match layout {
            Layout::V2 => (CGROUP2, None),
            Layout::Hybrid => (TMPFS, Some(CGROUP2)),
            Layout::V1 => (TMPFS, None),
            Layout::Other => (0x6265_6572, None),
        };
        let host = Scripted::new().stat(ROOT, of(root));
        match unified {
            Some(kind) => host.stat(UNIFIED, of(kind)),
            None => host,
        }
    }

    #[test]
    fn layouts_are_told_apart() {
        for wanted in [Layout::V2, Layout::Hybrid, Layout::V1, Layout::Other] {
            let host = node(wanted);
            assert_eq!(layout(&read(&Site::new(&host))), wanted);
        }
    }

    #[test]
    fn the_own_group_is_found_below_the_root_of_the_mount() {
        let host = |root: &str, group: &str| {
            Scripted::new()
                .file(
                    "/proc/self/mountinfo",
                    &format!("41 31 0:38 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
                )
                .file("/proc/self/cgroup", &format!("4:memory:/x\n0::{group}\n"))
        };
        let at = |root, group| own(&Site::new(&host(root, group)));
        assert_eq!(
            at("/", "/user.slice/a").as_deref(),
            Some("/sys/fs/cgroup/user.slice/a")
        );
        assert_eq!(at("/", "/").as_deref(), Some("/sys/fs/cgroup"));
        assert_eq!(
            at("/job/7", "/job/7/x").as_deref(),
            Some("/sys/fs/cgroup/x")
        );
        assert_eq!(at("/job/7", "/other"), None);
        assert_eq!(at("/", "/../x"), None);
    }

    #[test]
    fn a_mount_that_is_covered_is_not_used() {
        let mounts = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                      52 41 0:44 / /sys/fs/cgroup/unified rw - tmpfs none rw\n";
        let host = Scripted::new()
            .file("/proc/self/mountinfo", mounts)
            .file("/proc/self/cgroup", "0::/\n");
        assert_eq!(own(&Site::new(&host)), None);
    }
}
