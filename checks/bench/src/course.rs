//! A run from begin to end: made ready, rehearsed, tried on outside alone, then measured in pairs.

mod choose;
mod why;

use std::time::{Duration, Instant};

use hpcctl_host::Host;
use hpcctl_model::Unknown;
use hpcctl_model::bench::{Bench, Plan};

use crate::executor::{self, Row, Site};
use crate::factor::{self, Factor};
use crate::image::Image;
use crate::measurement::Measurement;
use crate::mpi::Approach;
use crate::pair::{Arm, Bout, Measured, Pairs};
use crate::peer::Elsewhere;
use crate::statistics::Random;
use crate::surroundings::{self, Moment};
use crate::workplace::Workplace;
use crate::{Error, compared, numa, variables};

/// The pairs that a run aims at within its budget; more do not help much.
const AIM: u32 = 50;

/// The share of the budget for outside against outside.
const TRIAL: f64 = 0.2;

/// The fewest pairs of outside against outside, and the most.
const TRIAL_PAIRS: (usize, usize) = (6, 16);

/// The fewest pairs with which many measurements can be told apart, and the most of a run.
const PAIRS: (usize, usize) = (20, 400);

/// A run may take as long, or three times its budget, before it does with the fewest of a trial.
const PATIENCE: Duration = Duration::from_secs(60);

/// What of the budget is as good as within it.
const MORE: f64 = 1.1;

/// How many pairs may be lost because a side did not start.
const LOST: u32 = 3;

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
    /// find, as a share of each figure, the least first.
    fn stated(&self, pairs: usize, detectable: &[(&str, f64)]);

    /// The least that the run takes, where that is longer than it may.
    fn least(&self, pairs: usize, time: Duration);

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
    let factors = with(request, host, row, network)?;
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
        original: None,
    };
    let executor = (row.open)(&site)?;
    let mut run = Run {
        request,
        row,
        is_ours: is_ours(row, request, factors.as_deref()),
        before,
        watch,
        begun,
        lost: Duration::ZERO,
        unknowns: Vec::new(),
        random: Random::new(request.seed),
    };
    let mut pairs = Pairs::new(&site, executor.as_ref(), request.planted, watch)?;
    let bout = run.prepare(&site, executor.as_ref(), &mut pairs)?;
    run.tell_least(&bout);
    let trial = run.trial(&mut pairs, &bout)?;
    // In the trial nothing was inside.
    let planned = run.planned(pairs.round(&bout).max(bout.round));
    let stated = compared::stated(&trial, planned, request.margin);
    watch.stated(planned, &stated.detectable());
    let measured = run.rounds(&mut pairs, &bout, Arm::Inside, planned)?;
    let doubts = run.doubts(host, &pairs, &bout, [measured.rounds(), planned]);
    let bare = pairs.bare && bout.has("libc.");
    let plan = plan(request, row, network, [planned, trial.rounds()], bare);
    let comparisons = compared::comparisons(&measured, &stated, request.margin);
    let why = run.why(&site, &pairs.original(), &comparisons, &bout, &stated)?;
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
fn plan(
    request: &Request<'_>,
    row: &Row,
    network: &str,
    [pairs, trial_pairs]: [usize; 2],
    bare: bool,
) -> Plan {
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
        bare,
        margin: request.margin,
        seed: request.seed,
        budget_s: request.budget.as_secs_f64(),
        pairs,
        trial_pairs,
        planted: request.planted,
    }
}

/// The factors of the builtin launcher with those that are to be added.
fn with(
    request: &Request<'_>,
    host: &dyn Host,
    row: &Row,
    network: &str,
) -> Result<Option<Vec<Factor>>, Error> {
    if request.added.is_empty() {
        return Ok(None);
    }
    if row.name != "builtin" {
        let message = format!("only the builtin launcher adds factors, not {}", row.name);
        return Err(Error::Usage(message));
    }
    let mut all = executor::own_factors(network);
    if let Some(reference) = request.image {
        all.extend(Image::open(host, reference)?.factors());
    }
    all.extend(request.added);
    Ok(Some(factor::sorted(&all)))
}

