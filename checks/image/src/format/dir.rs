//! An unpacked root file system, read in place as one layer; also the layers of storages that
//! keep them unpacked.
//!
//! Directories are opened relative to their parents and links are never followed, so that
//! nothing outside is read even if the tree changes meanwhile. File systems of the kernel
//! (`proc`, `sysfs` and their like) below it are left out.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use hpcctl_model::scan;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};

use super::{Opened, Session};
use crate::fault::Faults;
use crate::layer::{Content, Directory, Intake, LayerRead, Plan, Stored};
use crate::reference::is_layout;
use crate::tarball::{Device, Grants, Head, Kind, capabilities, normalise, text};
use crate::{Error, Progress, Source};

/// Why an entry cannot be taken in.
const NO_ROOM: &str = "the names of the files do not fit";

/// The types of statfs(2) whose files are made up by the kernel.
const OF_THE_KERNEL: &[i128] = &[
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x1cd1,      // devpts
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xcafe_4a11, // bpf
    0x6165_676c, // pstore
    0xde5e_81e4, // efivarfs
    0x1980_0202, // mqueue
];

/// The attributes by which overlayfs marks a directory that hides all that is below it.
const OPAQUE: &[&str] = &["trusted.overlay.opaque", "user.overlay.opaque"];

/// The attributes by which overlayfs marks an empty file that hides a name below it.
const WHITEOUT: &[&str] = &["trusted.overlay.whiteout", "user.overlay.whiteout"];

/// Opens a directory.
pub(super) fn open(source: &Source, _session: &Session<'_>) -> Result<Opened, Error> {
    let path = source.path();
    let mut opened = open_at(path)?;
    if is_layout(path) {
        let path = path.display();
        opened.notes.push(format!(
            "{path} is scanned as a root file system, but is an OCI layout: oci:{path} scans the \
             image in it"
        ));
    }
    Ok(opened)
}

/// Opens the directory at a path.
pub(super) fn open_at(path: &Path) -> Result<Opened, Error> {
    let unreadable = |error| Error::unreadable(path, error);
    if !path.metadata().map_err(unreadable)?.is_dir() {
        return Err(Error::not_an_image(path, "it is not a directory"));
    }
    open_root(path).map_err(unreadable)?;
    Ok(Opened::of_tree(Stored::Directory(Directory::plain(path))))
}

fn open_root(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
}

/// Reads a directory as one layer; `name` is for what cannot be read.
pub(crate) fn read(
    directory: &Directory,
    name: &str,
    plan: &Plan,
    progress: &(dyn Progress + Sync),
) -> LayerRead {
    let mut walk = Walk {
        intake: Intake::new(plan),
        faults: Faults::default(),
        plan,
        progress,
        source: directory,
        pending: Vec::new(),
        bytes: 0,
    };
    match open_root(&directory.path) {
        Ok(root) => walk.directory(Arc::new(root), "", true),
        Err(error) => {
            let why = format!("{}: {}", directory.path.display(), walk.explain(error));
            walk.faults.add(name, why);
        }
    }
    while let Some(next) = walk.pending.pop() {
        walk.enter(&next);
    }
    let layer = scan::Layer {
        digest: None,
        diff_id: None,
        media_type: "inode/directory".to_owned(),
        size: walk.bytes,
        created_by: None,
    };
    LayerRead {
        layer,
        listing: walk.intake.finish(&mut walk.faults),
        faults: walk.faults,
        file_digest: None,
    }
}

/// A directory that is still to be read.
struct Pending {
    parent: Arc<OwnedFd>,
    name: CString,
    path: String,
    device: u64,
}

struct Walk<'a> {
    intake: Intake<'a>,
    faults: Faults,
    plan: &'a Plan,
    progress: &'a (dyn Progress + Sync),
    source: &'a Directory,
    pending: Vec<Pending>,
    bytes: u64,
}

