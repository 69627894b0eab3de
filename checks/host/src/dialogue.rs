//! A program that answers: a line is written to it, a line is read, each within a deadline.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Errno;
use crate::trial::{EnterError, Entered, Entry};

/// The most bytes of one answer.
const LINE: u64 = 256 << 10;

/// The most bytes that are kept of what the program says on standard error.
const COMPLAINT: u64 = 16 << 10;

/// How often a program that is ending is looked at.
const TICK: Duration = Duration::from_millis(1);

/// A running program; it is killed when this is dropped.
#[derive(Debug)]
pub struct Dialogue {
    process: Process,
    stdin: Option<File>,
    lines: Receiver<io::Result<String>>,
    complaint: Option<Receiver<String>>,
}

#[derive(Debug)]
enum Process {
    Command(Child),
    Entered(Entered),
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum DialogueError {
    /// The program could not be started.
    #[error("cannot start {program}: {errno}")]
    NotStarted {
        /// The program.
        program: String,
        /// Why.
        errno: Errno,
    },
    /// Its namespaces could not be made or entered.
    #[error("cannot start a container: {0}")]
    NotEntered(#[from] EnterError),
    /// It ended.
    #[error("it ended without an answer{}", said(.0))]
    Ended(String),
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs())]
    Deadline(Duration),
    /// The answer could not be read.
    #[error("cannot read the answer: {0}")]
    Unreadable(#[source] io::Error),
}

fn said(complaint: &str) -> String {
    match complaint.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!(": {}", line.trim()),
        None => String::new(),
    }
}

impl Dialogue {
    /// Starts a command in a process group of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(argv: &[String], environment: &[String]) -> Result<Self, DialogueError> {
        use std::os::unix::process::CommandExt;
        let (program, args) = argv
            .split_first()
            .unwrap_or((const { &String::new() }, &[]));
        let not_started = |error: io::Error| DialogueError::NotStarted {
            program: program.clone(),
            errno: error.into(),
        };
        let variables = environment.iter().filter_map(|pair| pair.split_once('='));
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        let mut child = Command::new(program)
            .args(args)
            .env_clear()
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(not_started)?;
        let stdin = child.stdin.take();
        let lines = listen(child.stdout.take());
        let complaint = keep(child.stderr.take());
        Ok(Self {
            process: Process::Command(child),
            stdin: stdin.map(|stdin| File::from(OwnedFd::from(stdin))),
            lines,
            complaint: Some(complaint),
        })
    }

    /// Starts a program in namespaces of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn enter(entry: &Entry) -> Result<Self, DialogueError> {
        let mut entered = entry.start_heard()?;
        let stdin = entered.stdin.take();
        let lines = listen(entered.stdout.take());
        let complaint = keep(entered.stderr.take());
        Ok(Self {
            process: Process::Entered(entered),
            stdin,
            lines,
            complaint: Some(complaint),
        })
    }

    /// Writes a line and waits for one.
    ///
    /// # Errors
    ///
    /// When the program ends, is silent for too long or says too much.
    pub fn ask(&mut self, line: &str, deadline: Duration) -> Result<String, DialogueError> {
        if let Some(stdin) = &mut self.stdin {
            // A program that has gone is noticed when it does not answer.
            let _ = writeln!(stdin, "{line}").and_then(|()| stdin.flush());
        }
        match self.lines.recv_timeout(deadline) {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(DialogueError::Unreadable(error)),
            Err(RecvTimeoutError::Timeout) => Err(DialogueError::Deadline(deadline)),
            Err(RecvTimeoutError::Disconnected) => {
                let complaint = self.complaint.take();
                let words = complaint.and_then(|said| said.recv_timeout(TICK * 200).ok());
                Err(DialogueError::Ended(words.unwrap_or_default()))
            }
        }
    }

    /// The number of the process that was started.
    pub fn id(&self) -> u32 {
        match &self.process {
            Process::Command(child) => child.id(),
            Process::Entered(entered) => entered.id(),
        }
    }

    /// Closes its input and gives it until the deadline to end by itself.
    pub fn end(mut self, deadline: Duration) {
        self.stdin = None;
        let until = Instant::now() + deadline;
        // Its output ends with it; what it still says is of no interest.
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if let Err(RecvTimeoutError::Disconnected) = self.lines.recv_timeout(left) {
                break;
            }
        }
        if let Process::Command(child) = &mut self.process {
            while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
                thread::sleep(TICK);
            }
        }
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        if let Process::Command(child) = &mut self.process
            && matches!(child.try_wait(), Ok(None))
        {
            crate::trial::kill_group(child.id().cast_signed());
            // Reaps the child just killed; the status says nothing new.
            let _ = child.wait();
        }
    }
}

/// Reads lines in a thread of its own until the stream ends or a line is too long.
fn listen(stream: Option<impl Read + Send + 'static>) -> Receiver<io::Result<String>> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let Some(stream) = stream else { return };
        let mut reader = BufReader::new(stream);
        loop {
            let mut line = String::new();
            let read = reader.by_ref().take(LINE).read_line(&mut line);
            let told = match read {
                Ok(0) => return,
                Ok(_) if line.ends_with('\n') => send.send(Ok(line.trim_end().to_owned())),
                Ok(_) => return,
                Err(error) => send.send(Err(error)),
            };
            if told.is_err() {
                return;
            }
        }
    });
    receive
}

/// Keeps the begin of a stream and reads the rest of it, in a thread of its own.
fn keep(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut stream) = stream {
            // A stream that breaks off keeps what came before.
            let _ = stream.by_ref().take(COMPLAINT).read_to_end(&mut kept);
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
    use crate::Trial;

    const SHORT: Duration = Duration::from_secs(20);

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lines_are_answered_by_a_command_and_by_what_was_entered() {
        let mut command = Dialogue::start(&words(&["/bin/cat"]), &[]).unwrap();
        let entry = Entry::new(0, &Trial::new(), &words(&["/bin/cat"]), &[]).unwrap();
        let mut entered = Dialogue::enter(&entry).unwrap();
        for n in 0..3 {
            let line = format!("line {n}");
            assert_eq!(command.ask(&line, SHORT).unwrap(), line);
            assert_eq!(entered.ask(&line, SHORT).unwrap(), line);
        }
        command.end(SHORT);
        entered.end(SHORT);
    }

    #[test]
    fn a_program_that_ends_says_why() {
        let argv = words(&["/bin/sh", "-c", "echo no such thing >&2; exit 3"]);
        let entry = Entry::new(0, &Trial::new(), &argv, &[]).unwrap();
        for started in [Dialogue::start(&argv, &[]), Dialogue::enter(&entry)] {
            let error = started.unwrap().ask("word", SHORT).unwrap_err();
            assert_eq!(
                error.to_string(),
                "it ended without an answer: no such thing"
            );
        }
        let error = Dialogue::start(&words(&["/nonexistent/program"]), &[]).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/program"));
    }

    #[test]
    fn silence_and_endless_lines_have_an_end() {
        let mut silent = Dialogue::start(&words(&["/bin/sleep", "600"]), &[]).unwrap();
        let error = silent.ask("word", Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, DialogueError::Deadline(_)));
        let argv = words(&["/bin/sh", "-c", "exec cat /dev/zero"]);
        let mut endless = Dialogue::start(&argv, &[]).unwrap();
        let error = endless.ask("word", SHORT).unwrap_err();
        assert!(matches!(error, DialogueError::Ended(_)), "{error}");
    }
}
