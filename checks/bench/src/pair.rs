//! Pairs: a fresh process on either side, asked in turn, in an order that is random.
//!
//! Both processes of a pair are there at the same time and one of them waits; what the node does
//! between two figures of a pair is as short as it can be. A process is measured once only:
//! where its memory happens to lie would else be taken for a difference.

mod differs;
mod other;
mod rules;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hpcctl_host::dialogue::Dialogue;
use hpcctl_model::Unknown;
use hpcctl_model::bench::{Difference, Fabric, Mpi, Sample};

use crate::agent::{Answer, Hello};
use crate::executor::{Executor, Site};
use crate::fabric;
use crate::factor::Factor;
use crate::fs::brought;
use crate::furnish::{StartError, Started};
use crate::launch::Launch;
use crate::launch::cold::COLD;
use crate::measurement::{Measurement, Processors, Task};
use crate::mpi::Approach;
use crate::original::Original;
use crate::peer::Peer;
use crate::statistics::Random;
use crate::workplace::PROGRAM;
use crate::{Error, Watch};

pub(crate) use rules::Rules;

/// How long an agent may take to start and to take a figure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a measurement is left out.
const NO_TIME: &str = "the time was over before it was tried: it is measured alone by --only, or with a larger --budget";

/// How long an agent may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// A side of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arm {
    Outside,
    Inside,
}

/// What is measured in each pair.
#[derive(Debug)]
pub(crate) struct Bout {
    pub(crate) measurements: Vec<&'static Measurement>,
    /// How long a figure is measured.
    pub(crate) length: Duration,
    /// How long the rehearsal of these took.
    pub(crate) round: Duration,
}

impl Bout {
    /// Whether a measurement is among them whose name begins so.
    pub(crate) fn has(&self, start: &str) -> bool {
        let mut all = self.measurements.iter();
        all.any(|measurement| measurement.id().starts_with(start))
    }

    /// Whether one of them runs on several processors.
    pub(crate) fn spreads(&self) -> bool {
        let mut all = self.measurements.iter();
        all.any(|one| matches!(one.processors, Processors::Two | Processors::All))
    }
}

/// The pairs that were measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    /// For each measurement and round, whether outside comes first.
    order: Vec<Vec<bool>>,
    /// For each round the order of the measurements.
    turns: Vec<Vec<usize>>,
    against: Arm,
}

/// The pairs of one measurement.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) measurement: &'static Measurement,
    /// For each figure its pairs.
    pub(crate) samples: Vec<Vec<Sample>>,
    /// How often the processor was taken away.
    pub(crate) preempted: u64,
}

impl Measured {
    /// Adds the pairs of another bout of the same measurements.
    pub(crate) fn append(&mut self, other: Self) {
        for (row, other) in self.rows.iter_mut().zip(other.rows) {
            for (samples, more) in row.samples.iter_mut().zip(other.samples) {
                samples.extend(more);
            }
            row.preempted += other.preempted;
        }
    }

    /// How many pairs the measurement with the most has.
    pub(crate) fn rounds(&self) -> usize {
        let counts = self
            .rows
            .iter()
            .flat_map(|row| row.samples.iter().map(Vec::len));
        counts.max().unwrap_or(0)
    }
}

/// The figures of a side, with how often its processor was taken away.
struct Taken {
    values: Vec<f64>,
    preempted: u64,
}

/// Both sides, ready to be started.
pub(crate) struct Pairs<'a> {
    outside: Vec<String>,
    environment: &'a [String],
    shared: PathBuf,
    executor: &'a dyn Executor,
    planted: f64,
    watch: &'a dyn Watch,
    /// Whether all ranks are in one container.
    joined: bool,
    /// Whether files of an image are read at its root inside.
    reads_image: bool,
    /// Whether C libraries are measured by a program that both sides' start.
    pub(crate) bare: bool,
    /// An agent on another node.
    peer: Option<Peer>,
    /// Whose launcher and library ranks of an MPI have.
    approach: Approach,
    /// The MPI of the node, as it is named inside, once it was brought there.
    library: Option<PathBuf>,
    /// What is read for a launch inside, once that was looked at.
    cold: Vec<PathBuf>,
    /// The processors that both sides may run on.
    pub(crate) processors: Vec<usize>,
    /// What surrounds them otherwise.
    pub(crate) differences: Vec<Difference>,
    /// The MPI of either side, where ranks were asked.
    pub(crate) mpi: Option<Mpi>,
    /// The libfabric of either side, where it was asked.
    pub(crate) fabric: Option<Fabric>,
    /// The rules of the packet filter on either side, where that was looked at.
    pub(crate) rules: Option<Rules>,
    /// What makes both sides unlike.
    pub(crate) doubts: Vec<String>,
    /// How long the pairs so far took, and how many they were.
    spent: (Duration, u32),
}

