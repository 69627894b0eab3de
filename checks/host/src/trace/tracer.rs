//! The tracer: ptrace(2), waitpid(2) and what is read from the processes.

#![expect(
    unsafe_code,
    reason = "ptrace(2) and waitpid(2) for any child have no safe wrapper; memory of a tracee is read by the kernel"
)]

use std::collections::{HashMap, HashSet};
use std::ffi::CString;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libc::{c_int, c_void, pid_t};

use super::calls::{self, Argument, Call};
use super::memory::{address, text, texts};
use super::{Ended, Executed, Failed, Traced};
use crate::Errno;

/// The most failed calls, and ended processes, that are kept.
const KEPT: usize = 4096;

/// The most bytes of what the command writes that are kept.
const OUTPUT: usize = 16 << 10;

/// How often a thread looks whether it is done.
const TICK: Duration = Duration::from_millis(20);

/// How long the last words of an ended command are waited for.
const PATIENCE: Duration = Duration::from_millis(200);

const OPTIONS: c_int = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_EXITKILL;

/// The first number that is no error: by these the kernel says that a call is to be begun anew.
const RESTARTS: i32 = 512;

/// A call that a thread is in.
struct Entered {
    call: &'static Call,
    arguments: [u64; 6],
    /// The path and the words of a program that is to be executed.
    program: Option<(String, Vec<String>)>,
}

struct Tracer {
    root: pid_t,
    /// Whether set-user-id programs must be let go: root gains nothing by them.
    lets_go: bool,
    threads: HashMap<pid_t, Option<Entered>>,
    /// Threads that run a program of a container, or were made by one that does.
    inside: HashSet<pid_t>,
    /// How much was seen.
    seen: usize,
    traced: Traced,
}

pub(super) fn run(argv: &[String], deadline: Duration) -> Result<Traced, Errno> {
    let (pipe, output) = std::io::pipe()?;
    let child = start(argv, output)?;
    let root = pid_t::try_from(child.id()).map_err(|_| Errno::ESRCH)?;
    let (output, follower) = follow_output(pipe);
    let (done, late) = watch(root, deadline);
    let mut tracer = Tracer {
        root,
        lets_go: rustix::process::geteuid().as_raw() != 0,
        threads: HashMap::new(),
        inside: HashSet::new(),
        seen: 0,
        traced: Traced::default(),
    };
    let followed = tracer.follow();
    done.store(true, Ordering::SeqCst);
    let mut traced = tracer.traced;
    traced.deadline = late.load(Ordering::SeqCst);
    // Its last words may still be in the pipe; what it left behind may hold that open for ever.
    let mut patience = PATIENCE;
    while !follower.is_finished() && !patience.is_zero() {
        thread::sleep(TICK);
        patience = patience.saturating_sub(TICK);
    }
    traced.output = output
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    followed.map(|()| traced)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command is traced, not merely run; the watch ends it at its deadline"
)]
fn start(argv: &[String], output: PipeWriter) -> Result<Child, Errno> {
    let (program, arguments) = argv.split_first().ok_or(Errno::EINVAL)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        // Some programs tell their errors on standard output.
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0);
    // SAFETY: ptrace(2) with TRACEME is async-signal-safe and takes no memory.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    command.spawn().map_err(Errno::from)
}

/// Passes what the command writes on to standard error, since standard output is for the report,
/// and keeps its end.
fn follow_output(mut pipe: PipeReader) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let kept = Arc::new(Mutex::new(String::new()));
    let ours = Arc::clone(&kept);
    let follower = thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            // Nobody to read it is no reason to end the command.
            let _ = std::io::stderr().write_all(&buffer[..count]);
            let mut text = ours.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            if text.len() > OUTPUT {
                let cut = text.len() - OUTPUT;
                let cut = (cut..text.len()).find(|at| text.is_char_boundary(*at));
                text.drain(..cut.unwrap_or(0));
            }
        }
    });
    (kept, follower)
}

/// Kills the command's process group at the deadline; what it traces dies with it.
pub(super) fn watch(root: pid_t, deadline: Duration) -> (Arc<AtomicBool>, Arc<AtomicBool>) {
    let (done, late) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (is_done, is_late) = (Arc::clone(&done), Arc::clone(&late));
    thread::spawn(move || {
        let mut left = deadline;
        while !is_done.load(Ordering::SeqCst) {
            if left.is_zero() {
                is_late.store(true, Ordering::SeqCst);
                crate::trial::kill_group(root);
                return;
            }
            thread::sleep(TICK);
            left = left.saturating_sub(TICK);
        }
    });
    (done, late)
}

