//! A measurement: a row of data with the function that takes it, and the task it is given.

use std::path::PathBuf;
use std::time::Duration;

use hpcctl_model::bench::Better;
use serde::{Deserialize, Serialize};

use crate::far::Far;
use crate::launch::Launch;
use crate::timing::Clock;
use crate::workplace::WRITTEN;
use crate::{cpu, fabric, fs, gpu, launch, libc, mounts, mpi, net, overlay, ranks};

/// One figure of a measurement.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// The name, such as `net.tcp.latency`.
    pub id: &'static str,
    /// What it is, in words.
    pub what: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// Whether more or less is better.
    pub better: Better,
}

impl Figure {
    /// A time in microseconds.
    pub const fn time(id: &'static str, what: &'static str) -> Self {
        Self {
            id,
            what,
            unit: "us",
            better: Better::Less,
        }
    }

    /// A count a second.
    pub const fn count(id: &'static str, what: &'static str) -> Self {
        Self {
            id,
            what,
            unit: "/s",
            better: Better::More,
        }
    }

    /// Megabytes a second.
    pub const fn rate(id: &'static str, what: &'static str) -> Self {
        Self {
            id,
            what,
            unit: "MB/s",
            better: Better::More,
        }
    }
}

/// How many processors a measurement runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processors {
    /// One, always the same: what is measured is not the scheduler.
    One,
    /// One for several threads that take turns.
    Shared,
    /// Two at least; it says nothing where there is one.
    Two,
    /// All that there are.
    All,
}

/// A measurement: what it yields and what takes it.
#[derive(Debug, Clone, Copy)]
pub struct Measurement {
    /// The figures that it yields, the first of which names it.
    pub figures: &'static [Figure],
    /// Where it runs.
    pub processors: Processors,
    /// Takes it once: a figure each.
    pub take: fn(&Task, Clock) -> Result<Vec<f64>, String>,
}

impl Measurement {
    /// Its name.
    pub fn id(&self) -> &'static str {
        self.figures.first().map_or("", |figure| figure.id)
    }
}

/// A subject of measurements, as the command line names it.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The name.
    pub name: &'static str,
    /// What it is about.
    pub what: &'static str,
    /// The measurements, in report order.
    pub measurements: &'static [&'static Measurement],
}

/// Every subject, in report order.
pub static SUBJECTS: &[Subject] = &[
    Subject {
        name: "net",
        what: "TCP, UDP, UNIX sockets, shared memory",
        measurements: net::MEASUREMENTS,
    },
    Subject {
        name: "overlay",
        what: "the ways between a container and the node, against loopback",
        measurements: overlay::MEASUREMENTS,
    },
    Subject {
        name: "ranks",
        what: "messages by size between two ranks of a node, each in a container of its own",
        measurements: ranks::MEASUREMENTS,
    },
    Subject {
        name: "mpi",
        what: "messages and sums by size between two ranks in one container, by the MPI that is there",
        measurements: mpi::MEASUREMENTS,
    },
    Subject {
        name: "fabric",
        what: "messages by size between two processes in one container, by libfabric and its providers",
        measurements: fabric::MEASUREMENTS,
    },
    Subject {
        name: "gpu",
        what: "copies to and from a GPU and in it, the start of its kernels, what it computes",
        measurements: gpu::MEASUREMENTS,
    },
    Subject {
        name: "fs",
        what: "files and directories",
        measurements: fs::MEASUREMENTS,
    },
    Subject {
        name: "mounts",
        what: "a tree of files as a squashfs and behind an overlay, by the kernel and by FUSE, against the directory",
        measurements: mounts::MEASUREMENTS,
    },
    Subject {
        name: "launch",
        what: "the start of a program in a container",
        measurements: launch::MEASUREMENTS,
    },
    Subject {
        name: "libc",
        what: "the C library and system calls",
        measurements: libc::MEASUREMENTS,
    },
    Subject {
        name: "cpu",
        what: "what all processors compute in a time",
        measurements: cpu::MEASUREMENTS,
    },
];

/// The measurement of that name.
pub fn measurement(id: &str) -> Option<&'static Measurement> {
    let mut all = SUBJECTS.iter().flat_map(|subject| subject.measurements);
    all.find(|measurement| measurement.id() == id).copied()
}

/// What an agent is asked to measure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// The name of the measurement.
    pub measurement: String,
    /// The processors to run on.
    pub processors: Vec<usize>,
    /// How long to measure.
    pub length: Duration,
    /// A delay to plant, as a share.
    pub planted: f64,
    /// The directory for files, as the agent sees it.
    pub place: PathBuf,
    /// The tree that is read, as the agent sees it.
    pub tree: PathBuf,
    /// What to launch.
    pub launch: Option<Launch>,
    /// Whether this is inside, where a measurement makes its inside itself.
    pub inside: bool,
    /// Whether the namespaces in which links are made have been entered.
    pub nested: bool,
    /// The command of an agent, where a measurement needs more of them.
    pub agent: Vec<String>,
    /// The other process, where it is not beside this one.
    #[serde(default)]
    pub(crate) far: Option<Far>,
    /// Files that are dropped from the page cache before a launch.
    #[serde(default)]
    pub(crate) cold: Vec<PathBuf>,
    /// Whether the C library is measured by the bare program.
    #[serde(default)]
    pub(crate) bare: bool,
}

impl Task {
    /// One that is outside and has all its files in a directory.
    #[cfg(test)]
    pub(crate) fn in_dir(dir: &std::path::Path) -> Self {
        Self {
            measurement: String::new(),
            processors: Vec::new(),
            length: Duration::from_millis(5),
            planted: 0.0,
            place: dir.into(),
            tree: dir.into(),
            launch: None,
            inside: false,
            nested: false,
            agent: Vec::new(),
            far: None,
            cold: Vec::new(),
            bare: false,
        }
    }

    /// The directory that is written to, as the agent sees it.
    pub(crate) fn written(&self) -> PathBuf {
        self.place.join(WRITTEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_named_after_their_subject_and_once() {
        let mut names = Vec::new();
        for subject in SUBJECTS {
            for measurement in subject.measurements {
                for figure in measurement.figures {
                    let start = format!("{}.", subject.name);
                    assert!(figure.id.starts_with(&start), "{}", figure.id);
                    names.push(figure.id);
                }
                let found = super::measurement(measurement.id());
                assert_eq!(found.unwrap().id(), measurement.id());
            }
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(count >= 20, "{count}");
    }
}