impl Walk<'_> {
    fn fault(&mut self, path: &str, error: impl Into<io::Error>) {
        let why = self.explain(error.into());
        self.faults.add(format!("/{path}"), why);
    }

    /// What the system says, and what can be done where it refuses.
    fn explain(&self, error: io::Error) -> String {
        match self.source.hint {
            Some(hint) if error.kind() == io::ErrorKind::PermissionDenied => {
                format!("{error}: {hint}")
            }
            _ => error.to_string(),
        }
    }

    fn enter(&mut self, next: &Pending) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&next.parent, &next.name, flags, Mode::empty()) {
            Ok(fd) if self.is_of_the_kernel(&fd, next.device) => {}
            Ok(fd) => self.directory(Arc::new(fd), &next.path, false),
            Err(error) => self.fault(&next.path, error),
        }
    }

    /// Whether a directory is the root of a file system that the kernel makes up.
    fn is_of_the_kernel(&self, fd: &OwnedFd, device: u64) -> bool {
        let crossed = rustix::fs::fstat(fd).is_ok_and(|stat| stat.st_dev != device);
        crossed
            && rustix::fs::fstatfs(fd)
                .is_ok_and(|stat| OF_THE_KERNEL.contains(&i128::from(stat.f_type)))
    }

    fn directory(&mut self, fd: Arc<OwnedFd>, path: &str, is_root: bool) {
        let names = match names(&fd) {
            Ok(names) => names,
            Err(error) => return self.fault(path, error),
        };
        if self.source.overlay && !is_root && is_opaque(&fd) {
            self.hide(&format!("{path}/.wh..wh..opq"));
        }
        let device = rustix::fs::fstat(&*fd).map_or(0, |stat| stat.st_dev);
        let first = self.pending.len();
        for name in names {
            if self.intake.len() >= self.plan.limits.layer_entries {
                let why = format!("more than {} files", self.plan.limits.layer_entries);
                return self.faults.add(format!("/{path}"), why);
            }
            let mut raw = Vec::with_capacity(path.len() + name.as_bytes().len() + 1);
            raw.extend_from_slice(path.as_bytes());
            raw.push(b'/');
            raw.extend_from_slice(name.as_bytes());
            let mut full = String::new();
            if let Err(error) = normalise(&raw, &self.plan.limits, &mut full) {
                self.faults.add(format!("/{path}"), error.to_string());
                continue;
            }
            if !self.plan.selection.takes(&full) {
                continue;
            }
            match rustix::fs::statat(&*fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) if self.source.overlay && is_whiteout(&fd, &name, &stat) => {
                    let (directory, name) = full.rsplit_once('/').unwrap_or(("", &full));
                    self.hide(&format!("{directory}/.wh.{name}"));
                }
                Ok(stat) => self.entry(&fd, name, full, &stat, device),
                Err(error) => self.fault(&full, error),
            }
        }
        // The last pushed is read first: turned round, directories come by name.
        self.pending[first..].reverse();
    }

    /// Takes in a whiteout as a layer's tar would have it.
    fn hide(&mut self, path: &str) {
        let head = Head {
            kind: Kind::File,
            size: 0,
            mode: 0,
            owner: None,
            grants: Grants::default(),
            sparse: false,
            fault: None,
        };
        let path = path.trim_start_matches('/');
        if !self.intake.push(path, "", &head) {
            self.fault(path, io::Error::other(NO_ROOM));
        }
    }

    fn entry(&mut self, fd: &Arc<OwnedFd>, name: CString, path: String, stat: &Stat, device: u64) {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Symlink,
            _ => Kind::Special,
        };
        let link = match kind {
            Kind::Symlink => rustix::fs::readlinkat(&**fd, &name, Vec::new()).ok(),
            _ => None,
        };
        let link = link
            .map(|link| text(link.as_bytes()).into_owned())
            .unwrap_or_default();
        let size = if kind == Kind::File {
            stat.st_size.cast_unsigned()
        } else {
            0
        };
        let mode = (stat.st_mode & 0o7777) as u16;
        let file_type = FileType::from_raw_mode(stat.st_mode);
        let is_block = file_type == FileType::BlockDevice;
        let is_device = is_block || file_type == FileType::CharacterDevice;
        let device_of = is_device.then(|| Device {
            is_block,
            major: rustix::fs::major(stat.st_rdev),
            minor: rustix::fs::minor(stat.st_rdev),
        });
        let head = Head {
            kind,
            size,
            mode,
            owner: self.source.owners.then_some((stat.st_uid, stat.st_gid)),
            grants: Grants {
                device: device_of,
                ..Grants::default()
            },
            sparse: false,
            fault: None,
        };
        if !self.intake.push(&path, &link, &head) {
            return self.fault(&path, io::Error::other(NO_ROOM));
        }
        match kind {
            Kind::Directory => {
                self.pending.push(Pending {
                    parent: Arc::clone(fd),
                    name,
                    path,
                    device,
                });
            }
            Kind::File => {
                self.bytes = self.bytes.saturating_add(size);
                self.file(fd, &name, &path, mode);
            }
            _ => {}
        }
    }

    fn file(&mut self, fd: &OwnedFd, name: &CString, path: &str, mode: u16) {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(fd, name, flags, Mode::empty()).and_then(|fd| {
            let stat = rustix::fs::fstat(&fd)?;
            Ok((fd, stat))
        });
        let (fd, stat) = match opened {
            Ok(opened) => opened,
            Err(error) if is_denied(error) && !self.intake.matters(path, mode) => {
                return self.faults.pass();
            }
            Err(error) => return self.fault(path, error),
        };
        // It may have become a FIFO since.
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return self.fault(path, io::Error::other("it changed while it was read"));
        }
        let mut attribute = [0; CAPABILITY];
        let held = rustix::fs::fgetxattr(&fd, "security.capability", &mut attribute);
        let bits = held.ok().and_then(|held| capabilities(&attribute[..held]));
        self.intake.runs_with(bits);
        let mut content = FileContent {
            file: File::from(fd),
            path,
            left: stat.st_size.cast_unsigned(),
            progress: self.progress,
        };
        if let Err(error) = self.intake.content(&mut content, &mut self.faults) {
            self.fault(path, error);
        }
    }
}

