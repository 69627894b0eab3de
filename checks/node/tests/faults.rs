//! The fault door: every probe under every errno that a step of its trial can meet.
//!
//! The node answers once, for real; then each step of each trial is answered with each errno
//! in turn, and what would have followed is cut off. No probe may panic or pass then.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::time::Duration;

use hpcctl_host::{
    Caller, Entry, Errno, Host, Live, Ran, Recorder, Recording, Resource, Stat, Trial, Tried,
};
use hpcctl_model::doctor::Status;
use hpcctl_node::{Site, checks};

/// What the system calls of containers can end in.
const ERRNOS: &[Errno] = &[
    Errno::EPERM,
    Errno::EACCES,
    Errno::ENOENT,
    Errno::ENOSPC,
    Errno::EINVAL,
    Errno::ENOSYS,
    Errno::ENODEV,
    Errno::ENXIO,
    Errno::EROFS,
    Errno::ENOMEM,
    Errno::EUSERS,
    Errno::EIO,
    Errno::EBUSY,
    Errno::EAGAIN,
    Errno::EOPNOTSUPP,
    Errno::ETXTBSY,
    Errno::EMFILE,
    Errno::EDQUOT,
];

/// A node that answers as recorded, but for one step of one trial of a probe.
struct Door<'a> {
    node: &'a Recording,
    /// Which trial, which of its steps, and what it ends in; none changes nothing.
    fault: Option<(usize, usize, Errno)>,
    /// The trials that the probe carried out, with the fault.
    tried: Mutex<Vec<Tried>>,
}

impl Host for Door<'_> {
    fn read(&self, path: &str) -> Result<String, Errno> {
        self.node.read(path)
    }
    fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.node.list(path)
    }
    fn stat(&self, path: &str) -> Result<Stat, Errno> {
        self.node.stat(path)
    }
    fn entry(&self, path: &str) -> Result<Entry, Errno> {
        self.node.entry(path)
    }
    fn needs(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.node.needs(path)
    }
    fn xattr(&self, path: &str, name: &str) -> Result<Vec<u8>, Errno> {
        self.node.xattr(path, name)
    }
    fn run(&self, argv: &[&str], deadline: Duration) -> Ran {
        self.node.run(argv, deadline)
    }
    fn run_aside(&self, argv: &[&str], deadline: Duration) -> Ran {
        self.node.run_aside(argv, deadline)
    }
    fn attempt(&self, trial: &Trial, deadline: Duration) -> Tried {
        let mut answer = self.node.attempt(trial, deadline);
        let mut tried = self.tried.lock().unwrap();
        if let Some((at, step, errno)) = self.fault
            && at == tried.len()
        {
            answer.steps[step].errno = Some(errno);
            answer.steps[step].value = 0;
            if !answer.steps[step].optional {
                answer.steps.truncate(step + 1);
            }
        }
        tried.push(answer.clone());
        answer
    }
    fn env(&self, name: &str) -> Option<String> {
        self.node.env(name)
    }
    fn caller(&self) -> Caller {
        self.node.caller()
    }
    fn limit(&self, resource: Resource) -> (u64, u64) {
        self.node.limit(resource)
    }
    fn which(&self, program: &str) -> Option<String> {
        self.node.which(program)
    }
}

fn record() -> Recording {
    let recorder = Recorder::new(&Live);
    let site = Site::new(&recorder);
    for probe in checks() {
        probe.run(&site);
    }
    drop(site);
    recorder.recording()
}

#[test]
fn no_probe_passes_or_panics_where_a_call_is_refused() {
    let node = record();
    let (mut tried, mut decided, mut wrong) = (0, 0, Vec::new());
    for probe in checks() {
        let door = |fault| Door {
            node: &node,
            fault,
            tried: Mutex::default(),
        };
        let sound = door(None);
        let (check, _) = probe.run(&Site::new(&sound));
        let passed = check.status == Status::Pass;
        let trials = sound.tried.into_inner().unwrap();
        for (trial, steps) in trials.iter().enumerate() {
            for (step, attempted) in steps.steps.iter().enumerate() {
                for errno in ERRNOS {
                    let faulty = door(Some((trial, step, *errno)));
                    let (check, finding) = probe.run(&Site::new(&faulty));
                    tried += 1;
                    // A step that may fail is one of several ways, and need not decide.
                    let proof = attempted.errno.is_some() && PROOFS.contains(errno);
                    let decides = !attempted.optional && passed && !proof;
                    decided += usize::from(decides);
                    let passes = check.status == Status::Pass && finding.holds == Some(true);
                    if decides && passes {
                        wrong.push(format!(
                            "{}: {} = {errno}: {}",
                            probe.id, attempted.call, check.summary
                        ));
                    }
                }
            }
        }
    }
    println!("faults tried: {tried}, of which {decided} must turn a pass");
    assert!(decided > 1000, "only {decided} faults decide");
    assert!(
        wrong.is_empty(),
        "probes that pass though a call is refused:\n{}",
        wrong.join("\n")
    );
}

/// What a call answers to arguments that make no sense, when it is there: checks that only
/// ask whether a call exists look for these.
const PROOFS: &[Errno] = &[Errno::EINVAL, Errno::ENODEV];
