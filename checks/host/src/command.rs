//! Commands with a deadline.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Errno;

/// The most bytes of a command's output that are kept.
const OUTPUT: u64 = 64 << 10;

/// Bytes that a pipe takes without anybody reading, PIPE_BUF of pipe(7).
const PIPE: usize = 4096;

/// How often a running command is looked at.
const TICK: Duration = Duration::from_millis(2);

/// A command that was run, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// The command line.
    pub argv: Vec<String>,
    /// How it ended.
    pub end: End,
    /// What it printed on standard output, at most 64 KiB.
    pub stdout: String,
    /// What it printed on standard error, at most 64 KiB.
    pub stderr: String,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It exited with a status.
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
    /// It was ended at the deadline.
    Deadline,
    /// It could not be started.
    NotStarted(Errno),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "ended with status {status}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::Deadline => f.write_str("ended at its deadline"),
            Self::NotStarted(errno) => write!(f, "not started: {errno}"),
        }
    }
}

impl Ran {
    /// A command that could not be started.
    pub fn not_started(argv: &[&str], errno: Errno) -> Self {
        Self {
            argv: argv.iter().map(ToString::to_string).collect(),
            end: End::NotStarted(errno),
            stdout: String::new(),
            stderr: String::new(),
        }
    }

    /// Whether it exited with status 0.
    pub fn ok(&self) -> bool {
        self.end == End::Exit(0)
    }

    /// The exit status, where there is one.
    pub fn status(&self) -> Option<i32> {
        match self.end {
            End::Exit(status) => Some(status),
            _ => None,
        }
    }

    /// The first line that says something, of standard error first.
    pub fn first_line(&self) -> &str {
        let mut lines = self.stderr.lines().chain(self.stdout.lines());
        lines
            .find(|line| !line.trim().is_empty())
            .unwrap_or("")
            .trim()
    }
}

/// Runs a command with an empty standard input; at the deadline its process group is killed.
///
/// `variables` replace those of the same name in its environment.
pub(crate) fn run(argv: &[&str], variables: &[(&str, &str)], deadline: Duration) -> Ran {
    let mut ran = Ran::not_started(argv, Errno::ENOENT);
    match start(argv, variables, Stdio::null()) {
        Ok(child) => finish(child, deadline, &mut ran),
        Err(error) => ran.end = End::NotStarted(error.into()),
    }
    ran
}

/// Runs a command that is given a few bytes on its standard input, at most a pipe full (4 KiB).
pub fn run_with_input(argv: &[&str], input: &[u8], deadline: Duration) -> Ran {
    let mut ran = Ran::not_started(argv, Errno::ENOENT);
    match start(argv, &[], Stdio::piped()) {
        Ok(mut child) => {
            if let Some(mut stdin) = child.stdin.take() {
                // A command that does not read its input answers all the same.
                let _ = stdin.write_all(&input[..input.len().min(PIPE)]);
            }
            finish(child, deadline, &mut ran);
        }
        Err(error) => ran.end = End::NotStarted(error.into()),
    }
    ran
}

/// Runs a command that is fed by `feed`, which writes to its standard input from a thread of its
/// own; also returns what became of the writing.
///
/// A command that ends before it has read everything makes the writing fail with EPIPE. `variables`
/// replace those of the same name in its environment.
pub fn run_fed<T: Send>(
    argv: &[&str],
    variables: &[(&str, &str)],
    deadline: Duration,
    feed: impl FnOnce(&mut dyn Write) -> T + Send,
) -> (Ran, Option<T>) {
    let mut ran = Ran::not_started(argv, Errno::ENOENT);
    let mut child = match start(argv, variables, Stdio::piped()) {
        Ok(child) => child,
        Err(error) => {
            ran.end = End::NotStarted(error.into());
            return (ran, None);
        }
    };
    let stdin = child.stdin.take();
    let fed = thread::scope(|scope| {
        // Dropping the pipe tells the command that this was all.
        let fed = scope.spawn(move || stdin.map(|mut stdin| feed(&mut stdin)));
        finish(child, deadline, &mut ran);
        fed.join().ok().flatten()
    });
    (ran, fed)
}

