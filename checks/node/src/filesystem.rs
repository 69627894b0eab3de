//! File systems: their names by magic number, and the mount that a file lies on.
//!
//! The numbers are those of statfs(2) and, for file systems outside the kernel, of their own
//! sources.

use hpcctl_host::Stat;
use procfs::process::MountInfo;

use crate::Site;

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// `f_type` of statfs(2).
    pub magic: u64,
    /// The name that people use.
    pub name: &'static str,
    /// Whether the files lie on other machines.
    pub network: bool,
}

const fn local(magic: u64, name: &'static str) -> Kind {
    Kind {
        magic,
        name,
        network: false,
    }
}

const fn network(magic: u64, name: &'static str) -> Kind {
    Kind {
        magic,
        name,
        network: true,
    }
}

/// The magic number of overlayfs.
pub const OVERLAY: u64 = 0x794C_7630;

/// The magic number of FUSE, whatever serves it.
pub const FUSE: u64 = 0x6573_5546;

/// Every kind that has a name here.
pub static KINDS: &[Kind] = &[
    local(0xEF53, "ext4"),
    local(0x5846_5342, "xfs"),
    local(0x9123_683E, "btrfs"),
    local(0x0102_1994, "tmpfs"),
    local(0x8584_58F6, "ramfs"),
    local(0x2FC1_2FC1, "zfs"),
    local(0xF2F5_2010, "f2fs"),
    local(0x7371_7368, "squashfs"),
    local(0xE0F5_E1E2, "erofs"),
    local(OVERLAY, "overlay"),
    local(FUSE, "fuse"),
    network(0x6969, "nfs"),
    network(0x0BD0_0BD0, "lustre"),
    network(0x4750_4653, "gpfs"),
    network(0x1983_0326, "beegfs"),
    network(0x00C3_6400, "ceph"),
    network(0xFF53_4D42, "cifs"),
    network(0xFE53_4D42, "smb3"),
    network(0x5346_414F, "afs"),
    network(0x2003_0528, "orangefs"),
    network(0xAAD7_AAEA, "panfs"),
    network(0x0116_1970, "gfs2"),
    network(0x0102_1997, "9p"),
];

/// The kind of file system that a file lies on.
pub fn kind(stat: &Stat) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.magic == stat.fs_type)
}

/// Its name; the number where it has none here.
pub fn name(stat: &Stat) -> String {
    kind(stat).map_or_else(
        || format!("a file system of type {:#x}", stat.fs_type),
        |kind| kind.name.to_owned(),
    )
}

/// The mount that a file lies on; none where that cannot be told.
///
/// A path may lead through symbolic links, so the device decides where it is known to
/// mountinfo. That of btrfs is not, and its paths are taken as they are.
pub fn mount_of<'s>(site: &'s Site<'_>, path: &str, stat: &Stat) -> Option<&'s MountInfo> {
    let device = format!("{}:{}", libc::major(stat.dev), libc::minor(stat.dev));
    let by_path = site.mount_of(path);
    if by_path.is_some_and(|mount| mount.majmin == device) {
        return by_path;
    }
    let mut same = site.mounts.iter().filter(|mount| mount.majmin == device);
    match (same.next(), same.next()) {
        (Some(mount), None) => Some(mount),
        // Several mounts of one device: which of them a link leads to is not known.
        (Some(_), Some(_)) => None,
        (None, _) => by_path.filter(|mount| mount.fs_type == "btrfs"),
    }
}

/// Where that mount is; none where that cannot be told.
pub fn mount_point(site: &Site<'_>, path: &str, stat: &Stat) -> Option<String> {
    mount_of(site, path, stat).map(|mount| mount.mount_point.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    const MOUNTS: &str = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        22 21 0:40 / /scratch rw,noexec - nfs4 server:/scratch rw\n";

    #[test]
    fn a_path_through_a_link_is_found_by_its_device() {
        let host = Scripted::new().file("/proc/self/mountinfo", MOUNTS);
        let site = Site::new(&host);
        let mut there = stat(0o755);
        there.dev = libc::makedev(0, 40);
        let found = |path| mount_point(&site, path, &there);
        assert_eq!(found("/scratch/x").as_deref(), Some("/scratch"));
        assert_eq!(found("/home/alice/link").as_deref(), Some("/scratch"));
        there.dev = libc::makedev(0, 99);
        assert_eq!(mount_point(&site, "/scratch/x", &there), None);
    }

    #[test]
    fn no_magic_number_is_listed_twice() {
        let mut numbers: Vec<u64> = KINDS.iter().map(|kind| kind.magic).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), KINDS.len());
    }
}
