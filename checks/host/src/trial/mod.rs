//! Trials: sequences of system calls carried out in a forked child, step by step.
//!
//! A trial is data. It is prepared in full before the fork, because between fork and exec
//! only async-signal-safe calls are allowed; the child reports each step through a pipe and
//! the parent ends the whole process group at the deadline. What a trial mounts or unshares
//! is gone with the child.

mod attributes;
mod calls;
mod child;
mod entered;
mod files;
mod op;
mod parent;
mod seccomp;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use entered::{EnterError, Entered, Entry};
pub(crate) use op::namespaces;
pub use op::{Map, Op};
pub(crate) use parent::{attempt, kill_group};

use crate::{Caller, Errno, Ran};

/// Flags of clone(2) and mount(2) that an [`Entry`] is made with.
pub mod namespace {
    /// A user namespace.
    pub const USER: i32 = libc::CLONE_NEWUSER;
    /// A mount namespace.
    pub const MOUNT: i32 = libc::CLONE_NEWNS;
    /// A pid namespace.
    pub const PID: i32 = libc::CLONE_NEWPID;
    /// An IPC namespace.
    pub const IPC: i32 = libc::CLONE_NEWIPC;
    /// A UTS namespace.
    pub const UTS: i32 = libc::CLONE_NEWUTS;
    /// A network namespace.
    pub const NET: i32 = libc::CLONE_NEWNET;
    /// A control group namespace.
    pub const CGROUP: i32 = libc::CLONE_NEWCGROUP;
}

/// A sequence of operations for a forked child.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    steps: Vec<Step>,
    subject: usize,
    meeting: Vec<Vec<String>>,
}

#[derive(Debug, Clone)]
struct Step {
    op: Op,
    /// Whether the trial goes on after a failure.
    optional: bool,
}

impl Trial {
    /// A trial without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// A trial that begins in a new user namespace, where the caller is mapped to root.
    pub fn in_user_namespace(caller: &Caller) -> Self {
        Self::new()
            .op(Op::Unshare(libc::CLONE_NEWUSER))
            .map_to_root(caller.uid, caller.gid)
    }

    /// Maps a user and a group outside to root of the user namespace that the child is in.
    #[must_use]
    pub fn map_to_root(self, uid: u32, gid: u32) -> Self {
        self.op(Op::WriteFile {
            path: "/proc/self/setgroups".into(),
            data: "deny".into(),
        })
        .op(Op::Map(Map::Uid, uid))
        .op(Op::Map(Map::Gid, gid))
    }

    /// As [`Trial::in_user_namespace`], then a mount namespace in which nothing propagates.
    pub fn in_mount_namespace(caller: &Caller) -> Self {
        Self::in_user_namespace(caller)
            .op(Op::Unshare(libc::CLONE_NEWNS))
            .op(Op::mount_private("/"))
    }

    /// Whether the trial prepares itself by making a user namespace first.
    pub fn needs_user_namespace(&self) -> bool {
        let first = self.steps.first().filter(|_| self.subject > 0);
        first.is_some_and(
            |step| matches!(step.op, Op::Unshare(flags) if flags & libc::CLONE_NEWUSER != 0),
        )
    }

    /// The trial in words, the same for equal trials: its name in a recording.
    pub fn name(&self) -> String {
        let steps = self.steps.iter().map(|step| step.op.to_string());
        let meeting = self.meeting.iter().map(|argv| argv.join(" "));
        let words: Vec<String> = steps.chain(meeting).collect();
        // Names that a trial makes up hold the number of the process.
        let own = format!("hpcctl-{}", std::process::id());
        let words = words.join("; ").replace(&own, "hpcctl-PID");
        format!("{words} ({})", self.subject)
    }

    /// Adds a step; when it fails the trial ends.
    #[must_use]
    pub fn op(mut self, op: Op) -> Self {
        self.steps.push(Step {
            op,
            optional: false,
        });
        self
    }

    /// Adds a step; when it fails the trial goes on.
    #[must_use]
    pub fn maybe(mut self, op: Op) -> Self {
        self.steps.push(Step { op, optional: true });
        self
    }

    /// Declares that the steps so far only prepare what is tried next.
    #[must_use]
    pub fn subject(mut self) -> Self {
        self.subject = self.steps.len();
        self
    }

    /// Adds a step in which the child waits while the parent runs these commands one after
    /// the other until one fails; `{pid}` stands for the child. A trial has one meeting at
    /// most, before any [`Op::Fork`].
    #[must_use]
    pub fn meet(mut self, commands: Vec<Vec<String>>) -> Self {
        self.meeting = commands;
        self.op(Op::Meet)
    }
}

/// A trial that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The steps that were reached, in order.
    pub steps: Vec<Attempted>,
    /// How many of the steps only prepare.
    pub subject: usize,
    /// How it ended.
    pub end: End,
    /// The commands that the parent ran at the meeting.
    pub meeting: Vec<Ran>,
}

/// One step that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempted {
    /// The call as one would write it.
    pub call: String,
    /// Whether its failure was allowed.
    pub optional: bool,
    /// How it ended.
    pub errno: Option<Errno>,
    /// What it returned; see [`Op`].
    pub value: i64,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// Every step was carried out, or one that had to work failed.
    Finished,
    /// It was ended at the deadline.
    Deadline,
    /// A signal ended the child.
    Signal(i32),
    /// The child could not be started.
    NotStarted(Errno),
}