/// The bytes of `security.capability` at most (linux/capability.h, `struct vfs_ns_cap_data`).
const CAPABILITY: usize = 24;

/// Whether the system refuses what another user may do.
fn is_denied(error: rustix::io::Errno) -> bool {
    matches!(error, rustix::io::Errno::ACCESS | rustix::io::Errno::PERM)
}

/// Whether overlayfs takes a directory as hiding all that lower layers have in it.
fn is_opaque(fd: &OwnedFd) -> bool {
    OPAQUE.iter().any(|name| {
        let mut value = [0; 1];
        rustix::fs::fgetxattr(fd, *name, &mut value) == Ok(1) && value == *b"y"
    })
}

/// Whether overlayfs takes an entry as hiding its name in lower layers.
fn is_whiteout(fd: &OwnedFd, name: &CString, stat: &Stat) -> bool {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::CharacterDevice => stat.st_rdev == 0,
        FileType::RegularFile if stat.st_size == 0 => {
            // Without O_NONBLOCK, opening what became a FIFO meanwhile would wait.
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let opened = rustix::fs::openat(fd, name, flags, Mode::empty());
            opened.is_ok_and(|file| {
                let has = |name: &&str| rustix::fs::fgetxattr(&file, *name, &mut [0_u8; 0]).is_ok();
                WHITEOUT.iter().any(has)
            })
        }
        _ => false,
    }
}

/// The names in a directory, sorted.
fn names(fd: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(fd)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The content of an open file.
struct FileContent<'a> {
    file: File,
    path: &'a str,
    left: u64,
    progress: &'a (dyn Progress + Sync),
}

impl Content for FileContent<'_> {
    type Fault = io::Error;

    fn path(&self) -> &str {
        self.path
    }

    fn left(&self) -> u64 {
        self.left
    }

    fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let read = (&self.file).take(limit).read_to_end(out)? as u64;
        self.progress.read(read);
        self.left = self.left.saturating_sub(read);
        Ok(())
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        let count = count.min(self.left);
        (&self.file).seek_relative(count.try_into().map_err(io::Error::other)?)?;
        self.left -= count;
        Ok(())
    }
}
