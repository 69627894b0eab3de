//! Files of the node, read with a bound.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

use crate::Errno;

/// The most bytes of a file that are read: 1 MiB, ample for files under /proc, /sys and /etc.
pub const LIMIT: u64 = 1 << 20;

/// The most names of a directory that are listed.
const NAMES: usize = 1 << 16;

/// The most bytes of an extended attribute, XATTR_SIZE_MAX of the kernel.
const XATTR: usize = 64 << 10;

/// What stat(2) and statvfs(3) say of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stat {
    /// The type and permission bits, `st_mode`.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The device that holds it.
    pub dev: u64,
    /// The inode number.
    pub ino: u64,
    /// The magic number of the file system, statfs(2).
    pub fs_type: u64,
    /// Whether the file system is mounted nosuid.
    pub nosuid: bool,
    /// Whether the file system is mounted noexec.
    pub noexec: bool,
    /// Bytes free to an ordinary user.
    pub free_bytes: u64,
    /// Inodes free to an ordinary user; `u64::MAX` where the file system has no such bound.
    pub free_inodes: u64,
}

/// What lstat(2) says of a name in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The owner.
    pub uid: u32,
    /// Whether it is a directory, and no link to one.
    pub directory: bool,
}

impl Stat {
    /// The permission bits alone.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    /// Whether the set-user-id bit is set.
    pub fn setuid(&self) -> bool {
        self.mode & libc::S_ISUID != 0
    }
}

/// Reads a text file, at most [`LIMIT`] bytes.
///
/// A special file is refused: a FIFO or a device could block for ever.
pub(crate) fn read(path: &str) -> Result<String, Errno> {
    read_at_most(path, LIMIT)
}

/// Reads a text file, at most so many bytes; special files are refused.
///
/// # Errors
///
/// When it cannot be read.
pub fn read_at_most(path: &str, most: u64) -> Result<String, Errno> {
    let bytes = bytes_at_most(path, most)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a file, at most so many bytes; special files are refused.
///
/// # Errors
///
/// When it cannot be read.
pub fn bytes_at_most(path: &str, most: u64) -> Result<Vec<u8>, Errno> {
    let meta = std::fs::metadata(path)?;
    if !meta.is_file() {
        return Err(if meta.is_dir() {
            Errno::EISDIR
        } else {
            Errno::ENXIO
        });
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Lists the names in a directory, sorted.
pub(crate) fn list(path: &str) -> Result<Vec<String>, Errno> {
    let mut names: Vec<String> = std::fs::read_dir(path)?
        .take(NAMES)
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// Looks at a file, following symbolic links.
pub(crate) fn stat(path: &str) -> Result<Stat, Errno> {
    let meta = std::fs::metadata(path)?;
    let mounted = rustix::fs::statvfs(path).map_err(|e| Errno(e.raw_os_error()))?;
    let kind = rustix::fs::statfs(path).map_err(|e| Errno(e.raw_os_error()))?;
    Ok(Stat {
        mode: meta.mode(),
        uid: meta.uid(),
        gid: meta.gid(),
        dev: meta.dev(),
        ino: meta.ino(),
        fs_type: kind.f_type as u64,
        nosuid: mounted
            .f_flag
            .contains(rustix::fs::StatVfsMountFlags::NOSUID),
        noexec: mounted
            .f_flag
            .contains(rustix::fs::StatVfsMountFlags::NOEXEC),
        free_bytes: mounted.f_bavail.saturating_mul(mounted.f_frsize),
        free_inodes: match mounted.f_files {
            // btrfs and some network file systems make inodes as they are needed.
            0 => u64::MAX,
            _ => mounted.f_favail,
        },
    })
}

/// Looks at a name in a directory; a symbolic link is not followed.
pub(crate) fn entry(path: &str) -> Result<Entry, Errno> {
    let meta = std::fs::symlink_metadata(path)?;
    Ok(Entry {
        uid: meta.uid(),
        directory: meta.is_dir(),
    })
}

/// The value of an extended attribute, following symbolic links.
pub(crate) fn xattr(path: &str, name: &str) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0_u8; XATTR];
    let length =
        rustix::fs::getxattr(path, name, &mut value[..]).map_err(|e| Errno(e.raw_os_error()))?;
    value.truncate(length);
    Ok(value)
}