impl Tracer {
    /// Handles each stop until the command itself has ended.
    fn follow(&mut self) -> Result<(), Errno> {
        loop {
            let mut status = 0;
            // Those of this thread alone: other threads may wait for children of their own.
            // SAFETY: the kernel writes one integer.
            let pid =
                unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL | libc::__WNOTHREAD) };
            if pid < 0 {
                match last() {
                    Errno::EINTR => continue,
                    Errno::ECHILD => return Ok(()),
                    errno => return Err(errno),
                }
            }
            if libc::WIFSTOPPED(status) {
                self.stopped(pid, status);
            } else if self.ended(pid, status) {
                return Ok(());
            }
        }
    }

    /// A process or thread has ended; whether it was the command itself.
    fn ended(&mut self, pid: pid_t, status: c_int) -> bool {
        self.threads.remove(&pid);
        let exit = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
        let signal = libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status));
        self.inside.remove(&pid);
        let told = exit.or(signal.map(|signal| 128 + signal));
        if let Some(status @ 1..) = told
            && self.traced.ended.len() < KEPT
        {
            let at = self.next();
            self.traced.ended.push(Ended {
                pid,
                status,
                signal,
                at,
            });
        }
        if pid == self.root {
            (self.traced.status, self.traced.signal) = (exit, signal);
        }
        pid == self.root
    }

    fn stopped(&mut self, pid: pid_t, status: c_int) {
        let is_new = !self.threads.contains_key(&pid);
        if is_new {
            self.threads.insert(pid, None);
            // SAFETY: numbers only.
            unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, pid, 0, OPTIONS) };
        }
        let signal = libc::WSTOPSIG(status);
        let mut deliver = 0;
        if signal == libc::SIGTRAP | 0x80 {
            if self.at_call(pid) {
                // SAFETY: numbers only; from here on the process runs untraced.
                unsafe { libc::ptrace(libc::PTRACE_DETACH, pid, 0, 0) };
                self.threads.remove(&pid);
                return;
            }
        } else if status >> 16 == 0
            && signal != libc::SIGTRAP
            && !(is_new && signal == libc::SIGSTOP)
        {
            deliver = signal;
        }
        self.at_event(pid, status >> 16);
        // SAFETY: numbers only.
        unsafe { libc::ptrace(libc::PTRACE_SYSCALL, pid, 0, deliver) };
    }

    /// Counts what was seen.
    fn next(&mut self) -> usize {
        self.seen += 1;
        self.seen
    }

    /// A process was made, or a program was executed.
    fn at_event(&mut self, pid: pid_t, event: c_int) {
        match event {
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                if let Some(child) = message(pid)
                    && self.inside.contains(&pid)
                {
                    self.inside.insert(child);
                }
            }
            libc::PTRACE_EVENT_EXEC => {
                // A thread that executes a program takes the number of its process.
                let former = message(pid).unwrap_or(pid);
                let entered = self.threads.get_mut(&former).and_then(Option::take);
                if let Some((path, words)) = entered.and_then(|entered| entered.program) {
                    let within = self.inside.contains(&former);
                    self.executed(pid, path, words, within);
                }
            }
            _ => {}
        }
    }

    fn executed(&mut self, pid: pid_t, path: String, words: Vec<String>, within: bool) {
        let inside = within || is_inside(pid);
        if inside {
            self.inside.insert(pid);
        }
        let at = self.next();
        if self.traced.executed.len() < KEPT {
            self.traced.executed.push(Executed {
                pid,
                path,
                words,
                inside,
                within,
                at,
            });
        }
    }

    /// At the entry or the exit of a call; whether the process must be let go.
    fn at_call(&mut self, pid: pid_t) -> bool {
        // SAFETY: the structure is plain numbers, for which zeros are valid.
        let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::ptrace_syscall_info>();
        // SAFETY: the kernel writes at most `size` bytes.
        let got = unsafe {
            libc::ptrace(
                libc::PTRACE_GET_SYSCALL_INFO,
                pid,
                size,
                (&raw mut info).cast::<c_void>(),
            )
        };
        if got <= 0 {
            return false;
        }
        match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => {
                // SAFETY: `op` says which part the kernel filled.
                let entry = unsafe { info.u.entry };
                self.enter(pid, entry.nr, &entry.args)
            }
            libc::PTRACE_SYSCALL_INFO_EXIT => {
                // SAFETY: as above.
                let exit = unsafe { info.u.exit };
                self.leave(pid, exit.sval, exit.is_error != 0);
                false
            }
            _ => false,
        }
    }

    fn enter(&mut self, pid: pid_t, number: u64, arguments: &[u64; 6]) -> bool {
        let program = calls::executes(number).and_then(|(path, words)| {
            let path = text(pid, arguments[path])?;
            Some((path, texts(pid, arguments[words])))
        });
        if self.lets_go
            && let Some((path, _)) = &program
            && gains_privileges(pid, path)
        {
            self.traced.let_go.push(path.clone());
            self.traced.let_go.dedup();
            return true;
        }
        let arguments = *arguments;
        let entered = calls::find(number).map(|call| Entered {
            call,
            arguments,
            program,
        });
        self.threads.insert(pid, entered);
        false
    }

    fn leave(&mut self, pid: pid_t, value: i64, is_error: bool) {
        let entered = self.threads.get_mut(&pid).and_then(Option::take);
        let Some(Entered {
            call,
            arguments,
            program: executed,
        }) = entered.filter(|_| is_error)
        else {
            return;
        };
        let errno = Errno(i32::try_from(-value).unwrap_or(0));
        if errno.0 >= RESTARTS {
            return;
        }
        let words = words(pid, call, &arguments);
        // A write matters where it maps ids; every other call where it fails.
        let dull = call.name == "write" && !words.first().is_some_and(|path| is_map(path));
        if dull || matches!(errno, Errno::EINTR | Errno::EAGAIN) {
            return;
        }
        if self.traced.failed.len() >= KEPT {
            self.traced.failed.pop_front();
        }
        let inside = self.inside.contains(&pid) || (executed.is_some() && is_inside(pid));
        let at = self.next();
        self.traced.failed.push_back(Failed {
            pid,
            program: program(pid),
            name: call.name,
            call: format!("{}({})", call.name, words.join(", ")),
            errno,
            inside,
            at,
        });
    }
}

