//! The system calls of the operations, for use in a forked child.
//!
//! As in [`super::child`], everything is async-signal-safe: no allocation, no locks, no panics.

#![expect(
    unsafe_code,
    reason = "raw system calls in a forked child; the standard library is not async-signal-safe"
)]

use std::ptr;

use libc::{c_char, c_int, c_long};

use super::child::{Outcome, Prepared, check, errno, wait_for};
use super::op::Op;
use super::seccomp;

/// How often an unshare(2) that ends in ENOSPC is tried again, and the pause between (ns).
const RETRIES: i64 = 3;
const PAUSE: c_long = 50_000_000;

pub(super) unsafe fn unshare(flags: c_int) -> Outcome {
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
pub(super) unsafe fn write(step: &Prepared, flags: c_int) -> Outcome {
    // SAFETY: prepared C strings; the length is the string's own.
    unsafe {
        let fd = check(libc::open(step.at(0), flags | libc::O_CLOEXEC, 0o755).into())? as c_int;
        let length = step.text.get(1).map_or(0, |text| text.as_bytes().len());
        let wrote = check(libc::write(fd, step.at(1).cast(), length) as i64);
        libc::close(fd);
        wrote.map(|_| 0)
    }
}

pub(super) unsafe fn mounts(step: &Prepared) -> Outcome {
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

pub(super) unsafe fn filters(step: &Prepared) -> Outcome {
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

pub(super) unsafe fn tun() -> Outcome {
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

pub(super) unsafe fn loopback_up() -> Outcome {
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

/// Connects to a UNIX socket; a path that is too long for one ends in ENAMETOOLONG.
pub(super) unsafe fn connect(step: &Prepared) -> Outcome {
    // SAFETY: the address is zeroed, as long as the kernel's, and ends in NUL.
    unsafe {
        let mut address: libc::sockaddr_un = std::mem::zeroed();
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        let path = step.text.first().map_or(&[][..], |path| path.as_bytes());
        if path.len() >= address.sun_path.len() {
            return Err(libc::ENAMETOOLONG);
        }
        for (to, from) in address.sun_path.iter_mut().zip(path) {
            *to = *from as c_char;
        }
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        let fd = check(libc::socket(libc::AF_UNIX, kind, 0).into())? as c_int;
        let length = size_of::<libc::sockaddr_un>() as libc::socklen_t;
        let connected = check(libc::connect(fd, (&raw const address).cast(), length).into());
        libc::close(fd);
        connected
    }
}

/// Asks for the state of the clock and changes nothing.
unsafe fn clock_state() -> Outcome {
    // SAFETY: an all-zero request only asks; the kernel fills it.
    unsafe {
        let mut request: libc::timex = std::mem::zeroed();
        check(libc::adjtimex(&raw mut request).into())
    }
}

/// Sets the soft limit of a resource; one that the hard one does not allow ends in EPERM.
unsafe fn limit(resource: u32, soft: u64) -> Outcome {
    // SAFETY: `limit` is filled by the kernel, and then read by it.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        check(libc::getrlimit(resource as _, &raw mut limit).into())?;
        if soft > limit.rlim_max {
            return Err(libc::EPERM);
        }
        limit.rlim_cur = soft;
        check(libc::setrlimit(resource as _, &raw const limit).into())
    }
}

/// The operations that are one system call.
pub(super) unsafe fn plain(step: &Prepared) -> Outcome {
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
            Op::ReadParent => read_parent(),
            Op::ClockState => clock_state(),
            Op::Limit { resource, soft } => limit(*resource, *soft),
            Op::Syscall { number, args, .. } => {
                let [a, b, c, d, e, f] = *args;
                check(libc::syscall(*number, a, b, c, d, e, f))
            }
            // Every other operation is carried out by the functions above.
            _ => Err(libc::ENOSYS),
        }
    }
}

/// What is read: after a fork it lies at the same address in both processes.
static PATTERN: u64 = 0x6870_6363_746c_0001;

unsafe fn read_parent() -> Outcome {
    let mut copy: u64 = 0;
    let local = libc::iovec {
        iov_base: (&raw mut copy).cast(),
        iov_len: size_of::<u64>(),
    };
    let remote = libc::iovec {
        iov_base: (&raw const PATTERN).cast_mut().cast(),
        iov_len: size_of::<u64>(),
    };
    // SAFETY: the kernel writes at most eight bytes to `copy`, and reads `PATTERN` only.
    unsafe {
        let read = libc::process_vm_readv(
            libc::getppid(),
            &raw const local,
            1,
            &raw const remote,
            1,
            0,
        );
        let read = check(read as i64)?;
        match copy == PATTERN {
            true => Ok(read),
            false => Err(libc::EIO),
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
