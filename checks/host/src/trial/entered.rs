//! A program that runs in namespaces of its own, with its standard input and output at hand, and its errors where they are asked for.
//!
//! One clone(2) makes the namespaces and the child; the child carries out the steps of a trial,
//! which mount and enter its root, and becomes the program. There is no process in between.
//!
//! Until then it is in our memory and we wait, as after vfork(2): to copy what a process of ours has mapped takes as long as the
//! namespaces do. It has a stack of its own, and no signal is handled while there are two in one memory.

#![expect(
    unsafe_code,
    reason = "clone(2) with namespaces and execve(2) in the child have no safe wrapper"
)]

use std::ffi::{CString, c_void};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

use libc::{c_char, c_int};

use super::Trial;
use super::child::{Outcome, Prepared, check, errno, wait_for};
use super::parent::{c_string, pipe};
use crate::Errno;

/// The bytes of the stack of a child until it becomes the program.
const STACK: usize = 64 << 10;

/// The most that a stack is aligned to.
const ALIGNED: usize = 64;

/// The index that stands for execve(2) itself.
const EXEC: u32 = u32::MAX;

/// A program with its namespaces; it is killed when this is dropped.
#[derive(Debug)]
pub struct Entered {
    pid: libc::pid_t,
    /// What the program reads; taken by whoever writes it.
    pub stdin: Option<File>,
    /// What the program writes; taken by whoever reads it.
    pub stdout: Option<File>,
    /// What it writes to standard error, where that was asked for; taken by whoever reads it.
    pub stderr: Option<File>,
    ended: bool,
}

/// Why a program could not be started in its namespaces.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{call}: {errno}")]
pub struct EnterError {
    /// The call that failed, as one would write it.
    pub call: String,
    /// How it failed.
    pub errno: Errno,
}

/// A start that was prepared once and can be done many times.
pub struct Entry {
    namespaces: c_int,
    calls: Vec<String>,
    steps: Vec<Prepared>,
    program: Vec<CString>,
    environment: Vec<CString>,
}

impl Entry {
    /// Prepares a start: `namespaces` are flags of clone(2), the trial's steps mount and enter
    /// the root (its [`super::Op::Fork`] and [`super::Op::Meet`] have no place here), `argv` begins with a
    /// path inside, and `environment` is all of the environment, each `NAME=VALUE`.
    ///
    /// # Errors
    ///
    /// When a string holds a NUL.
    pub fn new(
        namespaces: c_int,
        trial: &Trial,
        argv: &[String],
        environment: &[String],
    ) -> Result<Self, EnterError> {
        let invalid = |_| EnterError {
            call: format!("execve({})", argv.join(" ")),
            errno: Errno::EINVAL,
        };
        let strings = |texts: &[String]| {
            let made = texts.iter().map(|text| c_string(text));
            made.collect::<Result<Vec<CString>, _>>()
        };
        let steps = trial.steps.iter();
        Ok(Self {
            namespaces,
            calls: steps.clone().map(|step| step.op.to_string()).collect(),
            steps: steps
                .map(|step| Prepared::new(&step.op, step.optional))
                .collect::<Result<_, _>>()
                .map_err(invalid)?,
            program: strings(argv).map_err(invalid)?,
            environment: strings(environment).map_err(invalid)?,
        })
    }

    /// Starts the program; its standard error is ours.
    ///
    /// # Errors
    ///
    /// When the namespaces cannot be made, a step fails or the program cannot be executed.
    pub fn start(&self) -> Result<Entered, EnterError> {
        self.start_with(None)
    }

    /// Starts the program with its standard error at hand, too.
    ///
    /// # Errors
    ///
    /// As [`Entry::start`].
    pub fn start_heard(&self) -> Result<Entered, EnterError> {
        let (ours, theirs) = pipe().map_err(no_pipe)?;
        let mut entered = self.start_with(Some(theirs))?;
        entered.stderr = Some(File::from(ours));
        Ok(entered)
    }

