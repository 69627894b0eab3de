//! What is mapped into a process once its loader has done its work: proc_pid_maps(5).
//!
//! The program is stopped at its entry point, `AT_ENTRY` of getauxval(3), and ended there: what was
//! loaded for it has been loaded, and nothing of its own has run.

#![expect(
    unsafe_code,
    reason = "ptrace(2) and waitpid(2) of a stopped child have no safe wrapper"
)]

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use libc::pid_t;

use super::tracer::watch;
use crate::Errno;

/// The most bytes of the list of what is mapped.
const MAPS: u64 = 16 << 20;

/// The most bytes of what the loader says that are kept.
const SAID: u64 = 16 << 10;

/// `AT_ENTRY` of linux/auxvec.h.
const ENTRY: u64 = 9;

/// The instruction that stops a process, and how many bytes of a word it takes.
const BREAK: Option<(u64, u32)> = if cfg!(target_arch = "x86_64") {
    Some((0xcc, 1))
} else if cfg!(target_arch = "aarch64") {
    Some((0xd420_0000, 4))
} else if cfg!(all(target_arch = "powerpc64", target_endian = "little")) {
    Some((0x7fe0_0008, 4))
} else {
    None
};

/// Why it cannot be told what is mapped.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The program could not be started, or not be traced.
    #[error("{program} cannot be started: {errno}")]
    NotStarted {
        /// The program.
        program: String,
        /// Why.
        errno: Errno,
    },
    /// The kernel refused to tell.
    #[error("{0} is refused: {1}")]
    Refused(&'static str, Errno),
    /// It ended before its entry point: the loader gave up.
    #[error("the loader gave up{}", .0.lines().next().map_or_else(String::new, |line| format!(": {line}")))]
    Ended(String),
    /// The loader took too long.
    #[error("the loader was not done within {} s", .0.as_secs())]
    Deadline(Duration),
    /// No such stop is known for this machine.
    #[error("no way to stop a program at its entry point is known for this machine")]
    Machine,
}

/// Starts a program, and tells the paths of the files that are mapped when its loader is done;
/// then, or at the deadline, it is ended.
///
/// # Errors
///
/// When it cannot be started or traced, or ends before.
pub fn mapped(argv: &[String], deadline: Duration) -> Result<Vec<String>, MapError> {
    let (instruction, width) = BREAK.ok_or(MapError::Machine)?;
    let mut child = start(argv).map_err(|errno| MapError::NotStarted {
        program: argv.first().cloned().unwrap_or_default(),
        errno,
    })?;
    let pid = pid_t::try_from(child.id()).unwrap_or_default();
    let (done, late) = watch(pid, deadline);
    let reached = to_entry(pid, instruction, width);
    let found = match reached {
        Ok(true) => maps(&pid.to_string())
            .map(|text| files(&text))
            .map_err(|error| MapError::Refused("/proc/PID/maps", error.into())),
        Ok(false) if late.load(Ordering::SeqCst) => Err(MapError::Deadline(deadline)),
        Ok(false) => Err(MapError::Ended(said(&mut child))),
        Err(error) => Err(error),
    };
    done.store(true, Ordering::SeqCst);
    crate::trial::kill_group(pid);
    // Reaps it where that was not done yet; the status says nothing new.
    let _ = child.wait();
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program is traced, not merely run; the watch ends it at its deadline"
)]
fn start(argv: &[String]) -> Result<Child, Errno> {
    let (program, arguments) = argv.split_first().ok_or(Errno::EINVAL)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        // A container may have no /dev/null; it says nothing before its entry point.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    // SAFETY: ptrace(2) with TRACEME is async-signal-safe and takes no memory.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    command.spawn().map_err(Errno::from)
}