/// Runs a command without input and output, with no thread and no pause of ours in its way: what
/// is timed is the command. It has no deadline; whoever waits for the caller has one, and it is
/// in the caller's process group.
///
/// # Errors
///
/// When it cannot be started, or ends with another status than 0: what it said, or how it ended.
pub fn launch(argv: &[String]) -> Result<(), String> {
    let [program, args @ ..] = argv else {
        return Err("there is no command".into());
    };
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    let started = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = started.map_err(|error| format!("cannot start {program}: {error}"))?;
    let mut complaint = Vec::new();
    if let Some(mut stderr) = child.stderr.take() {
        // Its end is the end of the command.
        let _ = stderr.by_ref().take(OUTPUT).read_to_end(&mut complaint);
    }
    let status = child
        .wait()
        .map_err(|error| format!("cannot wait for {program}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&complaint);
    let said = said.lines().find(|line| !line.trim().is_empty());
    Err(said.map_or_else(|| format!("{program}: {status}"), str::to_owned))
}

/// How long a command that was asked to end may take to do so.
const GRACE: Duration = Duration::from_secs(5);

/// Runs a command whose standard output is read by `read` as it comes, however long it is.
///
/// At the deadline, or once `stop` says so, its process group is asked to end, and killed where
/// it does not: what it printed until then is read. A grandchild in another group that keeps the
/// pipe open is not waited for.
pub fn run_read<T>(
    argv: &[&str],
    deadline: Duration,
    stop: &dyn Fn() -> bool,
    read: impl FnOnce(&mut dyn Read) -> T,
) -> (Ran, Option<T>) {
    let mut ran = Ran::not_started(argv, Errno::ENOENT);
    let mut child = match start(argv, &[], Stdio::null()) {
        Ok(child) => child,
        Err(error) => {
            ran.end = End::NotStarted(error.into());
            return (ran, None);
        }
    };
    let Some(stdout) = child.stdout.take() else {
        return (ran, None);
    };
    let stderr = drain(child.stderr.take());
    let mut watched = Watched {
        stdout,
        group: child.id().cast_signed(),
        deadline: Instant::now() + deadline,
        stop,
        asked: None,
    };
    let answer = read(&mut watched);
    // Standard output is closed, or nobody reads it any more.
    let mut left = Vec::new();
    let _ = watched.by_ref().take(OUTPUT).read_to_end(&mut left);
    ran.end = watched.wait(&mut child);
    watched.end_group();
    ran.stderr = stderr
        .recv_timeout(Duration::from_millis(100))
        .unwrap_or_default();
    (ran, Some(answer))
}

/// The standard output of a command that is ended at a deadline.
struct Watched<'a> {
    stdout: std::process::ChildStdout,
    group: i32,
    deadline: Instant,
    stop: &'a dyn Fn() -> bool,
    /// When the command was asked to end.
    asked: Option<Instant>,
}

impl Watched<'_> {
    /// Asks the command to end where it is time, and kills it where that did not help; whether
    /// it is to be waited for.
    fn watch(&mut self) -> bool {
        match self.asked {
            None if Instant::now() >= self.deadline || (self.stop)() => {
                self.asked = Some(Instant::now());
                if let Some(group) = rustix::process::Pid::from_raw(self.group) {
                    // One that has ended is fine.
                    let _ =
                        rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
                }
                true
            }
            Some(asked) if asked.elapsed() >= GRACE => {
                crate::trial::kill_group(self.group);
                asked.elapsed() < 2 * GRACE
            }
            _ => true,
        }
    }

    /// Ends what is left of the command's process group once it was asked to end: a child of its own
    /// may outlive it.
    fn end_group(&self) {
        let Some(asked) = self.asked else { return };
        let Some(group) = rustix::process::Pid::from_raw(self.group) else {
            return;
        };
        while rustix::process::test_kill_process_group(group).is_ok() {
            if asked.elapsed() >= GRACE {
                return crate::trial::kill_group(self.group);
            }
            thread::sleep(TICK);
        }
    }

    fn wait(&mut self, child: &mut Child) -> End {
        loop {
            match child.try_wait() {
                Ok(Some(_)) if self.asked.is_some() => return End::Deadline,
                Ok(Some(status)) => return ended(status),
                Ok(None) if self.watch() => thread::sleep(TICK),
                Ok(None) => return End::Deadline,
                Err(error) => return End::NotStarted(error.into()),
            }
        }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let tick = Timespec {
            tv_sec: 0,
            tv_nsec: 50_000_000,
        };
        while self.watch() {
            let mut polled = [PollFd::new(&self.stdout, PollFlags::IN)];
            match poll(&mut polled, Some(&tick)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.stdout.read(buffer),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(0)
    }
}

fn start(argv: &[&str], variables: &[(&str, &str)], stdin: Stdio) -> io::Result<Child> {
    let [program, args @ ..] = argv else {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    Command::new(program)
        .args(args)
        .envs(variables.iter().copied())
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

fn finish(mut child: Child, deadline: Duration, ran: &mut Ran) {
    let begun = Instant::now();
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    ran.end = loop {
        match child.try_wait() {
            Ok(Some(status)) => break ended(status),
            Ok(None) if begun.elapsed() >= deadline => {
                crate::trial::kill_group(child.id().cast_signed());
                // Reaps the child just killed; the status says nothing new.
                let _ = child.wait();
                break End::Deadline;
            }
            Ok(None) => thread::sleep(TICK),
            Err(error) => break End::NotStarted(error.into()),
        }
    };
    // A grandchild that keeps the pipe open must not hold us past the deadline.
    let left = deadline
        .saturating_sub(begun.elapsed())
        .max(Duration::from_millis(100));
    ran.stdout = stdout.recv_timeout(left).unwrap_or_default();
    ran.stderr = stderr.recv_timeout(left).unwrap_or_default();
}

fn ended(status: std::process::ExitStatus) -> End {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exit(code),
        (None, signal) => End::Signal(signal.unwrap_or(0)),
    }
}

/// Reads a stream to its end in a thread of its own, keeping the first [`OUTPUT`] bytes.
fn drain(stream: Option<impl Read + Send + 'static>) -> std::sync::mpsc::Receiver<String> {
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut stream) = stream {
            // A stream that breaks off keeps what came before.
            let _ = stream.by_ref().take(OUTPUT).read_to_end(&mut kept);
            let _ = io::copy(&mut stream, &mut io::sink());
        }
        // The receiver may have stopped waiting.
        let _ = send.send(String::from_utf8_lossy(&kept).into_owned());
    });
    receive
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Host as _;

    #[test]
    fn a_command_reports_its_status_and_output() {
        let ran = run(
            &["sh", "-c", "echo out; echo err >&2; exit 3"],
            &[],
            Duration::from_secs(5),
        );
        assert_eq!(
            (ran.end, ran.stdout.as_str(), ran.stderr.as_str()),
            (End::Exit(3), "out\n", "err\n")
        );
        assert_eq!(ran.first_line(), "err");
    }

    #[test]
    fn a_command_ends_at_its_deadline_with_its_children() {
        let begun = Instant::now();
        let ran = run(
            &["sh", "-c", "echo early; sleep 60 & wait"],
            &[],
            Duration::from_millis(200),
        );
        assert_eq!((ran.end, ran.stdout.as_str()), (End::Deadline, "early\n"));
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_child_that_outlives_its_command_is_ended() {
        let deaf = "sh -c \"trap '' TERM; sleep 60\" >/dev/null 2>&1 & echo $!; exec sleep 60";
        let deadline = Duration::from_millis(300);
        let (ran, out) = run_read(&["sh", "-c", deaf], deadline, &|| false, |out| {
            io::read_to_string(out).unwrap_or_default()
        });
        assert_eq!(ran.end, End::Deadline);
        let child = out.unwrap_or_default();
        let state = || crate::Live.read(&format!("/proc/{}/stat", child.trim()));
        // Gone, or nobody has taken notice yet; one that was killed takes a moment to die.
        let is_over = || state().map_or(true, |stat| stat.contains(") Z "));
        let begun = Instant::now();
        while !is_over() && begun.elapsed() < Duration::from_secs(20) {
            thread::sleep(TICK);
        }
        assert!(is_over(), "{child}: {:?}", state());
    }

    #[test]
    fn what_a_command_prints_is_read_as_it_comes() {
        let argv = ["sh", "-c", "seq 100000; echo err >&2; exit 3"];
        let (ran, lines) = run_read(&argv, Duration::from_secs(20), &|| false, |out| {
            io::BufRead::lines(io::BufReader::new(out)).count()
        });
        assert_eq!((ran.end, lines), (End::Exit(3), Some(100_000)));
        assert_eq!(ran.stderr, "err\n");
    }

    #[test]
    fn what_a_command_printed_until_its_deadline_is_read() {
        let argv = ["sh", "-c", "echo early; sleep 60 & wait"];
        let read = |out: &mut dyn Read| {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text).unwrap()
        };
        let begun = Instant::now();
        let (ran, text) = run_read(&argv, Duration::from_millis(300), &|| false, read);
        assert_eq!((ran.end, text.as_deref()), (End::Deadline, Some("early\n")));
        let stopped = begun.elapsed() >= Duration::from_millis(100);
        let (ran, _) = run_read(&argv, Duration::from_secs(60), &|| stopped, read);
        assert_eq!(ran.end, End::Deadline);
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_command_is_given_its_input() {
        let ran = run_with_input(&["cat"], b"given", Duration::from_secs(5));
        assert_eq!((ran.end, ran.stdout.as_str()), (End::Exit(0), "given"));
        let ran = run_with_input(&["true"], &[b'x'; 100_000], Duration::from_secs(5));
        assert_eq!(ran.end, End::Exit(0));
    }

    #[test]
    fn a_command_is_fed_more_than_a_pipe_holds() {
        let feed = |out: &mut dyn Write| {
            let piece = [b'x'; 1000];
            (0..1000).try_for_each(|_| out.write_all(&piece))
        };
        let (ran, fed) = run_fed(&["wc", "-c"], &[], Duration::from_secs(20), feed);
        assert_eq!((ran.end, ran.stdout.trim()), (End::Exit(0), "1000000"));
        assert!(fed.unwrap().is_ok());
        let (ran, fed) = run_fed(&["true"], &[], Duration::from_secs(20), feed);
        assert_eq!(ran.end, End::Exit(0));
        assert_eq!(fed.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let (ran, fed) = run_fed(&["/nonexistent/program"], &[], Duration::from_secs(1), feed);
        assert_eq!(ran.end, End::NotStarted(Errno::ENOENT));
        assert!(fed.is_none());
    }

    #[test]
    fn a_missing_program_says_so() {
        let ran = run(&["/nonexistent/program"], &[], Duration::from_secs(1));
        assert_eq!(ran.end, End::NotStarted(Errno::ENOENT));
    }
}