/// The environment of everything that is started, each `NAME=VALUE`; what is no text is left out on both sides.
fn environment(host: &dyn Host) -> Vec<String> {
    let mut environment: Vec<String> = variables::texts()
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

/// Whether all that works for a run is counted as this process's own before it ends: not what serves a file system until
/// then, nor the command that leads to another node, which may be this one.
fn is_ours(row: &Row, request: &Request<'_>, factors: Option<&[Factor]>) -> bool {
    let is_served = factors.is_some_and(|it| it.contains(&Factor::Fuse));
    !row.apart && request.peer.is_none() && !is_served
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
    row: &'static Row,
    /// Whether all that works for it is counted as this process's own.
    is_ours: bool,
    /// The node before it.
    before: Moment,
    watch: &'a dyn Watch,
    begun: Instant,
    /// What the failures of the rehearsal cost.
    lost: Duration,
    unknowns: Vec<Unknown>,
    random: Random,
}

impl Run<'_> {
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
        let (failed, lost) = pairs.rehearse(&bout, self.begun + self.patience())?;
        self.lost = lost;
        bout.round = start.elapsed().saturating_sub(lost);
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
        let mut lost = 0;
        for round in 0..count {
            if self.watch.is_over() {
                return Err(Error::Interrupted);
            }
            if self.is_over(round) {
                break;
            }
            let failed = match pairs.measure(bout, &mut measured, round, self.begun) {
                // What is there already is worth more than one container that did not start.
                Err(Error::Unreachable(why)) if lost < LOST => {
                    lost += 1;
                    vec![Unknown::new("a pair", why)]
                }
                failed => failed?,
            };
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

impl Run<'_> {
    /// Whether there is no time for more than so many pairs. The fewest that can tell are measured all the same, but
    /// not for ever.
    fn is_over(&self, rounds: usize) -> bool {
        let passed = self.begun.elapsed();
        let fewest = match passed > self.patience() {
            true => TRIAL_PAIRS.0,
            false => PAIRS.0,
        };
        passed > self.request.budget && rounds >= fewest
    }

    /// How many pairs the run is to have, of which each takes so long.
    fn planned(&self, round: Duration) -> usize {
        let passed = self.begun.elapsed();
        let left = |of: Duration| fitting(of.saturating_sub(passed), round);
        let fewest = left(self.patience()).clamp(TRIAL_PAIRS.0, PAIRS.0);
        left(self.request.budget).clamp(fewest, PAIRS.1)
    }

    /// How long the fewest pairs that can tell are waited for; what failed is not held against them.
    fn patience(&self) -> Duration {
        (3 * self.request.budget).max(PATIENCE) + self.lost
    }

    /// Says what the run takes at least, where it may not.
    fn tell_least(&self, bout: &Bout) {
        let (pairs, time) = least(self.begun.elapsed(), bout.round, self.patience());
        if time > self.request.budget.mul_f64(MORE) {
            self.watch.least(pairs, time);
        }
    }

    /// What makes the run doubtful as a whole, of which so many pairs were measured and so many planned.
    fn doubts(
        &self,
        host: &dyn Host,
        pairs: &Pairs<'_>,
        bout: &Bout,
        [measured, planned]: [usize; 2],
    ) -> Vec<String> {
        let (after, many) = (Moment::now(host), pairs.processors.len());
        let mut doubts = surroundings::doubts(host, self.before, after, many, self.is_ours);
        doubts.extend_from_slice(&pairs.doubts);
        if bout.spreads() {
            doubts.extend(numa::doubt(&pairs.processors));
        }
        let of_the_run = [
            untried(self.row),
            short(measured, planned),
            self.late(measured, pairs.round(bout)),
        ];
        doubts.extend(of_the_run.into_iter().flatten());
        doubts
    }

    /// Says where the run took longer than it might.
    fn late(&self, rounds: usize, pair: Duration) -> Option<String> {
        let passed = self.begun.elapsed();
        let late = passed > self.request.budget.mul_f64(MORE) + Duration::from_secs(1);
        late.then(|| {
            let [passed, budget, pair] =
                [passed, self.request.budget, pair].map(|time| time.as_secs_f64());
            format!(
                "the run took {passed:.0} s, not {budget:.0} s, for {rounds} pairs, of which one takes {pair:.1} s here; \
                 --only leaves figures out"
            )
        })
    }
}

/// The fewest pairs of a run that there is patience for, and the time that they take after what has passed.
fn least(passed: Duration, round: Duration, patience: Duration) -> (usize, Duration) {
    let fit = fitting(patience.saturating_sub(passed), round).saturating_sub(TRIAL_PAIRS.0);
    let pairs = fit.clamp(TRIAL_PAIRS.0, PAIRS.0);
    let rounds = u32::try_from(TRIAL_PAIRS.0 + pairs).unwrap_or(u32::MAX);
    (pairs, passed + round * rounds)
}

/// How many rounds fit into a time.
fn fitting(time: Duration, round: Duration) -> usize {
    (time.as_secs_f64() / round.as_secs_f64().max(1e-6)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_counted_as_our_own_is_not_taken_for_the_work_of_others() {
        let command = ["false".to_owned()];
        let request = |peer| Request {
            subjects: &["net"],
            only: None,
            runtime: "builtin",
            peer,
            network: None,
            image: None,
            margin: 0.02,
            seed: 1,
            budget: PATIENCE,
            planted: 0.0,
            why: false,
            added: &[],
            approach: Approach::default(),
            agent: &[],
        };
        let elsewhere = || Elsewhere {
            host: "node2",
            command: &command,
        };
        let row = |name| executor::row(name).unwrap();
        let alone = request(None);
        assert!(is_ours(row("builtin"), &alone, None));
        assert!(is_ours(row("runc"), &alone, Some(&[Factor::Net])));
        assert!(!is_ours(row("podman"), &alone, None));
        assert!(!is_ours(row("builtin"), &alone, Some(&[Factor::Fuse])));
        assert!(!is_ours(row("builtin"), &request(Some(elsewhere())), None));
    }

    #[test]
    fn the_least_is_twenty_pairs_or_as_many_as_there_is_patience_for_and_six() {
        let seconds = Duration::from_secs;
        let of = |round| least(seconds(4), seconds(round), PATIENCE);
        // Six of outside against outside come before.
        assert_eq!(of(1), (20, seconds(4 + 26)));
        assert_eq!(of(3), (12, seconds(4 + 54)));
        assert_eq!(of(10), (6, seconds(4 + 120)));
    }
}
