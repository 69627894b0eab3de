//! A private directory for a trial, with a random name, that is removed whatever it holds.

#![expect(
    unsafe_code,
    reason = "mkdtemp(3) has no safe wrapper that keeps the errno"
)]

use std::ffi::{CString, OsStr};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::Errno;

/// How deep a trial may nest directories.
const DEPTH: usize = 16;

/// A private directory, removed when it is dropped.
pub(crate) struct Scratch {
    path: CString,
}

impl Scratch {
    /// Makes one, mode 0700.
    pub(crate) fn new(parent: &str) -> Result<Self, Errno> {
        let template = format!("{parent}/hpcctl-XXXXXX");
        let template = CString::new(template)
            .map_err(|_| Errno::EINVAL)?
            .into_raw();
        // SAFETY: mkdtemp(3) changes the six letters in place and nothing else; the string is
        // taken back whatever it says.
        let (made, path) = unsafe {
            let made = !libc::mkdtemp(template).is_null();
            let error = io::Error::last_os_error();
            (
                if made { Ok(()) } else { Err(error) },
                CString::from_raw(template),
            )
        };
        made?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &CString {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let path = Path::new(OsStr::from_bytes(self.path.as_bytes()));
        open_up(path, DEPTH);
        // What cannot be removed now, no later attempt of this user removes either.
        let _ = fs::remove_dir_all(path);
    }
}

/// Makes directories readable again: overlayfs leaves its work directory with mode 0.
fn open_up(dir: &Path, depth: usize) {
    // Whatever fails here fails again, and for good, when the directory is removed.
    let _ = fs::set_permissions(dir, Permissions::from_mode(0o700));
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path(), depth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlayfs_leaves_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(parent.path().to_str().unwrap()).unwrap();
        let path = scratch.path().to_str().unwrap();
        let closed = Path::new(path).join("work/work");
        fs::create_dir_all(closed.join("inner")).unwrap();
        fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
        drop(scratch);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