/// What ptrace(2) has to tell of an event: the number of a process.
fn message(pid: pid_t) -> Option<pid_t> {
    let mut number: libc::c_ulong = 0;
    // SAFETY: the kernel writes one number.
    let got = unsafe {
        libc::ptrace(
            libc::PTRACE_GETEVENTMSG,
            pid,
            0,
            (&raw mut number).cast::<c_void>(),
        )
    };
    if got < 0 {
        return None;
    }
    pid_t::try_from(number).ok()
}

/// Whether a process has another root directory than we have; where that may not be seen,
/// whether it is in a pid namespace below ours, which proc(5) tells everybody.
fn is_inside(pid: pid_t) -> bool {
    let place = |path: &str| std::fs::metadata(path).map(|meta| (meta.dev(), meta.ino()));
    match (place(&format!("/proc/{pid}/root/")), place("/")) {
        (Ok(theirs), Ok(ours)) => theirs != ours,
        _ => {
            let status = crate::file::read(&format!("/proc/{pid}/status")).unwrap_or_default();
            let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
            numbers.is_some_and(|numbers| numbers.split_whitespace().count() > 1)
        }
    }
}

fn last() -> Errno {
    Errno::from(std::io::Error::last_os_error())
}

fn is_map(path: &str) -> bool {
    ["uid_map", "gid_map", "setgroups", "/cgroup"]
        .iter()
        .any(|word| path.contains(word))
}

/// The arguments that tell what a call is about.
fn words(pid: pid_t, call: &Call, arguments: &[u64; 6]) -> Vec<String> {
    let word = |argument: &Argument| match *argument {
        Argument::Text(n) => text(pid, arguments[n]),
        Argument::Namespaces(n) => Some(crate::trial::namespaces(arguments[n])),
        Argument::File(n) => open_file(pid, arguments[n]),
        Argument::Number(n) => Some((arguments[n] as i32).to_string()),
        Argument::Request(n) => Some(calls::request(arguments[n])),
        Argument::Resource(n) => Some(calls::resource(arguments[n])),
        Argument::Address(n) => address(pid, arguments[n]),
    };
    call.arguments
        .iter()
        .filter_map(word)
        .filter(|word| !word.is_empty())
        .collect()
}

fn open_file(pid: pid_t, descriptor: u64) -> Option<String> {
    let link = std::fs::read_link(format!("/proc/{pid}/fd/{}", descriptor as i32)).ok()?;
    Some(link.to_string_lossy().into_owned())
}

fn program(pid: pid_t) -> String {
    let name = crate::file::read(&format!("/proc/{pid}/comm"));
    name.map_or_else(|_| pid.to_string(), |name| name.trim().to_owned())
}

/// Whether a program is set-user-id, set-group-id or has capabilities of its own.
fn gains_privileges(pid: pid_t, path: &str) -> bool {
    let base = if path.starts_with('/') { "root" } else { "cwd" };
    let path = format!("/proc/{pid}/{base}/{}", path.trim_start_matches('/'));
    let Ok(meta) = std::fs::metadata(&path) else {
        return false;
    };
    if meta.mode() & 0o6000 != 0 {
        return true;
    }
    let Ok(path) = CString::new(path) else {
        return false;
    };
    let name = c"security.capability";
    // SAFETY: two C strings; without a buffer the kernel only tells the size.
    unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), std::ptr::null_mut(), 0) > 0 }
}
