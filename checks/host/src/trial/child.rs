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

use libc::{c_char, c_int, c_long};

use super::op::{Map, Op};
use super::parent::c_string;
use super::seccomp;
use crate::scratch::Scratch;

/// The bytes of one report: index, errno, value.
pub(super) const RECORD: usize = 16;

/// The value that says that the child waits at the meeting.
pub(super) const WAITING: i64 = -1;

/// How often an unshare(2) that ends in ENOSPC is tried again, and the pause between (ns).
const RETRIES: i64 = 3;
const PAUSE: c_long = 50_000_000;

/// An operation with all it needs in memory.
pub(super) struct Prepared {
    op: Op,
    optional: bool,
    /// The strings of the operation, in an order of its own.
    text: Vec<CString>,
    /// Pointers into `text`, ended by a null, for execve(2).
    argv: Vec<*const c_char>,
    /// The program of a seccomp filter.
    filter: Vec<libc::sock_filter>,
    /// Why a scratch directory could not be made.
    barred: Option<c_int>,
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

    fn at(&self, n: usize) -> *const c_char {
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
        | Op::MountFuse(path) => vec![path.clone()],
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
type Outcome = Result<i64, c_int>;

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
                Op::Unshare(flags) => unshare(*flags),
                Op::WriteFile { .. } | Op::Map(..) => write(step, libc::O_WRONLY),
                Op::Create { .. } => write(step, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL),
                Op::Mount { .. }
                | Op::Unmount(_)
                | Op::MountFuse(_)
                | Op::PivotRoot
                | Op::DetachOldRoot => mounts(step),
                Op::SeccompErrno { .. } | Op::SeccompAction(_) | Op::SeccompNotify => filters(step),
                Op::Tun => tun(),
                Op::LoopbackUp => loopback_up(),
                _ => plain(step),
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

fn errno() -> c_int {
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

unsafe fn unshare(flags: c_int) -> Outcome {
    let mut tries = 0;
    loop {
        // SAFETY: numbers and a valid timespec.
        unsafe {
            if libc::unshare(flags) == 0 {
                return Ok(tries);
            }
            if errno() != libc::ENOSPC || tries == RETRIES {
                return Err(errno());
            }
            tries += 1;
            let pause = libc::timespec {
                tv_sec: 0,
                tv_nsec: PAUSE,
            };
            libc::nanosleep(&raw const pause, ptr::null_mut());
        }
    }
}

/// Opens the first string and writes the second in one call.
unsafe fn write(step: &Prepared, flags: c_int) -> Outcome {
    // SAFETY: prepared C strings; the length is the string's own.
    unsafe {
        let fd = check(libc::open(step.at(0), flags | libc::O_CLOEXEC, 0o755).into())? as c_int;
        let length = step.text.get(1).map_or(0, |text| text.as_bytes().len());
        let wrote = check(libc::write(fd, step.at(1).cast(), length) as i64);
        libc::close(fd);
        wrote.map(|_| 0)
    }
}

unsafe fn mounts(step: &Prepared) -> Outcome {
    // SAFETY: prepared C strings and literals.
    unsafe {
        match &step.op {
            Op::Mount { flags, data, .. } => {
                let data = if data.is_empty() {
                    ptr::null()
                } else {
                    step.at(3)
                };
                check(libc::mount(step.at(0), step.at(1), step.at(2), *flags, data.cast()).into())
            }
            Op::Unmount(_) => check(libc::umount2(step.at(0), libc::MNT_DETACH).into()),
            Op::PivotRoot => check(libc::syscall(
                libc::SYS_pivot_root,
                c".".as_ptr(),
                c".".as_ptr(),
            )),
            Op::DetachOldRoot => check(libc::umount2(c".".as_ptr(), libc::MNT_DETACH).into()),
            _ => mount_fuse(step.at(0)),
        }
    }
}

/// Mounts without a server: the mount is there until the device is closed.
unsafe fn mount_fuse(target: *const c_char) -> Outcome {
    // SAFETY: literals, a prepared C string, and a buffer that is large enough and ends in NUL.
    unsafe {
        let fd = check(libc::open(c"/dev/fuse".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC).into())?
            as c_int;
        let mut options = [0_u8; 64];
        let text = b"rootmode=40000,user_id=0,group_id=0,fd=";
        options[..text.len()].copy_from_slice(text);
        let mut digits = [0_u8; 10];
        let mut count = 0;
        let mut rest = fd.unsigned_abs();
        while count == 0 || rest > 0 {
            digits[count] = b'0' + (rest % 10) as u8;
            rest /= 10;
            count += 1;
        }
        for n in 0..count {
            options[text.len() + n] = digits[count - 1 - n];
        }
        let flags = libc::MS_NOSUID | libc::MS_NODEV;
        let mounted = check(
            libc::mount(
                c"hpcctl".as_ptr(),
                target,
                c"fuse".as_ptr(),
                flags,
                options.as_ptr().cast(),
            )
            .into(),
        );
        if mounted.is_ok() {
            libc::umount2(target, libc::MNT_DETACH);
        }
        libc::close(fd);
        mounted
    }
}

unsafe fn filters(step: &Prepared) -> Outcome {
    // SAFETY: the filter outlives the call; the kernel copies it.
    unsafe {
        if let Op::SeccompAction(action) = step.op {
            const GET_ACTION_AVAIL: c_long = 2;
            return check(libc::syscall(
                libc::SYS_seccomp,
                GET_ACTION_AVAIL,
                0,
                &raw const action,
            ));
        }
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
        if step.op == Op::SeccompNotify {
            seccomp::round_trip(&step.filter)
        } else {
            seccomp::install(&step.filter, 0).map(|_| 0)
        }
    }
}

/// The head of `struct ifreq`: a name and flags, in the kernel's size.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; libc::IFNAMSIZ],
    flags: libc::c_short,
    rest: [u8; 22],
}

const TUNSETIFF: libc::Ioctl = 0x4004_54ca;
const IFF_TUN: libc::c_short = 0x0001;

unsafe fn tun() -> Outcome {
    // SAFETY: a literal path and a request of the kernel's size.
    unsafe {
        let fd = check(libc::open(c"/dev/net/tun".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC).into())?
            as c_int;
        let mut request = InterfaceRequest {
            name: [0; libc::IFNAMSIZ],
            flags: IFF_TUN,
            rest: [0; 22],
        };
        let made = check(libc::ioctl(fd, TUNSETIFF, &raw mut request).into());
        libc::close(fd);
        made
    }
}

unsafe fn loopback_up() -> Outcome {
    // SAFETY: a request of the kernel's size.
    unsafe {
        let fd =
            check(libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0).into())?
                as c_int;
        let mut request = InterfaceRequest {
            name: [0; libc::IFNAMSIZ],
            flags: libc::IFF_UP as libc::c_short,
            rest: [0; 22],
        };
        request.name[..2].copy_from_slice(b"lo");
        let up = check(libc::ioctl(fd, libc::SIOCSIFFLAGS, &raw mut request).into());
        libc::close(fd);
        up
    }
}

/// The operations that are one system call.
unsafe fn plain(step: &Prepared) -> Outcome {
    // SAFETY: numbers and prepared C strings; `stat` is filled by the kernel.
    unsafe {
        let path = step.at(0);
        match &step.op {
            Op::Mkdir(_) => check(libc::mkdir(path, 0o755).into()),
            Op::Rmdir(_) => check(libc::rmdir(path).into()),
            Op::Unlink(_) => check(libc::unlink(path).into()),
            Op::Chdir(_) => check(libc::chdir(path).into()),
            Op::Scratch(_) => match step.barred {
                Some(errno) => Err(errno),
                None => check(libc::chdir(path).into()),
            },
            Op::Chown { uid, gid, .. } => check(libc::chown(path, *uid, *gid).into()),
            Op::SetXattr { value, .. } => {
                check(libc::setxattr(path, step.at(1), step.at(2).cast(), value.len(), 0).into())
            }
            Op::Writable(_) => check(libc::access(path, libc::W_OK | libc::X_OK).into()),
            Op::Absent(_) => match check(libc::access(path, libc::F_OK).into()) {
                Err(libc::ENOENT) => Ok(0),
                Ok(_) => Err(libc::EEXIST),
                error => error,
            },
            Op::Open { write, .. } => {
                let flags = if *write { libc::O_RDWR } else { libc::O_RDONLY };
                let fd =
                    check(libc::open(path, flags | libc::O_CLOEXEC | libc::O_NONBLOCK).into())?;
                check(libc::close(fd as c_int).into())
            }
            Op::SetId { uid, gid } => {
                check(libc::setresgid(*gid, *gid, *gid).into())?;
                check(libc::setresuid(*uid, *uid, *uid).into())
            }
            Op::Clone3(flags) => clone3(*flags),
            Op::Syscall { number, args, .. } => {
                let [a, b, c, d, e, f] = *args;
                check(libc::syscall(*number, a, b, c, d, e, f))
            }
            // Every other operation is carried out by the functions above.
            _ => Err(libc::ENOSYS),
        }
    }
}

/// The first version of `struct clone_args`, 64 bytes.
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
}

unsafe fn clone3(flags: u64) -> Outcome {
    let arguments = CloneArguments {
        flags,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArguments::default()
    };
    // SAFETY: without CLONE_VM the child has its own copy of this stack; it exits at once.
    unsafe {
        let pid = check(libc::syscall(
            libc::SYS_clone3,
            &raw const arguments,
            size_of::<CloneArguments>(),
        ))?;
        if pid == 0 {
            libc::_exit(0);
        }
        wait_for(pid as libc::pid_t).map(|_| 0)
    }
}