/// Lets a program that was just executed run to its entry point; false where it ends before.
fn to_entry(pid: pid_t, instruction: u64, width: u32) -> Result<bool, MapError> {
    let refused = |what| MapError::Refused(what, last());
    if stop_signal(pid).is_none() {
        return Ok(false);
    }
    let entry = entry(pid).ok_or(MapError::Refused("/proc/PID/auxv", Errno::EACCES))?;
    // SAFETY: numbers only; the word is the tracee's, errno tells whether it was read.
    unsafe {
        libc::ptrace(libc::PTRACE_SETOPTIONS, pid, 0, libc::PTRACE_O_EXITKILL);
        *libc::__errno_location() = 0;
        let word = libc::ptrace(libc::PTRACE_PEEKTEXT, pid, entry, 0);
        if word == -1 && *libc::__errno_location() != 0 {
            return Err(refused("PTRACE_PEEKTEXT"));
        }
        let mask = (1_u64 << (8 * width)) - 1;
        let stopping = (word.cast_unsigned() & !mask) | instruction;
        if libc::ptrace(libc::PTRACE_POKETEXT, pid, entry, stopping) == -1 {
            return Err(refused("PTRACE_POKETEXT"));
        }
    }
    let mut deliver = 0;
    loop {
        // SAFETY: numbers only.
        unsafe { libc::ptrace(libc::PTRACE_CONT, pid, 0, deliver) };
        match stop_signal(pid) {
            None => return Ok(false),
            Some(libc::SIGTRAP) => return Ok(true),
            Some(other) => deliver = other,
        }
    }
}

/// Waits until a process stops: the signal; none where it has ended.
fn stop_signal(pid: pid_t) -> Option<i32> {
    let mut status = 0;
    // SAFETY: the kernel writes one integer.
    while unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) } == -1 {
        if last() != Errno::EINTR {
            return None;
        }
    }
    libc::WIFSTOPPED(status).then(|| libc::WSTOPSIG(status))
}

/// Where a program begins: pairs of numbers of the machine's width, proc_pid_auxv(5).
fn entry(pid: pid_t) -> Option<u64> {
    let path = format!("/proc/{pid}/auxv");
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(SAID).read_to_end(&mut bytes).ok()?;
    let mut pairs = bytes.chunks_exact(16).map(|pair| {
        let (key, value) = pair.split_at(8);
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_ne_bytes).unwrap_or_default();
        (number(key), number(value))
    });
    pairs.find(|(key, _)| *key == ENTRY).map(|(_, value)| value)
}

/// What is mapped into a process, as the kernel lists it.
pub(crate) fn maps(process: &str) -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(format!("/proc/{process}/maps"))?;
    file.take(MAPS).read_to_string(&mut text)?;
    Ok(text)
}

/// The files that are mapped, each once, in the order of their paths.
pub(crate) fn files(maps: &str) -> Vec<String> {
    let paths = maps.lines().filter_map(|line| line.split_once('/'));
    let mut found: Vec<String> = paths.map(|(_, path)| format!("/{path}")).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn said(child: &mut Child) -> String {
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        // What was said before the stream broke off is kept.
        let _ = stderr.take(SAID).read_to_end(&mut said);
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn last() -> Errno {
    Errno::from(io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(20);

    #[test]
    fn libraries_of_a_program_are_mapped_and_it_does_not_run() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("made");
        let argv = ["/bin/touch".to_owned(), file.display().to_string()];
        let found = mapped(&argv, SHORT).unwrap();
        assert!(
            found
                .iter()
                .any(|path| path.contains("libc.so") || path.contains("ld-")),
            "{found:?}"
        );
        assert!(!file.exists());
    }

    #[test]
    fn a_loader_that_gives_up_is_told() {
        let argv = ["/bin/true".to_owned()];
        assert!(mapped(&argv, SHORT).is_ok());
        let argv = ["/nonexistent/program".to_owned()];
        let error = mapped(&argv, SHORT).unwrap_err();
        assert!(matches!(error, MapError::NotStarted { .. }), "{error}");
    }

    #[test]
    fn files_are_told_once() {
        let maps = "\
7f00-7f01 r--p 00000000 fe:00 123 /usr/lib/libc.so.6
7f01-7f02 r-xp 00001000 fe:00 123 /usr/lib/libc.so.6
7f07-7f08 rw-p 00000000 00:00 0 [heap]
7f05-7f06 r--p 00000000 fe:00 125 /usr/bin/a b
";
        assert_eq!(files(maps), ["/usr/bin/a b", "/usr/lib/libc.so.6"]);
    }
}
