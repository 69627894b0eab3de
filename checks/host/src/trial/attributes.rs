//! mount_setattr(2): attributes of mounts, and mounts whose ids are mapped.
//!
//! As in [`super::child`], everything is async-signal-safe: no allocation, no locks, no panics.

#![expect(
    unsafe_code,
    reason = "raw system calls in a forked child; mount_setattr(2) has no wrapper in libc"
)]

use libc::{c_char, c_int, c_uint};

use super::child::{Outcome, Prepared, check, wait_for};
use super::op::Op;

/// `MOUNT_ATTR_IDMAP` of linux/mount.h.
const IDMAP: u64 = 0x0010_0000;
/// `OPEN_TREE_CLONE` of linux/mount.h.
const CLONE: c_uint = 1;
/// `AT_RECURSIVE` of linux/fcntl.h.
const RECURSIVE: c_int = 0x8000;

/// `struct mount_attr` of linux/mount.h.
#[repr(C)]
#[derive(Default)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

pub(super) unsafe fn carry_out(step: &Prepared) -> Outcome {
    // SAFETY: prepared C strings and numbers.
    unsafe {
        match step.op {
            Op::SetAttributes { flags, .. } => {
                let attributes = MountAttributes {
                    set: flags,
                    ..MountAttributes::default()
                };
                set(libc::AT_FDCWD, step.at(0), RECURSIVE, &attributes)
            }
            _ => map(step.at(0)),
        }
    }
}

unsafe fn set(at: c_int, path: *const c_char, flags: c_int, with: &MountAttributes) -> Outcome {
    // SAFETY: the kernel reads one structure of the size that it is told.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            at,
            path,
            flags,
            std::ptr::from_ref(with),
            size_of::<MountAttributes>(),
        )
    })
}

/// Maps the ids of a copy of the mount; nothing is attached, and all of it is closed again.
unsafe fn map(target: *const c_char) -> Outcome {
    // SAFETY: a prepared C string, a literal and numbers.
    unsafe {
        let flags = CLONE | libc::O_CLOEXEC as c_uint;
        let tree = check(libc::syscall(
            libc::SYS_open_tree,
            libc::AT_FDCWD,
            target,
            flags,
        ))? as c_int;
        let mapped = namespace().and_then(|namespace| {
            let attributes = MountAttributes {
                set: IDMAP,
                user_namespace: namespace as u64,
                ..MountAttributes::default()
            };
            let mapped = set(tree, c"".as_ptr(), libc::AT_EMPTY_PATH, &attributes);
            libc::close(namespace as c_int);
            mapped
        });
        libc::close(tree);
        mapped
    }
}

/// A descriptor of a new user namespace that maps root to root, made by a child that shares
/// this process's descriptors.
unsafe fn namespace() -> Outcome {
    // SAFETY: without CLONE_VM the child has its own memory; it shares descriptors only, so
    // what it opens is open here, too. Both ends of the pipe take eight bytes whole.
    unsafe {
        let mut fds = [0; 2];
        check(libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC).into())?;
        let flags = libc::c_long::from(libc::CLONE_FILES | libc::SIGCHLD);
        let pid = check(libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0))?;
        if pid == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            let word: i64 = match open_own() {
                Ok(fd) => fd,
                Err(errno) => -i64::from(errno),
            };
            libc::write(fds[1], (&raw const word).cast(), size_of::<i64>());
            libc::_exit(0);
        }
        wait_for(pid as libc::pid_t)?;
        let flags = libc::O_NONBLOCK;
        libc::fcntl(fds[0], libc::F_SETFL, flags);
        // A child that was killed has written nothing.
        let mut word: i64 = -i64::from(libc::ECHILD);
        libc::read(fds[0], (&raw mut word).cast(), size_of::<i64>());
        libc::close(fds[0]);
        libc::close(fds[1]);
        if word < 0 {
            Err(-word as c_int)
        } else {
            Ok(word)
        }
    }
}

/// Makes the namespace and opens it.
unsafe fn open_own() -> Outcome {
    // SAFETY: literals and numbers.
    unsafe {
        check(libc::unshare(libc::CLONE_NEWUSER).into())?;
        for path in [c"/proc/self/uid_map", c"/proc/self/gid_map"] {
            if path == c"/proc/self/gid_map" {
                write(c"/proc/self/setgroups".as_ptr(), b"deny")?;
            }
            write(path.as_ptr(), b"0 0 1")?;
        }
        let flags = libc::O_RDONLY | libc::O_CLOEXEC;
        check(libc::open(c"/proc/self/ns/user".as_ptr(), flags).into())
    }
}

unsafe fn write(path: *const c_char, text: &[u8]) -> Outcome {
    // SAFETY: a C string, and bytes of the length that is told.
    unsafe {
        let fd = check(libc::open(path, libc::O_WRONLY | libc::O_CLOEXEC).into())? as c_int;
        let wrote = check(libc::write(fd, text.as_ptr().cast(), text.len()) as i64);
        libc::close(fd);
        wrote
    }
}
