//! Seccomp filters, seccomp(2) and seccomp_unotify(2), for use in a forked child.

#![expect(unsafe_code, reason = "seccomp(2) has no wrapper in libc")]

use libc::{c_int, c_long, sock_filter};

use super::child::{check, wait_for};

/// The architecture word of `struct seccomp_data`, linux/audit.h.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;

const SET_MODE_FILTER: c_long = 1;
const NEW_LISTENER: c_long = 1 << 3;
const ALLOW: u32 = 0x7fff_0000;
const ERRNO: u32 = 0x0005_0000;
const USER_NOTIF: u32 = 0x7fc0_0000;

const NOTIF_RECV: libc::Ioctl = 0xc050_2100_u32 as libc::Ioctl;
const NOTIF_SEND: libc::Ioctl = 0xc018_2101_u32 as libc::Ioctl;

/// What the supervisor of [`round_trip`] answers: no real parent has this number by chance.
const ANSWER: i64 = 4_242_424_242;

/// A filter that answers these system calls with an errno and allows all others.
pub(super) fn answer(calls: &[i64], errno: u16) -> Vec<sock_filter> {
    program(calls, ERRNO | u32::from(errno))
}

/// A filter that hands one system call to a supervisor and allows all others.
pub(super) fn notify(call: i64) -> Vec<sock_filter> {
    program(&[call], USER_NOTIF)
}

fn program(calls: &[i64], action: u32) -> Vec<sock_filter> {
    let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
    let give = |value| statement(libc::BPF_RET | libc::BPF_K, value);
    // Another architecture's numbers mean other calls: allow them.
    let mut filter = vec![
        load(4),
        jump_unless_equal(ARCHITECTURE, 1 + 2 * calls.len() as u8),
        load(0),
    ];
    for call in calls {
        filter.push(jump_unless_equal(*call as u32, 1));
        filter.push(give(action));
    }
    filter.push(give(ALLOW));
    filter
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    }
}

fn jump_unless_equal(value: u32, over: u8) -> sock_filter {
    sock_filter {
        code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
        jt: 0,
        jf: over,
        k: value,
    }
}

/// Installs a filter; the value is the listener where one was asked for.
pub(super) unsafe fn install(filter: &[sock_filter], flags: c_long) -> Result<i64, c_int> {
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel only reads the program, which outlives the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            SET_MODE_FILTER,
            flags,
            &raw const program,
        )
    })
}

#[repr(C)]
struct Notification {
    id: u64,
    pid: u32,
    flags: u32,
    data: [u64; 8],
}

#[repr(C)]
struct Response {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

/// Supervises one call of a child that shares this process's descriptors.
///
/// The child installs the filter and calls getppid(2); the supervisor answers with a number
/// that the kernel would not; the child exits with 0 when it sees it.
pub(super) unsafe fn round_trip(filter: &[sock_filter]) -> Result<i64, c_int> {
    // SAFETY: without CLONE_VM the child has its own memory; it shares descriptors only, so
    // the listener that it makes is open here, too. All structures have the kernel's layout.
    unsafe {
        let mut fds = [0; 2];
        check(libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC).into())?;
        let flags = c_long::from(libc::CLONE_FILES | libc::SIGCHLD);
        let pid = check(libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0))?;
        if pid == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            let listener: i64 = match install(filter, NEW_LISTENER) {
                Ok(fd) => fd,
                Err(errno) => -i64::from(errno),
            };
            libc::write(fds[1], (&raw const listener).cast(), size_of::<i64>());
            let seen = if listener < 0 {
                0
            } else {
                libc::syscall(libc::SYS_getppid)
            };
            libc::_exit(c_int::from(seen != ANSWER));
        }
        let mut listener: i64 = 0;
        libc::read(fds[0], (&raw mut listener).cast(), size_of::<i64>());
        let answered = if listener < 0 {
            Err(-listener as c_int)
        } else {
            supervise(listener as c_int)
        };
        if answered.is_err() {
            libc::kill(pid as libc::pid_t, libc::SIGKILL);
        }
        let status = wait_for(pid as libc::pid_t)?;
        answered?;
        if status == 0 {
            Ok(ANSWER)
        } else {
            Err(libc::EPROTO)
        }
    }
}

unsafe fn supervise(listener: c_int) -> Result<(), c_int> {
    // SAFETY: an all-zero notification is what the kernel asks for; it fills it.
    unsafe {
        let mut notification: Notification = std::mem::zeroed();
        check(libc::ioctl(listener, NOTIF_RECV, &raw mut notification).into())?;
        let mut response = Response {
            id: notification.id,
            value: ANSWER,
            error: 0,
            flags: 0,
        };
        check(libc::ioctl(listener, NOTIF_SEND, &raw mut response).into())?;
        Ok(())
    }
}