    fn start_with(&self, stderr: Option<OwnedFd>) -> Result<Entered, EnterError> {
        let (theirs_in, ours_in) = pipe().map_err(no_pipe)?;
        let (ours_out, theirs_out) = pipe().map_err(no_pipe)?;
        let (argv, environment) = (pointers(&self.program), pointers(&self.environment));
        let mut start = Start {
            steps: &self.steps,
            stdin: theirs_in.as_raw_fd(),
            stdout: theirs_out.as_raw_fd(),
            stderr: stderr.as_ref().map(AsRawFd::as_raw_fd),
            argv: &argv,
            environment: &environment,
            signals: block(),
            failed: None,
        };
        // SAFETY: the child has the memory to itself until it is another program or has ended.
        let cloned = unsafe { start.clone(self.namespaces) };
        unblock(&start.signals);
        let pid = cloned.map_err(|errno| EnterError {
            call: format!("clone({})", super::namespaces(self.namespaces as u64)),
            errno,
        })?;
        let entered = Entered {
            pid,
            stdin: Some(File::from(ours_in)),
            stdout: Some(File::from(ours_out)),
            stderr: None,
            ended: false,
        };
        match start.failed {
            Some(failed) => Err(self.failure(failed)),
            None => Ok(entered),
        }
    }

    fn failure(&self, (index, errno): (u32, i32)) -> EnterError {
        let call = match self.calls.get(index as usize) {
            Some(call) => call.clone(),
            None => {
                let program = self.program.first().map(|path| path.to_string_lossy());
                format!("execve({})", program.unwrap_or_default())
            }
        };
        EnterError {
            call,
            errno: Errno(errno),
        }
    }
}

fn no_pipe(errno: Errno) -> EnterError {
    EnterError {
        call: "pipe2()".into(),
        errno,
    }
}

/// What the child is given, and what it tells.
struct Start<'a> {
    steps: &'a [Prepared],
    stdin: c_int,
    stdout: c_int,
    stderr: Option<c_int>,
    argv: &'a [*const c_char],
    environment: &'a [*const c_char],
    /// The signals that the program has blocked.
    signals: libc::sigset_t,
    /// The step that failed, by its index, and the errno.
    failed: Option<(u32, i32)>,
}

impl Start<'_> {
    /// Makes the child, and waits until it is another program or has ended: its number.
    ///
    /// # Safety
    ///
    /// All signals are blocked.
    unsafe fn clone(&mut self, namespaces: c_int) -> Result<libc::pid_t, Errno> {
        let mut stack: Vec<u8> = Vec::with_capacity(STACK);
        let flags = namespaces | libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let end = stack.as_mut_ptr().wrapping_add(STACK);
        // It grows downwards.
        let top = end.wrapping_sub(end.addr() % ALIGNED);
        let given: *mut Self = self;
        // SAFETY: the child makes async-signal-safe calls only, on memory that stays until this returns.
        let pid = unsafe { libc::clone(become_program, top.cast(), flags, given.cast()) };
        match pid {
            -1 => Err(std::io::Error::last_os_error().into()),
            pid => Ok(pid),
        }
    }
}

/// Blocks every signal for this thread: what was blocked before.
fn block() -> libc::sigset_t {
    // SAFETY: sets of signals, which are valid as zeros.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

fn unblock(before: &libc::sigset_t) {
    // SAFETY: a set of signals that was given by the same call.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, ptr::null_mut()) };
}

impl Entered {
    /// Waits for the end of the program: its exit status, or minus the signal that ended it.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn wait(mut self) -> Result<i64, Errno> {
        self.stdin = None;
        self.ended = true;
        // SAFETY: waits for our own child.
        unsafe { wait_for(self.pid) }.map_err(Errno)
    }

    /// Its number outside.
    pub fn id(&self) -> u32 {
        self.pid.unsigned_abs()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if !self.ended {
            // SAFETY: our own child, which was not waited for yet, so that its number is its own.
            unsafe {
                libc::kill(self.pid, libc::SIGKILL);
                let _ = wait_for(self.pid);
            }
        }
    }
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    let mut pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
    pointers.push(ptr::null());
    pointers
}

/// The child's side; never returns.
extern "C" fn become_program(given: *mut c_void) -> c_int {
    // SAFETY: what `clone` gave, whose owner waits; numbers, and arrays of C strings that end in null.
    unsafe {
        let start = &mut *given.cast::<Start<'_>>();
        let steps = start.steps.iter().enumerate();
        for (index, step) in steps {
            if let Err(errno) = super::child::plain_step(step)
                && !step.optional
            {
                start.failed = Some((index as u32, errno));
                libc::_exit(127);
            }
        }
        if let Err(errno) = execute(start) {
            start.failed = Some((EXEC, errno));
        }
        libc::_exit(127)
    }
}

