//! The child's side of a trial: carries out prepared steps and reports each one.
//!
//! Everything here runs between fork and exec of a process that may have had threads, so it
//! makes async-signal-safe calls only: no allocation, no locks, no panics.

#![expect(
    unsafe_code,
    reason = "raw system calls in a forked child; the standard library is not async-signal-safe"
)]

use std::ffi::{CString, NulError};
use std::ptr;

use libc::{c_char, c_int};

use super::attributes;
use super::calls;
use super::files;
use super::op::{Map, Op};
use super::parent::c_string;
use super::seccomp;
use crate::scratch::Scratch;

/// The bytes of one report: index, errno, value.
pub(super) const RECORD: usize = 16;

/// The value that says that the child waits at the meeting.
pub(super) const WAITING: i64 = -1;

/// An operation with all it needs in memory.
pub(super) struct Prepared {
    pub(super) op: Op,
    pub(super) optional: bool,
    /// The strings of the operation, in an order of its own.
    pub(super) text: Vec<CString>,
    /// Pointers into `text`, ended by a null, for execve(2).
    argv: Vec<*const c_char>,
    /// The program of a seccomp filter.
    pub(super) filter: Vec<libc::sock_filter>,
    /// Why a scratch directory could not be made.
    pub(super) barred: Option<c_int>,
    /// The scratch directory; the parent's copy removes it.
    _scratch: Option<Scratch>,
}

impl Prepared {
    pub(super) fn new(op: &Op, optional: bool) -> Result<Self, NulError> {
        let (scratch, barred) = match op {
            Op::Scratch(parent) => match Scratch::new(parent) {
                Ok(scratch) => (Some(scratch), None),
                Err(errno) => (None, Some(errno.0)),
            },
            _ => (None, None),
        };
        let mut text: Vec<CString> = strings(op)
            .iter()
            .map(|text| c_string(text))
            .collect::<Result<_, _>>()?;
        text.extend(scratch.iter().map(|scratch| scratch.path().clone()));
        let mut argv: Vec<*const c_char> = text.iter().map(|text| text.as_ptr()).collect();
        argv.push(ptr::null());
        let filter = match op {
            Op::SeccompErrno { calls, errno } => seccomp::answer(calls, *errno),
            Op::SeccompNotify => seccomp::notify(libc::SYS_getppid),
            _ => Vec::new(),
        };
        Ok(Self {
            op: op.clone(),
            optional,
            text,
            argv,
            filter,
            barred,
            _scratch: scratch,
        })
    }

    pub(super) fn at(&self, n: usize) -> *const c_char {
        self.argv.get(n).copied().unwrap_or(ptr::null())
    }
}

/// The strings that the system calls of an operation take.
fn strings(op: &Op) -> Vec<String> {
    match op {
        Op::WriteFile { path, data } | Op::Create { path, data } => {
            vec![path.clone(), data.clone()]
        }
        Op::Map(Map::Uid, id) => vec!["/proc/self/uid_map".into(), format!("0 {id} 1")],
        Op::Map(Map::Gid, id) => vec!["/proc/self/gid_map".into(), format!("0 {id} 1")],
        Op::Mount {
            source,
            target,
            fstype,
            data,
            ..
        } => {
            vec![source.clone(), target.clone(), fstype.clone(), data.clone()]
        }
        Op::Unmount(path)
        | Op::Mkdir(path)
        | Op::Rmdir(path)
        | Op::Unlink(path)
        | Op::Absent(path)
        | Op::Writable(path)
        | Op::Chdir(path)
        | Op::OpenUnnamed(path)
        | Op::Lock(path)
        | Op::MapMount(path)
        | Op::Connect(path)
        | Op::MountFuse(path) => vec![path.clone()],
        Op::MakeDevice { path, .. } | Op::SetAttributes { target: path, .. } => {
            vec![path.clone()]
        }
        Op::RenameWhiteout { from, to } => vec![from.clone(), to.clone()],
        Op::SetXattr { path, name, value } => vec![path.clone(), name.clone(), value.clone()],
        Op::Open { path, .. } | Op::Chown { path, .. } => vec![path.clone()],
        Op::Exec(argv) => argv.clone(),
        _ => Vec::new(),
    }
}

pub(super) fn decode(record: &[u8; RECORD]) -> (usize, i32, i64) {
    let [a, b, c, d, e, f, g, h, value @ ..] = *record;
    let index = u32::from_ne_bytes([a, b, c, d]) as usize;
    (
        index,
        i32::from_ne_bytes([e, f, g, h]),
        i64::from_ne_bytes(value),
    )
}

/// What the child knows of its surroundings: three open files.
struct Child {
    report: c_int,
    wait: c_int,
    null: c_int,
}

/// The value of an operation, or its errno.
pub(super) type Outcome = Result<i64, c_int>;

/// Carries out the steps in order; never returns.
pub(super) fn carry_out(steps: &[Prepared], report: c_int, wait: c_int, null: c_int) -> ! {
    let child = Child { report, wait, null };
    // SAFETY: numbers only.
    unsafe {
        libc::setpgid(0, 0);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    }
    for (index, step) in steps.iter().enumerate() {
        let outcome = child.step(index, step);
        let (errno, value) = match outcome {
            Ok(value) => (0, value),
            Err(errno) => (errno, 0),
        };
        child.tell(index, errno, value);
        if errno != 0 && !step.optional {
            break;
        }
    }
    // SAFETY: ends the child without running the parent's exit handlers.
    unsafe { libc::_exit(0) }
}

