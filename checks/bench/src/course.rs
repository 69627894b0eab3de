//! A run from begin to end: made ready, rehearsed, tried on outside alone, then measured in pairs.

mod why;

use std::time::{Duration, Instant};

use hpcctl_host::Host;
use hpcctl_model::Unknown;
use hpcctl_model::bench::{Bench, Plan};

use crate::executor::{self, Executor, Row, Site};
use crate::factor::{self, Factor};
use crate::measurement::{Measurement, Processors, SUBJECTS};
use crate::mpi::Approach;
use crate::pair::{Arm, Bout, Measured, Pairs};
use crate::peer::Elsewhere;
use crate::statistics::Random;
use crate::surroundings::{self, Moment};
use crate::workplace::Workplace;
use crate::{Error, compared};
use crate::{fabric, gpu, net};

/// The pairs that a run aims at within its budget; more do not help much.
const AIM: u32 = 50;

/// The share of the budget for outside against outside.
const TRIAL: f64 = 0.2;

/// The fewest pairs of outside against outside, and the most.
const TRIAL_PAIRS: (usize, usize) = (6, 16);

/// The fewest pairs with which many measurements can be told apart, and the most of a run.
const PAIRS: (usize, usize) = (20, 400);

/// Fewer pairs than this are few.
const FEW: usize = 20;

/// How long a figure is measured at least and at most.
const LENGTH: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The names of the subjects.
    pub subjects: &'a [&'a str],
    /// What the names of measurements begin with; none is all of the subjects.
    pub only: Option<&'a str>,
    /// The runtime.
    pub runtime: &'a str,
    /// An agent on another node, to which the network is measured.
    pub peer: Option<Elsewhere<'a>>,
    /// The network inside; none is the runtime's default.
    pub network: Option<&'a str>,
    /// The image; none is the host's own tree.
    pub image: Option<&'a str>,
    /// The cost that does not matter, as a share.
    pub margin: f64,
    /// The seed of every order that is random.
    pub seed: u64,
    /// How long the run may take.
    pub budget: Duration,
    /// A delay to plant inside, as a share.
    pub planted: f64,
    /// Whether to find out why what differs differs.
    pub why: bool,
    /// Factors that the builtin launcher is to add, to see that they are found.
    pub added: &'a [Factor],
    /// Whose launcher and library ranks of an MPI have.
    pub approach: Approach,
    /// The arguments that make our program an agent.
    pub agent: &'a [String],
}

/// Who follows a run.
pub trait Watch {
    /// So much of the time that the run takes has passed.
    fn passed(&self, passed: Duration, of: Duration);

    /// What is known before the run: the pairs that are planned, and the slow-down that they will
    /// find, a line a figure.
    fn stated(&self, pairs: usize, lines: &[String]);

    /// Whether the run is to end now.
    fn is_over(&self) -> bool;
}

/// Measures.
///
/// # Errors
///
/// When the runtime or the image cannot be used at all; what fails beside others is an unknown.
pub fn bench(
    request: &Request<'_>,
    host: &dyn Host,
    watch: &dyn Watch,
) -> Result<(Bench, Vec<Unknown>), Error> {
    let begun = Instant::now();
    let before = Moment::now(host);
    let (row, network) = runtime(request)?;
    let environment = environment(host);
    let factors = with(request, row, network)?;
    let workplace = Workplace::new()?;
    let site = Site {
        host,
        workplace: &workplace,
        image: request.image,
        network,
        factors: factors.as_deref(),
        agent: request.agent,
        approach: request.approach,
        environment: &environment,
        peer: request.peer.as_ref(),
    };
    let executor = (row.open)(&site)?;
    let mut run = Run {
        request,
        watch,
        begun,
        unknowns: Vec::new(),
        random: Random::new(request.seed),
    };
    let mut pairs = Pairs::new(&site, executor.as_ref(), request.planted)?;
    let mut chosen = run.choose(executor.as_ref(), pairs.processors.len());
    run.make_ready(&mut pairs, &mut chosen)?;
    let bout = run.rehearse(&mut pairs, chosen)?;
    if bout.has("ranks.") {
        pairs.reach()?;
    }
    if bout.has("mpi.") {
        pairs.libraries()?;
    }
    let trial = run.trial(&mut pairs, &bout)?;
    let left = request.budget.saturating_sub(begun.elapsed());
    let planned = fitting(left, pairs.round(&bout)).clamp(PAIRS.0, PAIRS.1);
    let stated = compared::stated(&trial, planned, request.margin);
    watch.stated(planned, &stated.lines());
    let measured = run.rounds(&mut pairs, &bout, Arm::Inside, planned)?;
    let mut doubts = surroundings::doubts(host, before, Moment::now(host), pairs.processors.len());
    doubts.extend(pairs.doubts.clone());
    doubts.extend(untried(row));
    doubts.extend(short(measured.rounds(), planned));
    let plan = plan(request, row, network, planned, trial.rounds());
    let comparisons = compared::comparisons(&measured, &stated, request.margin);
    let why = run.why(&site, &pairs.differences, &comparisons, &bout, &stated)?;
    let bench = Bench {
        plan,
        image: None,
        differences: pairs.differences,
        mpi: pairs.mpi,
        fabric: pairs.fabric,
        comparisons,
        why,
        compared: None,
        doubts,
    };
    Ok((bench, run.unknowns))
}

