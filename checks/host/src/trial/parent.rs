//! The parent's side of a trial: starts the child, listens, answers, and ends it in time.

#![expect(
    unsafe_code,
    reason = "fork(2) and kill(2) of a process group have no safe wrapper that keeps to async-signal-safe calls"
)]

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use super::child::{self, Prepared, RECORD};
use super::{Attempted, End, Op, Trial, Tried};
use crate::{Errno, Ran, command};

/// Carries out a trial and ends it at the deadline.
pub(crate) fn attempt(trial: &Trial, deadline: Duration) -> Tried {
    let mut tried = Tried {
        steps: Vec::with_capacity(trial.steps.len()),
        subject: trial.subject,
        end: End::Finished,
        meeting: Vec::new(),
    };
    match start(trial) {
        Ok(mut running) => {
            let until = Instant::now() + deadline;
            let end = running.listen(trial, until, &mut tried);
            tried.end = running.reap(end);
        }
        Err(errno) => tried.end = End::NotStarted(errno),
    }
    tried
}

/// Kills a process group; one that is gone is fine.
pub(crate) fn kill_group(pid: i32) {
    // SAFETY: kill(2) takes numbers only.
    unsafe { libc::kill(-pid, libc::SIGKILL) };
}

/// A child that carries out a trial.
struct Running {
    pid: libc::pid_t,
    /// Where the child reports.
    reports: File,
    /// Where the child is told to go on.
    go: File,
    /// What the child carries out; its scratch directory is removed with it.
    _prepared: Vec<Prepared>,
}

fn start(trial: &Trial) -> Result<Running, Errno> {
    let prepared: Vec<Prepared> = trial
        .steps
        .iter()
        .map(|step| Prepared::new(&step.op, step.optional))
        .collect::<Result<_, std::ffi::NulError>>()
        .map_err(|_| Errno::EINVAL)?;
    let (reports, report) = pipe()?;
    let (wait, go) = pipe()?;
    let null = null_device();
    // SAFETY: the child makes async-signal-safe calls only, on memory prepared above.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error().into()),
        0 => child::carry_out(
            &prepared,
            report.as_raw_fd(),
            wait.as_raw_fd(),
            null.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        ),
        pid => {
            // Set on both sides, so that neither can be late.
            // SAFETY: setpgid(2) takes numbers only.
            unsafe { libc::setpgid(pid, pid) };
            Ok(Running {
                pid,
                reports: File::from(reports),
                go: File::from(go),
                _prepared: prepared,
            })
        }
    }
}

impl Running {
    /// Takes the child's reports until it has none left; true when that was in time.
    fn listen(&mut self, trial: &Trial, until: Instant, tried: &mut Tried) -> bool {
        let mut record = [0; RECORD];
        while self.readable(until) {
            if self.reports.read_exact(&mut record).is_err() {
                return true;
            }
            let (index, errno, value) = child::decode(&record);
            let Some(step) = trial.steps.get(index) else {
                return true;
            };
            if step.op == Op::Meet && errno == 0 && value == child::WAITING {
                self.meet(trial, until, &mut tried.meeting);
                continue;
            }
            tried.steps.push(Attempted {
                call: step.op.to_string(),
                optional: step.optional,
                errno: (errno != 0).then_some(Errno(errno)),
                value,
            });
        }
        false
    }

    /// Runs the commands of the meeting and tells the child how it went.
    fn meet(&mut self, trial: &Trial, until: Instant, meeting: &mut Vec<Ran>) {
        let mut all_ok = true;
        for argv in &trial.meeting {
            let argv: Vec<String> = argv
                .iter()
                .map(|arg| arg.replace("{pid}", &self.pid.to_string()))
                .collect();
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            meeting.push(command::run(
                &argv,
                &[],
                until.saturating_duration_since(Instant::now()),
            ));
            all_ok = meeting.last().is_some_and(Ran::ok);
            if !all_ok {
                break;
            }
        }
        // A child that is gone already is noticed when its reports end.
        let _ = self.go.write_all(&[u8::from(all_ok)]);
    }

    /// Waits for a report or the end of them; false at the deadline.
    fn readable(&self, until: Instant) -> bool {
        loop {
            let left = until.saturating_duration_since(Instant::now()).as_millis();
            if left == 0 {
                return false;
            }
            let mut poll = libc::pollfd {
                fd: self.reports.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: `poll` is one valid pollfd that outlives the call.
            let ready =
                unsafe { libc::poll(&raw mut poll, 1, i32::try_from(left).unwrap_or(i32::MAX)) };
            if ready > 0 {
                return true;
            }
        }
    }

    /// Ends what may be left of the trial and collects the child.
    fn reap(self, in_time: bool) -> End {
        if !in_time {
            kill_group(self.pid);
        }
        // Looked at without reaping first: while the child is a zombie nobody else can have
        // its number, so the group killed is the trial's own.
        // SAFETY: an all-zero siginfo_t is valid; waitid(2) fills it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let mut status = 0;
        // SAFETY: both pointers are valid for the calls; EINTR is retried.
        unsafe {
            let id = self.pid.cast_unsigned();
            while libc::waitid(
                libc::P_PID,
                id,
                &raw mut info,
                libc::WEXITED | libc::WNOWAIT,
            ) != 0
                && Errno::from(std::io::Error::last_os_error()) == Errno::EINTR
            {}
            kill_group(self.pid);
            libc::waitpid(self.pid, &raw mut status, 0);
        }
        match status {
            _ if !in_time => End::Deadline,
            status if libc::WIFSIGNALED(status) => End::Signal(libc::WTERMSIG(status)),
            _ => End::Finished,
        }
    }
}

/// Where the output of programs goes.
fn null_device() -> Option<File> {
    File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .ok()
}

pub(super) fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut fds = [0; 2];
    // SAFETY: `fds` holds the two ints that pipe2(2) fills.
    if unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: pipe2(2) has just made both; nobody else owns them.
    Ok(unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) })
}

/// Makes a C string.
pub(super) fn c_string(text: &str) -> Result<CString, std::ffi::NulError> {
    CString::new(text)
}
