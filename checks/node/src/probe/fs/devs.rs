//! `fs.devs`: do device files work where root builds images?

use hpcctl_host::{Errno, Op};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, place};

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.devs",
    manual: Manual {
        title: "Device files on disk",
        what: "Whether root can make a device file in TMPDIR, in its home, in podman's storage and in the caches, and open it there.",
        why: "debootstrap and builds of root make /dev/null inside the tree that they build. On a file system that is mounted nodev it is there and cannot be opened, and scripts end in \"Permission denied\" on /dev/null.",
        how: "mknod(2) of a second /dev/null in a private directory, open(2) of it, and removal; once for each file system. Ordinary users cannot make device files, nor can root of a user namespace.",
        user: "Point TMPDIR to a file system that is not mounted nodev.",
        admin: "",
        refs: &["mknod(2)", "mount(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if !site.is_root() || site.is_nested() {
        return Reading::new();
    }
    let (path, write) = ("null".to_owned(), true);
    let make = Op::MakeDevice {
        path: path.clone(),
        major: 1,
        minor: 3,
    };
    place::try_each(site, &[], &[make, Op::Open { path, write }])
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if !site.is_root() || site.is_nested() {
        return Finding::skipped("only root makes device files");
    }
    let refused = |call: &str, errno: Errno| {
        let mut failed = reading.tried.iter().filter_map(|tried| tried.failed());
        failed.any(|step| step.call.starts_with(call) && step.errno == Some(errno))
    };
    if refused("mknod", Errno::EPERM) {
        return Finding::warn("root may not make device files here: this process lacks CAP_MKNOD, or the file system refuses them").holding(false);
    }
    if refused("open", Errno::EPERM) {
        return Finding::warn("device files can be made, but the device cgroup of this job or container refuses to open them").holding(false);
    }
    let found = place::judge(
        reading,
        &[Errno::EACCES],
        "device files can be made and opened",
    );
    match found.holds {
        Some(false) => found.step(user(
            Cost::User,
            "build in a directory that is not mounted nodev",
            "export TMPDIR=/var/tmp",
        )),
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::tests::reading;
    use crate::scripted::Scripted;

    #[test]
    fn nodev_the_capability_and_the_cgroup_are_told_apart() {
        let host = Scripted::new().by_root();
        let find = |call, outcome| judge(&reading(call, outcome), &Site::new(&host)).summary;
        assert!(find("open(null)", Err(Errno::EACCES)).starts_with("not everywhere"));
        assert!(find("open(null)", Err(Errno::EPERM)).contains("cgroup"));
        assert!(find("mknod(null)", Err(Errno::EPERM)).contains("CAP_MKNOD"));
        assert!(find("open(null)", Ok(0)).starts_with("device files can be made"));
    }

    #[test]
    fn an_ordinary_user_makes_none() {
        let host = Scripted::new();
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        assert_eq!(found.status.as_str(), "skipped");
    }
}