/// The agents of a pair.
struct Agents {
    first: Dialogue,
    second: Started,
    /// What the second of them is.
    against: Arm,
    /// Another one like the second, once two ranks were asked for.
    rank: Option<Started>,
}

impl Agents {
    fn end(self) {
        self.first.end(ENDING);
        self.second.end(ENDING);
        if let Some(rank) = self.rank {
            rank.end(ENDING);
        }
    }
}

impl<'a> Pairs<'a> {
    /// Starts both sides once, to see what surrounds them.
    pub(crate) fn new(
        site: &Site<'a>,
        executor: &'a dyn Executor,
        planted: f64,
        watch: &'a dyn Watch,
    ) -> Result<Self, Error> {
        let mut pairs = Self {
            outside: site.outside(),
            environment: site.environment,
            shared: site.workplace.shared(),
            executor,
            planted,
            watch,
            joined: site.factors.is_some_and(|it| it.contains(&Factor::Join)),
            peer: match site.peer {
                Some(elsewhere) => Some(Peer::open(elsewhere, site.environment)?),
                None => None,
            },
            reads_image: site.reads_image(),
            bare: executor.own_libc().is_err(),
            approach: site.approach,
            library: None,
            cold: Vec::new(),
            processors: Vec::new(),
            differences: Vec::new(),
            mpi: None,
            fabric: None,
            rules: None,
            doubts: Vec::new(),
            spent: (Duration::ZERO, 0),
        };
        let [outside, inside] = pairs.meet()?;
        pairs.processors = outside
            .processors
            .iter()
            .copied()
            .filter(|cpu| inside.processors.contains(cpu))
            .collect();
        if pairs.processors.is_empty() {
            let message = "no processor is allowed both inside and outside".to_owned();
            return Err(Error::Unreachable(message));
        }
        pairs.differences = differs::differences(&outside, &inside);
        let of_a_container = site.factors.is_none().then_some(site.network);
        let doubts = differs::doubts(&pairs.differences, &inside, of_a_container);
        pairs.doubts.extend(doubts);
        if outside.processors != inside.processors {
            pairs.doubts.push(format!(
                "inside may run on {} processors, outside on {}: {} are compared",
                inside.processors.len(),
                outside.processors.len(),
                pairs.processors.len()
            ));
        }
        Ok(pairs)
    }

