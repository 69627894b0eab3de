//! The agent: the same program outside and inside, which is told what to measure line by line.
//!
//! The plan comes on standard input and the results go to standard output, each a line of JSON,
//! so that nothing but two pipes has to reach into the container.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};

use crate::end::{self, Order};
use crate::environs;
use crate::measurement::{Task, measurement};
use crate::question::Question;
use crate::timing::Clock;

/// The most bytes of a line of the plan.
const LINE: u64 = 64 << 10;

/// The longest that a figure is measured.
const LONGEST: Duration = Duration::from_secs(60);

/// What the agent says first: that it is there, and what surrounds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// The version of hpcctl.
    pub version: String,
    /// The processors that it may run on.
    pub processors: Vec<usize>,
    /// What may differ between inside and outside, by name.
    pub surroundings: BTreeMap<String, String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The figures of a measurement.
    Figures {
        /// One each.
        values: Vec<f64>,
        /// How often the processor was taken away meanwhile.
        preempted: u64,
    },
    /// What was asked for, in words.
    Told(String),
    /// Why there are none.
    Failed(String),
}

/// What an agent is asked.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Asked {
    Task(Task),
    Order(Order),
    Question(Question),
}

/// Serves until its input ends.
///
/// # Errors
///
/// When a pipe breaks.
pub fn serve(mut input: impl BufRead, mut out: impl Write) -> io::Result<()> {
    let all = sched_getaffinity(None).unwrap_or_default();
    loop {
        let mut line = String::new();
        if input.by_ref().take(LINE).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = if line.trim() == "hello" {
            serde_json::to_string(&hello(&all))?
        } else {
            let answer = match serde_json::from_str(&line) {
                Ok(Asked::Task(task)) => carry_out(&task, &all),
                Ok(Asked::Order(order)) => {
                    end::carry_out(&order).map_or_else(Answer::Failed, |values| Answer::Figures {
                        values,
                        preempted: 0,
                    })
                }
                Ok(Asked::Question(question)) => {
                    question.answer().map_or_else(Answer::Failed, Answer::Told)
                }
                Err(error) => Answer::Failed(format!("the plan cannot be read: {error}")),
            };
            serde_json::to_string(&answer)?
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
}

fn hello(all: &CpuSet) -> Hello {
    Hello {
        version: env!("CARGO_PKG_VERSION").into(),
        processors: (0..CpuSet::MAX_CPU)
            .filter(|cpu| all.is_set(*cpu))
            .collect(),
        surroundings: environs::all(),
    }
}

fn carry_out(task: &Task, all: &CpuSet) -> Answer {
    let Some(measurement) = measurement(&task.measurement) else {
        return Answer::Failed(format!("there is no measurement {}", task.measurement));
    };
    let known = task.processors.iter().all(|cpu| *cpu < CpuSet::MAX_CPU);
    if !known || !(0.0..=1.0).contains(&task.planted) || task.length > LONGEST {
        return Answer::Failed("the plan asks for what cannot be done".into());
    }
    let mut wanted = CpuSet::new();
    task.processors.iter().for_each(|cpu| wanted.set(*cpu));
    if let Err(errno) = sched_setaffinity(None, &wanted) {
        return Answer::Failed(format!(
            "cannot run on processors {:?}: {errno}",
            task.processors
        ));
    }
    let before = preempted();
    let taken = (measurement.take)(task, Clock::new(task.length, task.planted));
    let after = preempted();
    // The agent was on all of them when it began; what fails here fails at the next task, too.
    let _ = sched_setaffinity(None, all);
    match taken {
        Ok(values) => Answer::Figures {
            values,
            preempted: after.saturating_sub(before),
        },
        Err(why) => Answer::Failed(why),
    }
}

/// How often the processor was taken from the thread that measures.
fn preempted() -> u64 {
    let status = environs::text("/proc/thread-self/status");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::tree;
    use crate::launch::{Launch, program};
    use crate::measurement::{Processors, SUBJECTS};
    use crate::workplace::WRITTEN;

    fn serve_lines(lines: &[String]) -> Vec<String> {
        let mut out = Vec::new();
        serve(lines.join("\n").as_bytes(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn it_says_what_surrounds_it() {
        let said = serve_lines(&["hello".into()]);
        let hello: Hello = serde_json::from_str(&said[0]).unwrap();
        assert!(!hello.processors.is_empty());
        assert!(hello.surroundings["namespace net"].starts_with("net:["));
        assert!(hello.surroundings.contains_key("Seccomp"));
    }

    #[test]
    fn every_measurement_yields_its_figures() {
        let dir = tempfile::tempdir().unwrap();
        tree::make(dir.path()).unwrap();
        std::fs::create_dir(dir.path().join(WRITTEN)).unwrap();
        let program = dir.path().join("program");
        program::write(&program).unwrap();
        let said = serve_lines(&["hello".into()]);
        let hello: Hello = serde_json::from_str(&said[0]).unwrap();
        // These need agents of their own, which a test is not, or an image.
        let alone = |id: &str| {
            let others = [
                "fs.image.",
                "overlay.",
                "mounts.",
                "ranks.",
                "mpi.",
                "gpu.",
                "fabric.",
                "net.node.",
                "net.peer.",
            ];
            !others.iter().any(|start| id.starts_with(start))
        };
        let all = SUBJECTS.iter().flat_map(|subject| subject.measurements);
        for measurement in all.filter(|measurement| alone(measurement.id())) {
            if measurement.processors == Processors::Two && hello.processors.len() < 2 {
                continue;
            }
            let count = match measurement.processors {
                Processors::One | Processors::Shared => 1,
                Processors::Two => 2,
                Processors::All => hello.processors.len(),
            };
            let task = Task {
                measurement: measurement.id().into(),
                processors: hello.processors[..count].to_vec(),
                launch: Some(Launch::Plain(program.clone())),
                ..Task::in_dir(dir.path())
            };
            let said = serve_lines(&[serde_json::to_string(&task).unwrap()]);
            let answer: Answer = serde_json::from_str(&said[0]).unwrap();
            let Answer::Figures { values, .. } = answer else {
                panic!("{}: {answer:?}", measurement.id());
            };
            assert_eq!(
                values.len(),
                measurement.figures.len(),
                "{}",
                measurement.id()
            );
            assert!(
                values.iter().all(|value| *value > 0.0 && value.is_finite()),
                "{values:?}"
            );
        }
    }

    #[test]
    fn what_it_does_not_understand_it_says() {
        let said = serve_lines(&["{".into(), "[]".into()]);
        assert!(
            said.iter()
                .all(|line| line.contains("the plan cannot be read"))
        );
        let task = |processors, planted| Task {
            measurement: "libc.math".into(),
            processors,
            planted,
            ..Task::in_dir("/nonexistent".as_ref())
        };
        for task in [
            task(vec![1 << 40], 0.0),
            task(vec![0], 1e300),
            task(vec![0], -1.0),
        ] {
            let said = serve_lines(&[serde_json::to_string(&task).unwrap()]);
            assert!(said[0].contains("cannot be done"), "{}", said[0]);
        }
    }
}
