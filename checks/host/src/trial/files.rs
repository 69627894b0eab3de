//! What file systems differ in: files without names, locks, whiteouts, devices, small files.
//!
//! As in [`super::child`], everything is async-signal-safe: no allocation, no locks, no panics.

#![expect(
    unsafe_code,
    reason = "raw system calls in a forked child; the standard library is not async-signal-safe"
)]

use libc::{c_char, c_int, c_uint};

use super::child::{Outcome, Prepared, check};
use super::op::Op;

pub(super) unsafe fn carry_out(step: &Prepared) -> Outcome {
    // SAFETY: prepared C strings and numbers.
    unsafe {
        let path = step.at(0);
        match &step.op {
            Op::OpenUnnamed(_) => {
                let flags = libc::O_TMPFILE | libc::O_RDWR | libc::O_CLOEXEC;
                close(libc::open(path, flags, 0o600))
            }
            Op::Lock(_) => {
                let flags = libc::O_RDWR | libc::O_CLOEXEC;
                let fd = check(libc::open(path, flags).into())? as c_int;
                let locked = check(libc::flock(fd, libc::LOCK_EX | libc::LOCK_NB).into());
                libc::close(fd);
                locked
            }
            Op::RenameWhiteout { .. } => check(libc::syscall(
                libc::SYS_renameat2,
                libc::AT_FDCWD,
                path,
                libc::AT_FDCWD,
                step.at(1),
                libc::RENAME_WHITEOUT,
            )),
            Op::MakeDevice { major, minor, .. } => {
                let device = libc::makedev(*major as c_uint, *minor as c_uint);
                check(libc::mknod(path, libc::S_IFCHR | 0o600, device).into())
            }
            Op::SmallFiles { most, milliseconds } => small_files(*most, *milliseconds),
            // Every other operation is carried out elsewhere.
            _ => Err(libc::ENOSYS),
        }
    }
}

unsafe fn close(fd: c_int) -> Outcome {
    // SAFETY: numbers only.
    unsafe { check(libc::close(check(fd.into())? as c_int).into()) }
}

/// Makes, looks at and removes files one after the other, and counts the time of each round.
unsafe fn small_files(most: u32, milliseconds: u32) -> Outcome {
    let begun = now();
    let bound = i64::from(milliseconds) * 1_000_000;
    let mut done = 0;
    // SAFETY: a name that ends in NUL, and a structure that the kernel fills.
    unsafe {
        while done < most && (done == 0 || now() - begun < bound) {
            let name = name(done);
            let path = name.as_ptr();
            let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
            close(libc::open(path, flags, 0o600))?;
            let mut stat: libc::stat = std::mem::zeroed();
            check(libc::stat(path, &raw mut stat).into())?;
            check(libc::unlink(path).into())?;
            done += 1;
        }
    }
    // A clock too coarse to see it still took some time.
    Ok(((now() - begun) / i64::from(done.max(1))).max(1))
}

/// The name of the n-th file, such as `s000001f`.
fn name(n: u32) -> [c_char; 10] {
    let mut name = [0; 10];
    name[0] = b's' as c_char;
    for (place, letter) in name.iter_mut().skip(1).take(8).enumerate() {
        let digit = (n >> (28 - 4 * place)) & 0xf;
        *letter = b"0123456789abcdef"[digit as usize] as c_char;
    }
    name
}

/// Nanoseconds of the monotonic clock.
fn now() -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: one valid timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trial::{Trial, Tried, attempt};
    use crate::{Errno, Stat};

    fn in_scratch(ops: &[Op]) -> Tried {
        let made = tempfile::tempdir().unwrap();
        let trial = Trial::new().op(Op::Scratch(made.path().to_str().unwrap().into()));
        let trial = ops.iter().fold(trial, |trial, op| trial.op(op.clone()));
        let tried = attempt(&trial, Duration::from_secs(10));
        assert_eq!(std::fs::read_dir(made.path()).unwrap().count(), 0);
        tried
    }

    #[test]
    fn names_differ_and_end_in_nul() {
        let text = |n| name(n).map(|letter| letter as u8);
        assert_eq!(&text(0x1f), b"s0000001f\0");
        assert_ne!(name(0), name(1));
    }

    #[test]
    fn files_are_made_and_timed() {
        let tried = in_scratch(&[Op::SmallFiles {
            most: 8,
            milliseconds: 1000,
        }]);
        assert!(tried.ok(), "{tried:?}");
        assert!(tried.steps[1].value > 0, "{tried:?}");
    }

    #[test]
    fn a_lock_is_taken_on_a_file_that_is_there() {
        let create = Op::Create {
            path: "file".into(),
            data: "x".into(),
        };
        let locked = in_scratch(&[create, Op::Lock("file".into())]);
        assert!(locked.ok(), "{locked:?}");
        let missing = in_scratch(&[Op::Lock("file".into())]);
        let errno = missing.failed().and_then(|step| step.errno);
        assert_eq!(errno, Some(Errno::ENOENT));
    }

    #[test]
    fn a_file_without_a_name_leaves_none() {
        let here: Stat = crate::file::stat("/tmp").unwrap();
        let tried = in_scratch(&[Op::OpenUnnamed(".".into())]);
        // ext4, xfs, btrfs and tmpfs have it; an old overlay does not.
        let has = [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994].contains(&here.fs_type);
        assert!(tried.ok() || !has, "{tried:?}");
    }
}