    /// Inside, as far as the ladder builds it once more.
    pub(crate) fn original(&self) -> Original<'_> {
        Original {
            differences: &self.differences,
            rules: self.rules.as_ref(),
        }
    }

    /// How long a pair takes.
    pub(crate) fn round(&self, bout: &Bout) -> Duration {
        let (time, count) = self.spent;
        time.checked_div(count).unwrap_or(bout.round)
    }

    /// Has both sides say what surrounds them.
    fn meet(&self) -> Result<[Hello; 2], Error> {
        let mut agents = [self.start(Arm::Outside)?, self.start(Arm::Inside)?];
        let said = [greet(&mut agents[0].agent), greet(&mut agents[1].agent)];
        // A runtime that is killed may leave its container behind.
        agents.into_iter().for_each(|agent| agent.end(ENDING));
        let [outside, inside] = said;
        Ok([outside?, inside?])
    }

    fn start(&self, arm: Arm) -> Result<Started, Error> {
        let started = match arm {
            Arm::Outside => Dialogue::start(&self.outside, self.environment)
                .map(Started::plain)
                .map_err(StartError::from),
            Arm::Inside => self.executor.start(),
        };
        started.map_err(|error| unreachable(arm, &error))
    }

    /// Both agents; which of them is started first is random, too.
    fn agents(&self, against: Arm, outside_first: bool) -> Result<Agents, Error> {
        let (first, second) = if outside_first {
            let first = self.start(Arm::Outside)?;
            (first, self.start(against)?)
        } else {
            let second = self.start(against)?;
            (self.start(Arm::Outside)?, second)
        };
        let mut agents = Agents {
            first: first.agent,
            second,
            against,
            rank: None,
        };
        greet(&mut agents.first)?;
        greet(&mut agents.second.agent)?;
        Ok(agents)
    }

    /// Ends both where the run is to end.
    fn go_on(&self, agents: Agents) -> Result<Agents, Error> {
        if self.watch.is_over() {
            agents.end();
            return Err(Error::Interrupted);
        }
        Ok(agents)
    }

    /// Takes each measurement once on either side; what fails is an unknown, and so is what there is no time for. The time
    /// that failures cost is lost to them alone: others have theirs all the same, and it is told.
    pub(crate) fn rehearse(
        &mut self,
        bout: &Bout,
        until: Instant,
    ) -> Result<(Vec<Unknown>, Duration), Error> {
        let mut failed = Vec::new();
        let mut lost = Duration::ZERO;
        let mut agents = self.agents(Arm::Inside, true)?;
        for (n, measurement) in bout.measurements.iter().enumerate() {
            agents = self.go_on(agents)?;
            if n > failed.len() && Instant::now() > until + lost {
                failed.push(Unknown::new(measurement.id(), NO_TIME));
                continue;
            }
            let begun = Instant::now();
            for arm in [Arm::Outside, Arm::Inside] {
                if let Err(why) = self.take(&mut agents, measurement, bout, arm) {
                    let side = if arm == Arm::Inside {
                        "inside"
                    } else {
                        "outside"
                    };
                    failed.push(Unknown::new(measurement.id(), format!("{side}: {why}")));
                    // The agent may be in any state after that.
                    agents = self.agents(Arm::Inside, true)?;
                    lost += begun.elapsed();
                    break;
                }
            }
        }
        agents.end();
        Ok((failed, lost))
    }

    /// Decides the orders of `count` pairs.
    pub(crate) fn begin(
        &self,
        bout: &Bout,
        against: Arm,
        count: usize,
        random: &mut Random,
    ) -> Measured {
        let many = bout.measurements.len();
        let rows = bout.measurements.iter().map(|measurement| Row {
            measurement,
            samples: vec![Vec::with_capacity(count); measurement.figures.len()],
            preempted: 0,
        });
        let turn = |random: &mut Random| {
            let mut turn: Vec<usize> = (0..many).collect();
            random.shuffle(&mut turn);
            turn
        };
        Measured {
            rows: rows.collect(),
            order: (0..=many).map(|_| random.coins(count)).collect(),
            turns: (0..count).map(|_| turn(random)).collect(),
            against,
        }
    }

    /// Measures one pair of everything; what fails is an unknown, and that pair is left out.
    pub(crate) fn measure(
        &mut self,
        bout: &Bout,
        measured: &mut Measured,
        round: usize,
        begun: Instant,
    ) -> Result<Vec<Unknown>, Error> {
        let start = Instant::now();
        let mut failed = Vec::new();
        let against = measured.against;
        let mut agents = self.agents(against, measured.order[bout.measurements.len()][round])?;
        for index in measured.turns[round].clone() {
            agents = self.go_on(agents)?;
            let measurement = bout.measurements[index];
            let outside_first = measured.order[index][round];
            let arms = if outside_first {
                [Arm::Outside, Arm::Inside]
            } else {
                [Arm::Inside, Arm::Outside]
            };
            let at_s = begun.elapsed().as_secs_f64();
            let taken = arms.map(|arm| self.take(&mut agents, measurement, bout, arm));
            let [Ok(mut one), Ok(mut other)] = taken else {
                let why = taken.into_iter().find_map(Result::err).unwrap_or_default();
                failed.push(Unknown::new(
                    measurement.id(),
                    format!("a pair failed: {why}"),
                ));
                agents = self.agents(against, outside_first)?;
                continue;
            };
            if !outside_first {
                std::mem::swap(&mut one, &mut other);
            }
            let row = &mut measured.rows[index];
            // Threads that take turns take the processor from each other.
            if measurement.processors == Processors::One {
                row.preempted += one.preempted + other.preempted;
            }
            for (samples, (outside, inside)) in row
                .samples
                .iter_mut()
                .zip(one.values.into_iter().zip(other.values))
            {
                samples.push(Sample {
                    outside,
                    inside,
                    outside_first,
                    at_s,
                });
            }
        }
        agents.end();
        self.spent.0 += start.elapsed();
        self.spent.1 += 1;
        Ok(failed)
    }

    /// Takes one figure; the second agent of a pair stands for inside.
    fn take(
        &mut self,
        agents: &mut Agents,
        measurement: &Measurement,
        bout: &Bout,
        arm: Arm,
    ) -> Result<Taken, String> {
        let inside = arm == Arm::Inside && agents.against == Arm::Inside;
        let mut task = self.task(measurement, bout.length, inside);
        task.far = self.far(agents, &task)?;
        let agent = if arm == Arm::Inside && !self.is_from_outside(measurement.id()) {
            &mut agents.second.agent
        } else {
            &mut agents.first
        };
        let line = serde_json::to_string(&task).map_err(|error| error.to_string())?;
        let answer = agent
            .ask(&line, PATIENCE)
            .map_err(|error| error.to_string())?;
        let answer = serde_json::from_str(&answer);
        match answer.map_err(|error| format!("the answer cannot be read: {error}"))? {
            Answer::Failed(why) => Err(why),
            Answer::Told(_) => Err("the answer has no figures".into()),
            Answer::Figures { values, preempted } => {
                let sound = values.iter().all(|value| value.is_finite() && *value > 0.0);
                if values.len() == measurement.figures.len() && sound {
                    Ok(Taken { values, preempted })
                } else {
                    Err(format!("the figures make no sense: {values:?}"))
                }
            }
        }
    }

    /// Whether what is compared is made by the measurement itself, on the node.
    fn is_from_outside(&self, id: &str) -> bool {
        let launched = self.approach != Approach::Container && id.starts_with("mpi.");
        let own = ["launch.", "overlay.", "mounts.", fabric::SOCKETS_BEGIN];
        launched || own.iter().any(|start| id.starts_with(start))
    }

    /// What an agent is asked, but for the other process.
    fn task(&self, measurement: &Measurement, length: Duration, inside: bool) -> Task {
        let id = measurement.id();
        let is_launch = id.starts_with("launch.");
        let from_outside = self.is_from_outside(id);
        let (place, tree, agent) = if inside && !from_outside {
            let executor = self.executor;
            (executor.place(), executor.tree(), executor.agent())
        } else {
            let shared = self.shared.as_path();
            (shared, shared, self.outside.as_slice())
        };
        let tree = match id == brought::IMAGE.id() {
            true if inside && self.reads_image => PathBuf::from("/"),
            true => place.join(brought::COPY),
            false => tree.to_path_buf(),
        };
        let launch = is_launch.then(|| {
            if inside {
                self.executor.launch()
            } else {
                Launch::Plain(self.shared.join(PROGRAM))
            }
        });
        let count = match measurement.processors {
            Processors::One | Processors::Shared => 1,
            Processors::Two => 2,
            Processors::All => self.processors.len(),
        };
        // The last ones: the first serve most interrupts.
        let processors: Vec<usize> = self.processors.iter().rev().take(count).copied().collect();
        Task {
            measurement: id.into(),
            processors,
            length,
            planted: if inside { self.planted } else { 0.0 },
            place: place.into(),
            tree,
            launch,
            inside,
            nested: false,
            agent: agent.to_vec(),
            far: None,
            cold: match (id == COLD.id(), inside) {
                (false, _) => Vec::new(),
                (true, false) => vec![self.shared.join(PROGRAM)],
                (true, true) => self.cold.clone(),
            },
            bare: self.bare && id.starts_with("libc."),
        }
    }
}

/// Has an agent say that it is there, and that it is of this version.
pub(crate) fn greet(agent: &mut Dialogue) -> Result<Hello, Error> {
    let said = agent
        .ask("hello", PATIENCE)
        .map_err(|error| Error::Unreachable(format!("the agent does not answer: {error}")))?;
    let hello: Hello = serde_json::from_str(&said).map_err(|error| {
        Error::Unreachable(format!("the agent says what is no greeting: {error}"))
    })?;
    if hello.version == env!("CARGO_PKG_VERSION") {
        Ok(hello)
    } else {
        let message = format!("the agent is of another version, {}", hello.version);
        Err(Error::Unreachable(message))
    }
}

fn unreachable(arm: Arm, error: &StartError) -> Error {
    let side = match arm {
        Arm::Outside => "outside",
        Arm::Inside => "inside",
    };
    Error::Unreachable(format!("no agent {side}: {error}"))
}