impl Child {
    fn tell(&self, index: usize, errno: c_int, value: i64) {
        let mut record = [0; RECORD];
        record[..4].copy_from_slice(&(index as u32).to_ne_bytes());
        record[4..8].copy_from_slice(&errno.to_ne_bytes());
        record[8..].copy_from_slice(&value.to_ne_bytes());
        // SAFETY: `record` is valid for its length; a pipe takes so few bytes whole.
        unsafe { libc::write(self.report, record.as_ptr().cast(), RECORD) };
    }

    fn step(&self, index: usize, step: &Prepared) -> Outcome {
        // SAFETY: each call gets numbers or pointers to C strings prepared before the fork.
        unsafe {
            match &step.op {
                Op::Fork => fork(),
                Op::Meet => self.meet(index),
                Op::Exec(_) => self.exec(step),
                _ => plain_step(step),
            }
        }
    }

    /// Waits for the parent's word.
    unsafe fn meet(&self, index: usize) -> Outcome {
        self.tell(index, 0, WAITING);
        let mut word = [0_u8; 1];
        // SAFETY: `word` is one valid byte.
        match unsafe { libc::read(self.wait, word.as_mut_ptr().cast(), 1) } {
            1 if word[0] == 1 => Ok(0),
            _ => Err(libc::ECHILD),
        }
    }

    /// Runs a program in a child of the child and waits for it.
    unsafe fn exec(&self, step: &Prepared) -> Outcome {
        // SAFETY: the grandchild only moves descriptors, executes and exits; the
        // close-on-exec pipe tells an execve(2) that failed from a program that ran.
        unsafe {
            let mut fds = [0; 2];
            check(libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC).into())?;
            let pid = check(libc::fork().into())?;
            if pid == 0 {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                for fd in 0..3 {
                    libc::dup2(self.null, fd);
                }
                let environment: [*const c_char; 1] = [ptr::null()];
                libc::execve(step.at(0), step.argv.as_ptr(), environment.as_ptr());
                let failed = errno();
                libc::write(fds[1], (&raw const failed).cast(), size_of::<c_int>());
                libc::_exit(127);
            }
            libc::close(fds[1]);
            let mut failed: c_int = 0;
            let got = libc::read(fds[0], (&raw mut failed).cast(), size_of::<c_int>());
            libc::close(fds[0]);
            let status = wait_for(pid as libc::pid_t)?;
            if got > 0 { Err(failed) } else { Ok(status) }
        }
    }
}

/// Carries out a step that needs nothing of the parent.
pub(super) fn plain_step(step: &Prepared) -> Outcome {
    // SAFETY: each call gets numbers or pointers to C strings prepared before the fork.
    unsafe {
        match &step.op {
            Op::Unshare(flags) => calls::unshare(*flags),
            Op::WriteFile { .. } | Op::Map(..) => calls::write(step, libc::O_WRONLY),
            Op::Create { .. } => calls::write(step, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL),
            Op::Mount { .. }
            | Op::Unmount(_)
            | Op::MountFuse(_)
            | Op::PivotRoot
            | Op::DetachOldRoot => calls::mounts(step),
            Op::SeccompErrno { .. } | Op::SeccompAction(_) | Op::SeccompNotify => {
                calls::filters(step)
            }
            Op::OpenUnnamed(_)
            | Op::Lock(_)
            | Op::RenameWhiteout { .. }
            | Op::MakeDevice { .. }
            | Op::SmallFiles { .. } => files::carry_out(step),
            Op::SetAttributes { .. } | Op::MapMount(_) => attributes::carry_out(step),
            Op::Connect(_) => calls::connect(step),
            Op::Tun => calls::tun(),
            Op::LoopbackUp => calls::loopback_up(),
            _ => calls::plain(step),
        }
    }
}

pub(super) fn errno() -> c_int {
    // SAFETY: the pointer is to this thread's own errno.
    unsafe { *libc::__errno_location() }
}

/// The value that a system call returned, or its errno.
pub(super) fn check(returned: i64) -> Outcome {
    if returned == -1 {
        Err(errno())
    } else {
        Ok(returned)
    }
}

/// Goes on in a child; the parent waits for it and ends.
unsafe fn fork() -> Outcome {
    // SAFETY: numbers only; the parent of this fork does nothing but wait and exit.
    unsafe {
        let pid = check(libc::fork().into())?;
        if pid == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            return Ok(0);
        }
        let _ = wait_for(pid as libc::pid_t);
        libc::_exit(0)
    }
}

/// Waits for a child; its exit status, or minus the signal that ended it.
pub(super) unsafe fn wait_for(pid: libc::pid_t) -> Outcome {
    let mut status = 0;
    // SAFETY: `status` is a valid int.
    while unsafe { libc::waitpid(pid, &raw mut status, 0) } == -1 {
        if errno() != libc::EINTR {
            return Err(errno());
        }
    }
    Ok(if libc::WIFSIGNALED(status) {
        -i64::from(libc::WTERMSIG(status))
    } else {
        libc::WEXITSTATUS(status).into()
    })
}