unsafe fn execute(start: &Start<'_>) -> Outcome {
    // SAFETY: as the caller says; dup2(2) clears close-on-exec.
    unsafe {
        check(libc::dup2(start.stdin, 0).into())?;
        check(libc::dup2(start.stdout, 1).into())?;
        if let Some(stderr) = start.stderr {
            check(libc::dup2(stderr, 2).into())?;
        }
        // Last, because new namespaces and ids clear it.
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL).into())?;
        no_handlers();
        // Ours is ignored, as Rust has it; a program counts on the default.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        unblock(&start.signals);
        let path = start.argv.first().copied().unwrap_or(ptr::null());
        libc::execve(path, start.argv.as_ptr(), start.environment.as_ptr());
    }
    Err(errno())
}

/// Handlers of ours would run in our memory, for a signal that is the child's.
unsafe fn no_handlers() {
    for signal in 1..libc::SIGRTMAX() {
        // SAFETY: the disposition of a signal, valid as zeros; what is no signal is refused.
        unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            let is_known = libc::sigaction(signal, ptr::null(), &raw mut now) == 0;
            if is_known && now.sa_sigaction != libc::SIG_DFL && now.sa_sigaction != libc::SIG_IGN {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::super::Op;
    use super::*;
    use crate::{Host, Live};

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_program_runs_with_its_input_and_output() {
        let entry = Entry::new(0, &Trial::new(), &words("/bin/cat"), &[]).unwrap();
        let mut entered = entry.start().unwrap();
        entered.stdin.take().unwrap().write_all(b"word").unwrap();
        let mut said = String::new();
        entered
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(said, "word");
        assert_eq!(entered.wait(), Ok(0));
    }

    #[test]
    fn a_program_has_our_signals_and_no_handler() {
        let entry = Entry::new(0, &Trial::new(), &words("/bin/cat /proc/self/status"), &[]);
        let mut entered = entry.unwrap().start().unwrap();
        let mut said = String::new();
        let mut out = entered.stdout.take().unwrap();
        out.read_to_string(&mut said).unwrap();
        let own = Live.read("/proc/thread-self/status").unwrap();
        let line = |status: &str, name: &str| {
            let mut lines = status.lines().filter(|line| line.starts_with(name));
            lines.next().unwrap().to_owned()
        };
        assert_eq!(line(&said, "SigBlk"), line(&own, "SigBlk"));
        assert_eq!(line(&said, "SigCgt"), "SigCgt:\t0000000000000000");
        // SIGPIPE is the thirteenth, and ignored by us.
        let ignored = line(&said, "SigIgn");
        let set = u64::from_str_radix(ignored.split_whitespace().last().unwrap(), 16);
        assert_eq!(set.unwrap() & (1 << 12), 0, "{ignored}");
        assert_eq!(entered.wait(), Ok(0));
    }

    #[test]
    fn what_failed_is_named() {
        let trial = Trial::new().op(Op::Chdir("/nonexistent".into()));
        let entry = Entry::new(0, &trial, &words("/bin/true"), &[]).unwrap();
        let error = entry.start().unwrap_err();
        assert_eq!(
            (error.call.as_str(), error.errno),
            ("chdir(/nonexistent)", Errno::ENOENT)
        );
        let entry = Entry::new(0, &Trial::new(), &words("/nonexistent/program"), &[]).unwrap();
        let error = entry.start().unwrap_err();
        assert_eq!(error.call, "execve(/nonexistent/program)");
    }

    #[test]
    fn a_program_that_is_not_waited_for_is_ended() {
        let entry = Entry::new(0, &Trial::new(), &words("/bin/sleep 600"), &[]).unwrap();
        let entered = entry.start().unwrap();
        let place = format!("/proc/{}/status", entered.id());
        assert!(Live.read(&place).is_ok());
        drop(entered);
        assert_eq!(Live.read(&place).unwrap_err(), Errno::ENOENT);
    }
}