impl Tried {
    /// Whether every step that had to work did.
    pub fn ok(&self) -> bool {
        self.end == End::Finished && self.failed().is_none()
    }

    /// The step that ended the trial.
    pub fn failed(&self) -> Option<&Attempted> {
        self.steps
            .iter()
            .find(|step| step.errno.is_some() && !step.optional)
    }

    /// The step that failed while the trial was being prepared, before its subject.
    pub fn unprepared(&self) -> Option<&Attempted> {
        let prepared = self.subject.min(self.steps.len());
        self.steps[..prepared]
            .iter()
            .find(|step| step.errno.is_some() && !step.optional)
    }

    /// The outcome of the n-th step of the subject, from 0.
    pub fn step(&self, n: usize) -> Option<&Attempted> {
        self.steps.get(self.subject + n)
    }
}

impl fmt::Display for Attempted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errno {
            None => write!(f, "{} = ok", self.call),
            Some(errno) => write!(f, "{} = {errno}", self.call),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn run(trial: &Trial) -> Tried {
        attempt(trial, Duration::from_secs(10))
    }

    #[test]
    fn a_step_that_fails_ends_the_trial_unless_it_is_optional() {
        let missing = || Op::Open {
            path: "/nonexistent".into(),
            write: false,
        };
        let tried = run(&Trial::new()
            .maybe(missing())
            .op(Op::Chdir("/".into()))
            .op(missing())
            .op(missing()));
        let errnos: Vec<_> = tried.steps.iter().map(|step| step.errno).collect();
        assert_eq!(errnos, [Some(Errno::ENOENT), None, Some(Errno::ENOENT)]);
        assert_eq!(
            tried.failed().map(|step| step.call.as_str()),
            Some("open(/nonexistent)")
        );
    }

    #[test]
    fn a_limit_above_the_hard_one_is_none_that_was_set() {
        // RLIMIT_CORE, whose type is not the same in each C library.
        const CORE: u32 = 4;
        static HARD: libc::rlimit = libc::rlimit {
            rlim_cur: 4096,
            rlim_max: 4096,
        };
        let lower = Op::Syscall {
            name: "prlimit64",
            number: libc::SYS_prlimit64,
            args: [0, u64::from(CORE), (&raw const HARD) as u64, 0, 0, 0],
        };
        for (soft, errno) in [
            (1024, None),
            (4096, None),
            (4097, Some(Errno::EPERM)),
            (u64::MAX, Some(Errno::EPERM)),
        ] {
            let resource = CORE;
            let tried = run(&Trial::new()
                .op(lower.clone())
                .op(Op::Limit { resource, soft }));
            let errnos: Vec<_> = tried.steps.iter().map(|step| step.errno).collect();
            assert_eq!(errnos, [None, errno], "{soft}");
        }
    }

    #[test]
    fn a_trial_that_hangs_ends_at_its_deadline() {
        let begun = Instant::now();
        let tried = attempt(
            &Trial::new().op(Op::Exec(vec!["/bin/sleep".into(), "60".into()])),
            Duration::from_millis(200),
        );
        assert_eq!(tried.end, End::Deadline);
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn the_parent_runs_its_commands_while_the_child_waits() {
        let tried = run(&Trial::new()
            .meet(vec![vec!["test".into(), "-d".into(), "/proc/{pid}".into()]])
            .op(Op::Chdir("/".into())));
        assert!(tried.ok(), "{tried:?}");
        assert!(tried.meeting[0].ok(), "{tried:?}");
    }

    #[test]
    fn a_failed_command_at_the_meeting_ends_the_trial() {
        let tried = run(&Trial::new()
            .meet(vec![vec!["false".into()]])
            .op(Op::Chdir("/".into())));
        assert_eq!(tried.steps.len(), 1);
        assert_eq!(tried.steps[0].errno, Some(Errno::ECHILD));
    }

    #[test]
    fn a_scratch_directory_is_entered_and_removed() {
        let made = tempfile::tempdir().unwrap();
        let parent = made.path().to_str().unwrap();
        let tried = run(&Trial::new()
            .op(Op::Scratch(parent.into()))
            .op(Op::Create {
                path: "script".into(),
                data: "#!/bin/sh\nexit 42\n".into(),
            })
            .op(Op::Exec(vec!["./script".into()])));
        assert_eq!(
            tried.steps.last().map(|step| step.value),
            Some(42),
            "{tried:?}"
        );
        assert_eq!(std::fs::read_dir(parent).unwrap().count(), 0);
    }

    #[test]
    fn a_scratch_directory_that_cannot_be_made_fails_at_its_step() {
        let tried = run(&Trial::new().op(Op::Scratch("/nonexistent".into())));
        assert_eq!(tried.steps[0].errno, Some(Errno::ENOENT));
        assert_eq!(tried.steps[0].call, "mkdtemp(/nonexistent/hpcctl-XXXXXX)");
    }

    #[test]
    fn a_program_reports_its_exit_status() {
        let tried = run(&Trial::new().op(Op::Exec(vec![
            "/bin/sh".into(),
            "-c".into(),
            "exit 7".into(),
        ])));
        assert_eq!(tried.steps[0].value, 7);
    }
}