/// What the run was asked to do.
fn plan(request: &Request<'_>, row: &Row, network: &str, pairs: usize, trial_pairs: usize) -> Plan {
    Plan {
        subjects: request.subjects.iter().map(ToString::to_string).collect(),
        runtime: row.name.into(),
        network: network.into(),
        image: request.image.map(str::to_owned),
        peer: request.peer.as_ref().map(|peer| peer.host.to_owned()),
        mpi: request
            .subjects
            .contains(&"mpi")
            .then(|| request.approach.name().to_owned()),
        margin: request.margin,
        seed: request.seed,
        budget_s: request.budget.as_secs_f64(),
        pairs,
        trial_pairs,
        planted: request.planted,
    }
}

/// The factors of the builtin launcher with those that are to be added.
fn with(request: &Request<'_>, row: &Row, network: &str) -> Result<Option<Vec<Factor>>, Error> {
    if request.added.is_empty() {
        return Ok(None);
    }
    if row.name != "builtin" {
        let message = format!("only the builtin launcher adds factors, not {}", row.name);
        return Err(Error::Usage(message));
    }
    let own = executor::own_factors(network);
    Ok(Some(factor::sorted(&[&own, request.added].concat())))
}

/// The environment of everything that is started, each `NAME=VALUE`.
fn environment(host: &dyn Host) -> Vec<String> {
    let mut environment: Vec<String> = std::env::vars()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    // Runtimes ask for it, and schedulers do not always set it.
    if !environment.iter().any(|pair| pair.starts_with("USER=")) {
        environment.push(format!("USER={}", host.caller().name));
    }
    environment
}

/// The runtime and the network that are asked for.
fn runtime<'a>(request: &Request<'a>) -> Result<(&'static Row, &'a str), Error> {
    let row = executor::row(request.runtime)
        .ok_or_else(|| Error::Usage(format!("there is no runtime {}", request.runtime)))?;
    let network = request.network.unwrap_or(row.networks[0]);
    if row.networks.contains(&network) {
        return Ok((row, network));
    }
    let known = row.networks.join(", ");
    let message = format!("{} has no network {network}: {known}", row.name);
    Err(Error::Usage(message))
}

/// Says where the runtime is one that no test of ours has run.
fn untried(row: &Row) -> Option<String> {
    let message = || {
        format!(
            "no test of ours has run {}: it follows its manual",
            row.name
        )
    };
    (!row.tried).then(message)
}

/// Says where there are few pairs, or fewer than planned.
fn short(measured: usize, planned: usize) -> Option<String> {
    if measured < planned {
        let message = format!("the time was over after {measured} of {planned} planned pairs");
        Some(message)
    } else {
        (measured < FEW).then(|| format!("only {measured} pairs: the budget is small"))
    }
}

/// A run under way.
struct Run<'a> {
    request: &'a Request<'a>,
    watch: &'a dyn Watch,
    begun: Instant,
    unknowns: Vec<Unknown>,
    random: Random,
}

