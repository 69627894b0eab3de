//! A program that runs in namespaces of its own, with its standard input and output at hand.
//!
//! One clone(2) makes the namespaces and the child; the child carries out the steps of a trial,
//! which mount and enter its root, and becomes the program. There is no process in between.

#![expect(
    unsafe_code,
    reason = "clone(2) with namespaces and execve(2) in the child have no safe wrapper"
)]

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

use libc::{c_char, c_int};

use super::Trial;
use super::child::{Outcome, Prepared, check, errno, wait_for};
use super::parent::{c_string, pipe};
use crate::Errno;

/// What the child reports of a step that failed: its index and the errno.
const RECORD: usize = 8;

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
        let plain = |errno| EnterError {
            call: "pipe2()".into(),
            errno,
        };
        let (theirs_in, ours_in) = pipe().map_err(plain)?;
        let (ours_out, theirs_out) = pipe().map_err(plain)?;
        let (failed, failing) = pipe().map_err(plain)?;
        let argv = pointers(&self.program);
        let environment = pointers(&self.environment);
        let flags = libc::c_long::from(self.namespaces | libc::SIGCHLD);
        // SAFETY: without CLONE_VM the child has its own memory; it makes async-signal-safe calls
        // only, on memory prepared above.
        let pid = match unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) } {
            -1 => {
                return Err(EnterError {
                    call: format!("clone({})", super::namespaces(self.namespaces as u64)),
                    errno: std::io::Error::last_os_error().into(),
                });
            }
            0 => become_program(
                &self.steps,
                [&theirs_in, &theirs_out, &failing].map(AsRawFd::as_raw_fd),
                &argv,
                &environment,
            ),
            pid => pid as libc::pid_t,
        };
        drop::<[OwnedFd; 3]>([theirs_in, theirs_out, failing]);
        let entered = Entered {
            pid,
            stdin: Some(File::from(ours_in)),
            stdout: Some(File::from(ours_out)),
            ended: false,
        };
        let mut record = [0; RECORD];
        // The pipe closes without a word once the program runs.
        match File::from(failed).read_exact(&mut record) {
            Ok(()) => Err(self.failure(record)),
            Err(_) => Ok(entered),
        }
    }

    fn failure(&self, record: [u8; RECORD]) -> EnterError {
        let [a, b, c, d, e, f, g, h] = record;
        let index = u32::from_ne_bytes([a, b, c, d]);
        let call = match self.calls.get(index as usize) {
            Some(call) => call.clone(),
            None => {
                let program = self.program.first().map(|path| path.to_string_lossy());
                format!("execve({})", program.unwrap_or_default())
            }
        };
        EnterError {
            call,
            errno: Errno(i32::from_ne_bytes([e, f, g, h])),
        }
    }
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
fn become_program(
    steps: &[Prepared],
    [stdin, stdout, failing]: [c_int; 3],
    argv: &[*const c_char],
    environment: &[*const c_char],
) -> ! {
    let mut failed = (EXEC, 0);
    for (index, step) in steps.iter().enumerate() {
        if let Err(errno) = super::child::plain_step(step)
            && !step.optional
        {
            failed = (index as u32, errno);
            break;
        }
    }
    // SAFETY: numbers, and arrays of C strings that end in null, prepared before the clone.
    unsafe {
        if failed.1 == 0 {
            failed.1 = match execute(stdin, stdout, argv, environment) {
                Ok(_) => 0,
                Err(errno) => errno,
            };
        }
        let mut record = [0; RECORD];
        record[..4].copy_from_slice(&failed.0.to_ne_bytes());
        record[4..].copy_from_slice(&failed.1.to_ne_bytes());
        libc::write(failing, record.as_ptr().cast(), RECORD);
        libc::_exit(127)
    }
}

unsafe fn execute(
    stdin: c_int,
    stdout: c_int,
    argv: &[*const c_char],
    environment: &[*const c_char],
) -> Outcome {
    // SAFETY: as the caller says; dup2(2) clears close-on-exec.
    unsafe {
        check(libc::dup2(stdin, 0).into())?;
        check(libc::dup2(stdout, 1).into())?;
        // Last, because new namespaces and ids clear it.
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL).into())?;
        // Ours is ignored, as Rust has it; a program counts on the default.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let path = argv.first().copied().unwrap_or(ptr::null());
        libc::execve(path, argv.as_ptr(), environment.as_ptr());
    }
    Err(errno())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

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
