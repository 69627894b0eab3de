//! Running a command under ptrace(2), to see which of its system calls fail.
//!
//! Every process that the command starts is followed. A process that is about to execute a
//! set-user-id program or one with file capabilities is let go first, because a traced process
//! gains no privileges, and the tracing itself would make newuidmap and fusermount3 fail.

mod calls;
pub(crate) mod mapped;
mod memory;
mod tracer;

use std::collections::VecDeque;
use std::time::Duration;

pub use mapped::{MapError, mapped};

use crate::Errno;

/// A command that was traced.
#[derive(Debug, Clone, Default)]
pub struct Traced {
    /// The exit status of the command; none where a signal or the deadline ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it was ended at the deadline.
    pub deadline: bool,
    /// Calls of interest that failed, in order; at most the last few thousand.
    pub failed: VecDeque<Failed>,
    /// Processes that ended with another status than 0, or by a signal, in order.
    pub ended: Vec<Ended>,
    /// Programs that were executed, in order; not the command itself.
    pub executed: Vec<Executed>,
    /// Programs with privileges of their own, which were not traced.
    pub let_go: Vec<String>,
    /// The end of what it wrote to standard output and error.
    pub output: String,
}

/// A system call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The process.
    pub pid: i32,
    /// The name of its program.
    pub program: String,
    /// The name of the call.
    pub name: &'static str,
    /// The call in words, such as `mount(proc, /proc)`.
    pub call: String,
    /// Why it failed.
    pub errno: Errno,
    /// Whether the process ran a program of a container, or tried to.
    pub inside: bool,
    /// Its place among all that was seen.
    pub at: usize,
}

/// A process that ended with another status than 0, or by a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The process.
    pub pid: i32,
    /// The exit status, or 128 and the signal, as a shell would tell it.
    pub status: i32,
    /// The signal.
    pub signal: Option<i32>,
    /// Its place among all that was seen.
    pub at: usize,
}

/// A program that was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// The process.
    pub pid: i32,
    /// The path, as the process gave it.
    pub path: String,
    /// Its words, the first few.
    pub words: Vec<String>,
    /// Whether the process has another root directory than the tracer: the program is one of a
    /// container.
    pub inside: bool,
    /// Whether the process, or the one that made it, ran a program of the container before.
    pub within: bool,
    /// Its place among all that was seen.
    pub at: usize,
}

/// Runs a command under a tracer, its output passed through, and ends it at the deadline.
///
/// # Errors
///
/// When the command cannot be started, or ptrace(2) is refused.
pub fn run(argv: &[String], deadline: Duration) -> Result<Traced, Errno> {
    tracer::run(argv, deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(argv: &[&str]) -> Traced {
        let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
        run(&argv, Duration::from_secs(20)).unwrap()
    }

    #[test]
    fn a_failed_call_of_a_grandchild_is_seen() {
        let traced = trace(&["sh", "-c", "(cat /nonexistent/file); exit 7"]);
        assert_eq!(traced.status, Some(7));
        let failed = traced
            .failed
            .iter()
            .find(|failed| failed.call.contains("/nonexistent/file"));
        let failed = failed.unwrap_or_else(|| panic!("{traced:?}"));
        assert_eq!((failed.name, failed.errno), ("openat", Errno::ENOENT));
        assert!(
            traced.ended.iter().any(|ended| ended.status == 1),
            "{traced:?}"
        );
        assert!(traced.output.contains("nonexistent"), "{traced:?}");
    }

    #[test]
    fn programs_that_were_executed_are_told_with_their_words() {
        let traced = trace(&["sh", "-c", "cat /dev/null; exit 3"]);
        let found = traced
            .executed
            .iter()
            .find(|seen| seen.path.ends_with("/cat"));
        let found = found.unwrap_or_else(|| panic!("{:?}", traced.executed));
        assert!(!found.inside, "{found:?}");
        assert_eq!(found.words, ["cat", "/dev/null"]);
        assert_eq!((traced.ended[0].status, traced.ended[0].signal), (3, None));
    }

    #[test]
    fn a_signal_that_ends_a_process_is_told() {
        let traced = trace(&["sh", "-c", "sh -c 'kill -9 $$'; exit 4"]);
        let killed = traced.ended.iter().find(|ended| ended.signal == Some(9));
        assert_eq!(
            killed.map(|ended| ended.status),
            Some(137),
            "{:?}",
            traced.ended
        );
    }

    #[test]
    fn a_program_below_another_root_is_one_of_a_container() {
        // What `unshare` can do of a container on a node without user namespaces is nothing.
        let script = "mkdir -p $0/bin && cp \"$(command -v busybox)\" $0/bin/false && exec unshare --user --map-root-user chroot $0 /bin/false";
        let dir = tempfile::tempdir().unwrap();
        let traced = trace(&["sh", "-c", script, dir.path().to_str().unwrap()]);
        let inside = traced
            .executed
            .iter()
            .find(|seen| seen.path == "/bin/false");
        match inside {
            Some(seen) => assert!(seen.inside && !seen.within, "{seen:?}"),
            None => assert_ne!(traced.status, Some(0), "{:?}", traced.executed),
        }
    }

    #[test]
    fn what_succeeds_has_nothing_to_tell() {
        let traced = trace(&["true"]);
        assert_eq!(traced.status, Some(0));
        assert!(traced.ended.is_empty());
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let argv = ["sleep".to_owned(), "60".to_owned()];
        let traced = run(&argv, Duration::from_millis(300)).unwrap();
        assert!(traced.deadline, "{traced:?}");
    }

    #[test]
    fn a_command_that_is_not_there_cannot_be_started() {
        let argv = ["/nonexistent/program".to_owned()];
        assert_eq!(
            run(&argv, Duration::from_secs(5)).unwrap_err(),
            Errno::ENOENT
        );
    }
}