impl Run<'_> {
    /// The measurements of the subjects, without those that say nothing here.
    fn choose(&mut self, executor: &dyn Executor, processors: usize) -> Vec<&'static Measurement> {
        let mut chosen = Vec::new();
        let wanted = |name: &str| self.request.subjects.contains(&name);
        let only = self.request.only.unwrap_or("");
        let asked = |one: &Measurement| one.figures.iter().any(|it| it.id.starts_with(only));
        for subject in SUBJECTS.iter().filter(|subject| wanted(subject.name)) {
            if subject.name == "libc"
                && let Err(why) = executor.own_libc()
            {
                let why =
                    format!("this program does not run with the C library of the image: {why}");
                self.unknowns.push(Unknown::new(subject.name, why));
                continue;
            }
            let measurements = subject.measurements.iter();
            for measurement in measurements.filter(|one| asked(one)) {
                if measurement.id() == net::PEER.id() && self.request.peer.is_none() {
                    continue;
                }
                if measurement.processors == Processors::Two && processors < 2 {
                    let why = "there is one processor only";
                    self.unknowns.push(Unknown::new(measurement.id(), why));
                } else {
                    chosen.push(*measurement);
                }
            }
        }
        chosen
    }

    /// Brings what inside needs, and finds out which GPU and which libfabric either side has; what there is none for is
    /// left out.
    fn make_ready(
        &mut self,
        pairs: &mut Pairs<'_>,
        chosen: &mut Vec<&'static Measurement>,
    ) -> Result<(), Error> {
        if chosen.iter().any(|one| one.id().starts_with("mpi.")) {
            pairs.bring_library()?;
        }
        if chosen.iter().any(|one| one.id().starts_with("fabric.")) {
            let found = pairs.fabrics()?;
            self.keep_fabric(found, chosen);
        }
        let is_of_gpu = |one: &Measurement| one.id().starts_with("gpu.");
        if !chosen.iter().any(|one| is_of_gpu(one)) {
            return Ok(());
        }
        match pairs.gpus()? {
            Ok(many) => chosen.retain(|one| many > 1 || one.id() != gpu::PEER.id()),
            Err(why) => {
                self.unknowns.push(Unknown::new("gpu", why));
                chosen.retain(|one| !is_of_gpu(one));
            }
        }
        Ok(())
    }

    /// Leaves out what there is no libfabric for on either side, and hardware that neither has.
    fn keep_fabric(
        &mut self,
        found: [Result<bool, String>; 2],
        chosen: &mut Vec<&'static Measurement>,
    ) {
        let native = found.iter().any(|side| matches!(side, Ok(true)));
        let is_outside = found[0].is_ok();
        let is_on_both = found.iter().all(Result::is_ok);
        chosen.retain(|one| match one.id() {
            id if !id.starts_with("fabric.") => true,
            id if id == fabric::SOCKETS.id() => is_outside,
            id if id == fabric::NATIVE.id() => is_on_both && native,
            _ => is_on_both,
        });
        for why in found.into_iter().filter_map(Result::err) {
            self.unknowns.push(Unknown::new("fabric", why));
        }
    }

    /// Takes everything once on either side: what fails is left out, and how long a pair takes
    /// becomes known.
    fn rehearse(
        &mut self,
        pairs: &mut Pairs<'_>,
        chosen: Vec<&'static Measurement>,
    ) -> Result<Bout, Error> {
        let count = u32::try_from(2 * chosen.len()).unwrap_or(u32::MAX).max(1);
        let length = (self.request.budget / (count * AIM)).clamp(LENGTH.0, LENGTH.1);
        let mut bout = Bout {
            measurements: chosen,
            length,
            round: Duration::ZERO,
        };
        let start = Instant::now();
        let failed = pairs.rehearse(&bout)?;
        bout.round = start.elapsed();
        bout.measurements.retain(|measurement| {
            failed
                .iter()
                .all(|unknown| unknown.what != measurement.id())
        });
        self.unknowns.extend(failed);
        if bout.measurements.is_empty() {
            let why = self.unknowns.first().map(|unknown| unknown.why.as_str());
            let message = format!("nothing can be measured: {}", why.unwrap_or("no subject"));
            return Err(Error::Unreachable(message));
        }
        Ok(bout)
    }

    /// Measures outside against outside.
    fn trial(&mut self, pairs: &mut Pairs<'_>, bout: &Bout) -> Result<Measured, Error> {
        let share = self.request.budget.mul_f64(TRIAL);
        let count = fitting(share, bout.round).clamp(TRIAL_PAIRS.0, TRIAL_PAIRS.1);
        self.rounds(pairs, bout, Arm::Outside, count)
    }

    fn rounds(
        &mut self,
        pairs: &mut Pairs<'_>,
        bout: &Bout,
        against: Arm,
        count: usize,
    ) -> Result<Measured, Error> {
        let mut measured = pairs.begin(bout, against, count, &mut self.random);
        for round in 0..count {
            if self.watch.is_over() {
                return Err(Error::Interrupted);
            }
            // A node that became slower is given half as much again, not forever.
            let over = self.begun.elapsed() > self.request.budget.mul_f64(1.5);
            if over && round >= PAIRS.0 {
                break;
            }
            let failed = pairs.measure(bout, &mut measured, round, self.begun)?;
            for unknown in failed {
                if !self.unknowns.contains(&unknown) {
                    self.unknowns.push(unknown);
                }
            }
            self.watch.passed(self.begun.elapsed(), self.request.budget);
        }
        Ok(measured)
    }
}

/// How many rounds fit into a time.
fn fitting(time: Duration, round: Duration) -> usize {
    (time.as_secs_f64() / round.as_secs_f64().max(1e-6)) as usize
}
