//! The other process of a figure that needs two: where it is started, and what two ranks reach of
//! each other.

use std::path::PathBuf;

use hpcctl_host::gpu::About;
use hpcctl_host::{Errno, kit};
use hpcctl_model::bench::{Difference, Fabric, Mpi, MpiLibrary};
use serde::de::DeserializeOwned;

use super::{Agents, Arm, Pairs};
use crate::Error;
use crate::end::Order;
use crate::environs;
use crate::fabric;
use crate::far::{self, Far};
use crate::gpu;
use crate::launch::Launch;
use crate::measurement::Task;
use crate::mpi::{Approach, Mapped, Ranks};
use crate::question::{Means, Question};
use crate::ranks::rank;
use crate::workplace::PROGRAM;

/// What comes of memory that cannot be read.
const MEMORY_LOST: &str = "process_vm_readv of another rank fails inside: large messages are copied \
    twice, and an MPI that counts on it aborts with messages of some 64 KiB or more, not with small ones";

/// What comes of segments that are not shared.
const SEGMENT_LOST: &str = "the segments of another rank are not in /dev/shm inside: messages between \
    ranks of a node take the network's way, and an MPI that has none aborts";

impl Pairs<'_> {
    /// The other process of a figure that needs one, where it is not beside the first.
    pub(super) fn far(&mut self, agents: &mut Agents, task: &Task) -> Result<Option<Far>, String> {
        let id = task.measurement.as_str();
        let processor = task.processors.first().copied().unwrap_or(0);
        if id.starts_with("net.peer.") {
            let peer = self.peer.as_mut().ok_or("there is no other node")?;
            return peer.listen(processor).map(Some);
        }
        if !task.inside {
            return Ok(None);
        }
        if id.starts_with("net.node.")
            && let Some(route) = &mut agents.second.route
        {
            let far = match &mut route.far {
                Some(far) => far,
                None => route.far.insert(far::beside(&self.outside)?),
            };
            let port = far::listen(far, route.listens, processor)?;
            let found = route.found.clone();
            return Ok(Some(Far::Listens { found, port }));
        }
        if id.starts_with("mpi.") && self.approach != Approach::Container {
            let ranks = self.launched(agents.second.agent.id())?;
            return Ok(Some(Far::Launched(ranks)));
        }
        if id.starts_with("ranks.") && !self.joined {
            let rank = self.rank(agents, processor)?;
            return Ok(Some(Far::Rank(rank)));
        }
        Ok(None)
    }

    /// Ranks of an MPI inside, as the launcher of the node starts them.
    fn launched(&self, agent: u32) -> Result<Ranks, String> {
        Ok(Ranks {
            command: self.executor.rank(agent)?,
            library: self.library.clone(),
        })
    }

    /// Brings the MPI of the node to where inside finds it, where that is asked for.
    pub(crate) fn bring_library(&mut self) -> Result<(), Error> {
        /// The directory in the shared one.
        const BROUGHT: &str = "mpi";
        if self.approach != Approach::HostLibrary {
            return Ok(());
        }
        let failed =
            |why: String| Error::Unreachable(format!("the MPI of the node cannot be used: {why}"));
        let mut agents = self.agents(Arm::Inside, true)?;
        let means = Means::new(&self.outside, &self.shared);
        let told = far::told(&mut agents.first, &Question::Mapped(means));
        agents.end();
        let mapped: Option<Mapped> = serde_json::from_str(&told.map_err(failed)?)
            .map_err(|error| failed(format!("the answer cannot be read: {error}")))?;
        let mapped = mapped.ok_or_else(|| failed("it does not say what it is".into()))?;
        let brought = kit::here()
            .and_then(|own| mapped.bring(&own, &self.shared.join(BROUGHT)))
            .map_err(|error| failed(error.to_string()))?;
        self.library = Some(self.executor.place().join(BROUGHT).join(brought));
        Ok(())
    }

    /// Another rank, in a container of its own.
    fn rank(&self, agents: &mut Agents, processor: usize) -> Result<far::Rank, String> {
        let started = match &mut agents.rank {
            Some(started) => started,
            None => {
                let started = self.executor.start().map_err(|error| error.to_string())?;
                agents.rank.insert(started)
            }
        };
        far::rank(&mut started.agent, rank::token(), processor)
    }

    /// The MPI that either side has: says it where they are not one.
    pub(crate) fn libraries(&mut self) -> Result<(), Error> {
        let library = |answer: Result<String, String>| -> Result<MpiLibrary, Error> {
            let read = answer.and_then(|said| {
                serde_json::from_str(&said)
                    .map_err(|error| format!("{said} is no library: {error}"))
            });
            read.map_err(|why| Error::Unreachable(format!("two ranks of an MPI: {why}")))
        };
        let [outside, inside] = match self.approach {
            Approach::Container => self.both(Question::Mpi)?,
            _ => self.both_launched()?,
        };
        let (outside, inside) = (library(outside)?, library(inside)?);
        if outside.says != inside.says {
            self.differences.push(Difference {
                what: "MPI".into(),
                outside: outside.says.clone(),
                inside: inside.says.clone(),
            });
        }
        self.mpi = Some(Mpi { outside, inside });
        Ok(())
    }

    /// Looks at what is read for a launch inside; else says why that is not known.
    pub(crate) fn look_at_launch(&mut self) -> Result<Result<(), String>, Error> {
        self.cold = vec![self.shared.join(PROGRAM)];
        let Launch::Command(argv) = self.executor.launch() else {
            // Our own launcher runs already.
            return Ok(Ok(()));
        };
        let mut agents = self.agents(Arm::Inside, true)?;
        let told = far::told(&mut agents.first, &Question::Executed(argv));
        agents.end();
        let files = side::<Vec<PathBuf>>("outside", told);
        Ok(files.map(|files| self.cold.extend(files)))
    }

    /// The C library of either side, as a program has it that both start: says it, and why it is asked for; else why there is
    /// none.
    pub(crate) fn c_libraries(&mut self, foreign: &str) -> Result<Result<(), String>, Error> {
        let [outside, inside] = self.both(Question::CLibrary)?;
        let (outside, inside) = match (outside, inside) {
            (Ok(outside), Ok(inside)) => (outside, inside),
            (Err(why), _) => return Ok(Err(format!("outside: {why}"))),
            (_, Err(why)) => return Ok(Err(format!("inside: {why}"))),
        };
        self.doubts.push(format!(
            "libc is measured by a small program that both C libraries start, {outside} outside and {inside} inside: \
             hpcctl itself does not run with that of the image ({foreign})"
        ));
        // That of the agent inside is one that it brought along.
        self.differences.retain(|it| it.what != environs::LIBRARY);
        if outside != inside {
            self.differences.push(Difference {
                what: environs::LIBRARY.into(),
                outside,
                inside,
            });
        }
        Ok(Ok(()))
    }

    /// The GPU that either side has: says what of it is not the same, and how many the side with
    /// most has; else why there is none.
    pub(crate) fn gpus(&mut self) -> Result<Result<usize, String>, Error> {
        let [outside, inside] = self.both(Question::Gpu)?;
        let read = side::<About>("outside", outside);
        let read = read.and_then(|outside| Ok((outside, side::<About>("inside", inside)?)));
        Ok(read.map(|(outside, inside)| {
            let most = outside.peers.max(inside.peers);
            self.differences.extend(gpu::differences(outside, inside));
            most
        }))
    }

    /// The libfabric that either side has, and whether one of them has a provider of hardware: says what is not the
    /// same, and why there is none.
    pub(crate) fn fabrics(&mut self) -> Result<[Result<bool, String>; 2], Error> {
        let [outside, inside] = self.both(Question::Fabric)?;
        let (outside, inside) = (side("outside", outside), side("inside", inside));
        if let (Ok(outside), Ok(inside)) = (&outside, &inside) {
            self.differences
                .extend(fabric::differences(outside, inside));
            self.doubts.extend(fabric::doubt(outside, inside));
        }
        let is_native = |side: &Result<fabric::About, String>| {
            side.as_ref().map(fabric::is_native).map_err(String::clone)
        };
        let found = [is_native(&outside), is_native(&inside)];
        self.fabric = Some(Fabric {
            outside: outside.ok().map(fabric::library),
            inside: inside.ok().map(fabric::library),
        });
        Ok(found)
    }

    /// Asks outside for the MPI of its ranks, and for that of the ranks inside that it starts.
    fn both_launched(&mut self) -> Result<[Result<String, String>; 2], Error> {
        let mut agents = self.agents(Arm::Inside, true)?;
        let means = Means::new(&self.outside, &self.shared);
        let inside = self.launched(agents.second.agent.id()).and_then(|ranks| {
            let ranks = Some(ranks);
            let means = Means {
                ranks,
                ..means.clone()
            };
            far::told(&mut agents.first, &Question::Mpi(means))
        });
        let outside = far::told(&mut agents.first, &Question::Mpi(means));
        agents.end();
        Ok([outside, inside])
    }

    /// Asks either side.
    fn both(
        &mut self,
        question: fn(Means) -> Question,
    ) -> Result<[Result<String, String>; 2], Error> {
        let mut agents = self.agents(Arm::Inside, true)?;
        let executor = self.executor;
        let outside = question(Means::new(&self.outside, &self.shared));
        let inside = question(Means::new(executor.agent(), executor.place()));
        let answers = [
            far::told(&mut agents.first, &outside),
            far::told(&mut agents.second.agent, &inside),
        ];
        agents.end();
        Ok(answers)
    }

    /// What two ranks reach of each other: says what is lost inside, and what comes of it.
    pub(crate) fn reach(&mut self) -> Result<(), Error> {
        let failed = |why: String| Error::Unreachable(format!("two ranks: {why}"));
        let mut agents = self.agents(Arm::Inside, true)?;
        let processor = self.processors.last().copied().unwrap_or(0);
        let mut beside = far::beside(&self.outside).map_err(failed)?;
        let one = far::rank(&mut beside, rank::token(), processor).map_err(failed)?;
        let outside = far::tell(&mut agents.first, &Order::Reach(one)).map_err(failed)?;
        let other = self.rank(&mut agents, processor).map_err(failed)?;
        let inside = far::tell(&mut agents.second.agent, &Order::Reach(other)).map_err(failed)?;
        agents.end();
        let word = |errno: f64| match errno as i32 {
            0 => "yes".to_owned(),
            errno => Errno(errno).to_string(),
        };
        let ways = [
            ("memory of another rank", MEMORY_LOST),
            ("/dev/shm of another rank", SEGMENT_LOST),
        ];
        for ((what, lost), (outside, inside)) in
            ways.into_iter().zip(outside.into_iter().zip(inside))
        {
            if outside != inside {
                self.differences.push(Difference {
                    what: what.into(),
                    outside: word(outside),
                    inside: word(inside),
                });
            }
            if outside == 0.0 && inside != 0.0 {
                self.doubts.push(format!("{}: {lost}", word(inside)));
            }
        }
        Ok(())
    }
}

/// What a side answered about what it has, or why it has none.
fn side<T: DeserializeOwned>(side: &str, answer: Result<String, String>) -> Result<T, String> {
    let read = answer.and_then(|said| {
        serde_json::from_str(&said).map_err(|error| format!("the answer cannot be read: {error}"))
    });
    read.map_err(|why| format!("{side}: {why}"))
}
