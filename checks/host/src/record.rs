//! Recording a node, to judge it elsewhere: every question that was asked, with its answer.
//!
//! A recording is one JSON file. What was not asked when it was made is answered as absent.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hpcctl_model::HostInfo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::trial::{End, Trial, Tried};
use crate::{Caller, Entry, Errno, Host, Ran, Resource, Stat};

/// The name of the format.
const SCHEMA: &str = "hpcctl.recording/1";

/// A node that was recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recording {
    schema: String,
    /// The machine.
    pub host: HostInfo,
    /// Who asked.
    pub caller: Caller,
    answers: BTreeMap<String, Value>,
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no JSON, or lacks what a recording has.
    #[error("it is no recording of a node")]
    Malformed(#[from] serde_json::Error),
    /// It is of another version.
    #[error("it is of the format {0}, which is not known here")]
    Version(String),
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// When the text is no recording, or one of another version.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let recording: Self = serde_json::from_str(text)?;
        match recording.schema.as_str() {
            SCHEMA => Ok(recording),
            _ => Err(Error::Version(recording.schema)),
        }
    }

    /// The recording as text.
    ///
    /// # Errors
    ///
    /// When it cannot be turned into JSON.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    fn answer<T: DeserializeOwned>(&self, question: &str) -> Option<T> {
        T::deserialize(self.answers.get(question)?).ok()
    }
}

/// Asks a node and keeps each answer.
pub struct Recorder<'a> {
    node: &'a dyn Host,
    answers: Mutex<BTreeMap<String, Value>>,
}

impl<'a> Recorder<'a> {
    /// Nothing asked yet.
    pub fn new(node: &'a dyn Host) -> Self {
        Self {
            node,
            answers: Mutex::default(),
        }
    }

    /// What was asked so far.
    pub fn recording(self) -> Recording {
        Recording {
            schema: SCHEMA.into(),
            host: crate::machine(),
            caller: self.node.caller(),
            answers: self
                .answers
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn keep<T: Serialize>(&self, question: String, answer: T) -> T {
        if let Ok(value) = serde_json::to_value(&answer) {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.insert(question, value);
        }
        answer
    }
}

impl std::fmt::Debug for Recorder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}

fn limit_question(resource: Resource) -> String {
    format!("limit {resource:?}")
}

impl Host for Recorder<'_> {
    fn read(&self, path: &str) -> Result<String, Errno> {
        self.keep(format!("read {path}"), self.node.read(path))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.keep(format!("list {path}"), self.node.list(path))
    }

    fn stat(&self, path: &str) -> Result<Stat, Errno> {
        self.keep(format!("stat {path}"), self.node.stat(path))
    }

    fn entry(&self, path: &str) -> Result<Entry, Errno> {
        self.keep(format!("entry {path}"), self.node.entry(path))
    }

    fn needs(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.keep(format!("needs {path}"), self.node.needs(path))
    }

    fn xattr(&self, path: &str, name: &str) -> Result<Vec<u8>, Errno> {
        self.keep(format!("xattr {name} {path}"), self.node.xattr(path, name))
    }

    fn run(&self, argv: &[&str], deadline: Duration) -> Ran {
        self.keep(
            format!("run {}", argv.join(" ")),
            self.node.run(argv, deadline),
        )
    }

    fn run_aside(&self, argv: &[&str], deadline: Duration) -> Ran {
        let ran = self.node.run_aside(argv, deadline);
        self.keep(format!("run {}", argv.join(" ")), ran)
    }

    fn attempt(&self, trial: &Trial, deadline: Duration) -> Tried {
        let tried = self.node.attempt(trial, deadline);
        self.keep(format!("attempt {}", trial.name()), tried)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.keep(format!("env {name}"), self.node.env(name))
    }

    fn caller(&self) -> Caller {
        self.node.caller()
    }

    fn limit(&self, resource: Resource) -> (u64, u64) {
        self.keep(limit_question(resource), self.node.limit(resource))
    }

    fn which(&self, program: &str) -> Option<String> {
        self.keep(format!("which {program}"), self.node.which(program))
    }
}

impl Host for Recording {
    fn read(&self, path: &str) -> Result<String, Errno> {
        self.answer(&format!("read {path}"))
            .unwrap_or(Err(Errno::ENOENT))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.answer(&format!("list {path}"))
            .unwrap_or(Err(Errno::ENOENT))
    }

    fn stat(&self, path: &str) -> Result<Stat, Errno> {
        self.answer(&format!("stat {path}"))
            .unwrap_or(Err(Errno::ENOENT))
    }

    fn entry(&self, path: &str) -> Result<Entry, Errno> {
        self.answer(&format!("entry {path}"))
            .unwrap_or(Err(Errno::ENOENT))
    }

    fn needs(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.answer(&format!("needs {path}"))
            .unwrap_or(Err(Errno::ENOENT))
    }

    fn xattr(&self, path: &str, name: &str) -> Result<Vec<u8>, Errno> {
        self.answer(&format!("xattr {name} {path}"))
            .unwrap_or(Err(Errno::ENODATA))
    }

    fn run(&self, argv: &[&str], _: Duration) -> Ran {
        let ran = self.answer(&format!("run {}", argv.join(" ")));
        ran.unwrap_or_else(|| Ran::not_started(argv, Errno::ENOENT))
    }

    fn run_aside(&self, argv: &[&str], deadline: Duration) -> Ran {
        self.run(argv, deadline)
    }

    fn attempt(&self, trial: &Trial, _: Duration) -> Tried {
        let tried = self.answer(&format!("attempt {}", trial.name()));
        tried.unwrap_or_else(|| Tried {
            steps: Vec::new(),
            subject: 0,
            end: End::NotStarted(Errno::ENODATA),
            meeting: Vec::new(),
        })
    }

    fn env(&self, name: &str) -> Option<String> {
        self.answer(&format!("env {name}")).unwrap_or(None)
    }

    fn caller(&self) -> Caller {
        self.caller.clone()
    }

    fn limit(&self, resource: Resource) -> (u64, u64) {
        self.answer(&limit_question(resource))
            .unwrap_or((u64::MAX, u64::MAX))
    }

    fn which(&self, program: &str) -> Option<String> {
        self.answer(&format!("which {program}")).unwrap_or(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Live, Op};

    #[test]
    fn a_recording_answers_as_the_node_did() {
        let recorder = Recorder::new(&Live);
        let trial = Trial::new().op(Op::Chdir("/nonexistent".into()));
        let asked = |host: &dyn Host| {
            (
                host.read("/proc/self/comm"),
                host.stat("/"),
                host.list("/nonexistent"),
                host.run(&["true"], crate::DEADLINE),
                host.attempt(&trial, crate::DEADLINE),
                host.limit(Resource::Nofile),
                host.which("sh"),
            )
        };
        let live = asked(&recorder);
        let text = recorder.recording().text().unwrap();
        let recording = Recording::parse(&text).unwrap();
        assert_eq!(asked(&recording), live);
        assert_eq!(recording.read("/not/asked"), Err(Errno::ENOENT));
    }

    #[test]
    fn other_files_are_refused() {
        assert!(matches!(Recording::parse("{}"), Err(Error::Malformed(_))));
        let other = r#"{"schema":"x/9","host":{"name":"n","kernel":"k","arch":"a"},"caller":{"uid":0,"gid":0,"name":"root"},"answers":{}}"#;
        assert!(matches!(Recording::parse(other), Err(Error::Version(_))));
    }
}
