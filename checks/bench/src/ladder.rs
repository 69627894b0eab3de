//! The ladder: why inside is slower or faster. Our own launcher adds one factor of the container
//! at a time until the verdict is that of the container; then the factor alone is left out of
//! all of them, and the figure must come back.

use hpcctl_model::Unknown;
use hpcctl_model::bench::{Comparison, Difference, Rung, Verdict, Why};

use crate::factor::Factor;
use crate::original;

/// What the ladder measures at one rung: the comparison of each metric, where there is one, or
/// why such a container cannot be made here.
pub(crate) type Measure<'a, E> =
    dyn FnMut(&[Factor]) -> Result<Result<Vec<Comparison>, String>, E> + 'a;

/// What the ladder found, and which factors could not be tried.
pub(crate) struct Climbed {
    pub(crate) whys: Vec<Why>,
    pub(crate) unknowns: Vec<Unknown>,
}

/// A container that is built once more.
pub(crate) struct Container<'a> {
    pub(crate) factors: &'a [Factor],
    /// What surrounds a program in it otherwise than outside.
    pub(crate) differences: &'a [Difference],
}

/// Climbs for every metric that differs at once; a figure within `margin` is as it is outside.
///
/// # Errors
///
/// The first error of a rung that ends the run.
pub(crate) fn climb<E>(
    differing: &[Comparison],
    container: &Container<'_>,
    margin: f64,
    measure: &mut Measure<'_, E>,
) -> Result<Climbed, E> {
    let mut whys: Vec<Why> = differing.iter().map(begun).collect();
    let mut causes: Vec<Option<Cause>> = whys.iter().map(|_| None).collect();
    let mut unknowns = Vec::new();
    let mut built: Vec<Factor> = Vec::new();
    for factor in container.factors {
        built.push(*factor);
        let measured = match measure(&built)? {
            Ok(measured) => measured,
            Err(why) => {
                // The container goes on without it.
                built.pop();
                unknowns.push(original::unknown(*factor, why));
                continue;
            }
        };
        for (why, cause) in whys.iter_mut().zip(&mut causes) {
            let Some(rung) = rung(&why.metric, &measured, *factor) else {
                continue;
            };
            // The last rung is the whole container; a step in between may be undone by the next.
            if rung.verdict != why.verdict {
                *cause = None;
            } else if cause.is_none() {
                *cause = Some(Cause {
                    factor: *factor,
                    before: why.rungs.last().cloned(),
                });
            }
            why.rungs.push(rung);
        }
    }
    name(&mut whys, &causes, differing, container.differences);
    let mut tried: Vec<Vec<Factor>> = Vec::new();
    let without = |why: &Why, cause: &Cause| cause.factor.left_out(&why.metric, &built);
    for (why, cause) in whys.iter().zip(&causes) {
        let set = cause.as_ref().map(|cause| without(why, cause));
        tried.extend(set.filter(|set| !tried.contains(set)));
    }
    for set in tried {
        let measured = match measure(&set)? {
            Ok(measured) => measured,
            Err(reason) => {
                unknowns.push(Unknown::new("why: without the cause", reason));
                continue;
            }
        };
        for (why, cause) in whys.iter_mut().zip(&causes) {
            let Some(cause) = cause.as_ref().filter(|cause| without(why, cause) == set) else {
                continue;
            };
            why.without = rung(&why.metric, &measured, cause.factor);
            if let (Some(without), Some(whole)) = (&why.without, why.rungs.last()) {
                why.confirmed = cause.shown(without, whole, margin);
            }
        }
    }
    Ok(Climbed { whys, unknowns })
}

/// Says of each figure what was found to be its cause.
fn name(
    whys: &mut [Why],
    causes: &[Option<Cause>],
    differing: &[Comparison],
    differences: &[Difference],
) {
    for ((why, cause), whole) in whys.iter_mut().zip(causes).zip(differing) {
        if let Some(Cause { factor, .. }) = cause {
            why.share = share(why, whole);
            why.cause = Some(factor.what(&why.metric).into());
            // What is faster is no fault.
            if why.verdict == Verdict::Slower {
                let fix = factor.fix(&why.metric, differences);
                why.fix = fix.map(str::to_owned);
            }
        }
    }
}

/// The factor with which a figure leaves the margin.
struct Cause {
    factor: Factor,
    /// What the figure was before, unless it is the first factor of all.
    before: Option<Rung>,
}

impl Cause {
    /// Whether both are shown: the figure was not like that before the factor, and without it is
    /// back where it was, away from what it is in the whole container.
    fn shown(&self, without: &Rung, whole: &Rung, margin: f64) -> bool {
        let was_near = self.before.as_ref().is_none_or(|before| {
            is_near(before, margin) || is_opposite(before.verdict, whole.verdict)
        });
        let is_back = is_near(without, margin)
            || self
                .before
                .as_ref()
                .is_some_and(|before| !are_apart(before, without));
        was_near && is_back && are_apart(without, whole)
    }
}

fn is_opposite(one: Verdict, other: Verdict) -> bool {
    matches!(
        (one, other),
        (Verdict::Slower, Verdict::Faster) | (Verdict::Faster, Verdict::Slower)
    )
}

/// Whether the bands have nothing in common.
fn are_apart(one: &Rung, other: &Rung) -> bool {
    one.ratio.ci_low > other.ratio.ci_high || one.ratio.ci_high < other.ratio.ci_low
}

/// How much of what the container costs the factors explain that the builtin launcher has: the step to the whole
/// of its container by what inside is.
fn share(why: &Why, whole: &Comparison) -> Option<f64> {
    let built = why.rungs.last()?.ratio;
    let whole = whole.ratio;
    // What cannot be told apart is as much.
    if built.ci_low <= whole.ci_high && built.ci_high >= whole.ci_low {
        return Some(1.0);
    }
    let share = built.estimate.ln() / whole.estimate.ln();
    share.is_finite().then(|| share.clamp(0.0, 1.0))
}

fn begun(comparison: &Comparison) -> Why {
    Why {
        metric: comparison.metric.clone(),
        verdict: comparison.verdict,
        rungs: Vec::new(),
        cause: None,
        share: None,
        without: None,
        confirmed: false,
        fix: None,
    }
}

fn rung(metric: &str, measured: &[Comparison], factor: Factor) -> Option<Rung> {
    let found = measured.iter().find(|one| one.metric == metric)?;
    Some(Rung {
        factor: factor.what(metric).into(),
        ratio: found.ratio,
        verdict: found.verdict,
    })
}

/// Whether a figure is as it is outside, as well as its pairs can tell: it was found equivalent, or
/// its interval reaches into the margin.
fn is_near(rung: &Rung, margin: f64) -> bool {
    let reaches = rung.ratio.ci_low <= 1.0 + margin && rung.ratio.ci_high >= 1.0 / (1.0 + margin);
    rung.verdict == Verdict::Equivalent || reaches
}

#[cfg(test)]
mod tests {
    use hpcctl_model::bench::{Better, Detectable, Figures, Ratio};

    use super::*;

    fn comparison(metric: &str, ratio: f64, verdict: Verdict) -> Comparison {
        let side = Figures {
            n: 14,
            median: 1.0,
            ci: [1.0, 1.0],
        };
        Comparison {
            metric: metric.into(),
            what: metric.into(),
            unit: "us".into(),
            better: Better::Less,
            outside: side.clone(),
            inside: side,
            ratio: Ratio {
                estimate: ratio,
                ci_low: ratio - 0.01,
                ci_high: ratio + 0.01,
            },
            null: None,
            verdict,
            detectable: Detectable {
                stated: 0.01,
                found: 0.01,
                reached: true,
            },
            doubts: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// Makes `metric` slower wherever `guilty` is.
    fn node(metric: &'static str, guilty: Factor) -> impl FnMut(&[Factor]) -> Measured {
        move |factors| {
            let (ratio, verdict) = if factors.contains(&guilty) {
                (1.3, Verdict::Slower)
            } else {
                (1.0, Verdict::Equivalent)
            };
            Ok(Ok(vec![comparison(metric, ratio, verdict)]))
        }
    }

    type Measured = Result<Result<Vec<Comparison>, String>, ()>;

    const ALL: [Factor; 4] = [Factor::User, Factor::Mount, Factor::Net, Factor::Seccomp];

    const CONTAINER: Container<'_> = Container {
        factors: &ALL,
        differences: &[],
    };

    #[test]
    fn every_factor_is_found_and_confirmed() {
        for guilty in ALL {
            let differing = [comparison("m", 1.3, Verdict::Slower)];
            let whys = climb(&differing, &CONTAINER, 0.02, &mut node("m", guilty))
                .unwrap()
                .whys;
            assert_eq!(whys[0].cause.as_deref(), Some(guilty.what("m")));
            assert!(whys[0].confirmed, "{whys:?}");
            assert_eq!(whys[0].fix.as_deref(), guilty.fix("m", &[]));
            assert_eq!(whys[0].rungs.len(), ALL.len());
            assert_eq!(whys[0].share, Some(1.0));
        }
    }

    #[test]
    fn a_cause_of_a_part_is_told_as_one() {
        let differing = [comparison("m", 2.0, Verdict::Slower)];
        let mut node = node("m", Factor::Seccomp);
        let whys = climb(&differing, &CONTAINER, 0.02, &mut node).unwrap().whys;
        assert!(whys[0].confirmed, "{whys:?}");
        // A third of what makes it twice as long.
        let share = whys[0].share.unwrap();
        assert!((0.37..0.39).contains(&share), "{share}");
    }

    #[test]
    fn what_is_faster_has_no_fix() {
        let mut node = |factors: &[Factor]| -> Measured {
            let (ratio, verdict) = match factors.contains(&Factor::Net) {
                true => (0.9, Verdict::Faster),
                false => (1.0, Verdict::Equivalent),
            };
            Ok(Ok(vec![comparison("m", ratio, verdict)]))
        };
        let differing = [comparison("m", 0.9, Verdict::Faster)];
        let whys = climb(&differing, &CONTAINER, 0.02, &mut node).unwrap().whys;
        assert!(whys[0].confirmed, "{whys:?}");
        assert_eq!(whys[0].fix, None);
    }

    #[test]
    fn what_no_factor_brings_has_no_cause() {
        let differing = [comparison("m", 1.3, Verdict::Slower)];
        let whys = climb(&differing, &CONTAINER, 0.02, &mut node("m", Factor::Ipc))
            .unwrap()
            .whys;
        assert_eq!((whys[0].cause.clone(), whys[0].confirmed), (None, false));
    }

    #[test]
    fn a_cause_whose_absence_changes_nothing_is_not_confirmed() {
        // Any two factors make it slower, whichever they are.
        let mut either = |factors: &[Factor]| -> Measured {
            let slow = factors.len() >= 2;
            let (ratio, verdict) = if slow {
                (1.3, Verdict::Slower)
            } else {
                (1.0, Verdict::Equivalent)
            };
            Ok(Ok(vec![comparison("m", ratio, verdict)]))
        };
        let differing = [comparison("m", 1.3, Verdict::Slower)];
        let whys = climb(&differing, &CONTAINER, 0.02, &mut either)
            .unwrap()
            .whys;
        assert_eq!(whys[0].cause.as_deref(), Some(Factor::Mount.what("m")));
        assert!(!whys[0].confirmed);
    }

    #[test]
    fn a_verdict_that_does_not_last_is_no_cause() {
        // One rung was disturbed; the next shows that it was not the factor.
        let mut noisy = |factors: &[Factor]| -> Measured {
            let (ratio, verdict) = match factors.len() {
                1 => (1.3, Verdict::Slower),
                _ if factors.contains(&Factor::Seccomp) => (1.3, Verdict::Slower),
                _ => (1.0, Verdict::Equivalent),
            };
            Ok(Ok(vec![comparison("m", ratio, verdict)]))
        };
        let differing = [comparison("m", 1.3, Verdict::Slower)];
        let whys = climb(&differing, &CONTAINER, 0.02, &mut noisy)
            .unwrap()
            .whys;
        assert_eq!(whys[0].cause.as_deref(), Some(Factor::Seccomp.what("m")));
        assert!(whys[0].confirmed);
    }

    #[test]
    fn what_was_slower_before_the_factor_is_not_confirmed() {
        // Each factor adds to it, so that none alone is the cause.
        let mut both = |factors: &[Factor]| -> Measured {
            let ratio = 1.0 + 0.04 * factors.len() as f64;
            let verdict = if factors.len() >= 2 {
                Verdict::Slower
            } else {
                Verdict::Inconclusive
            };
            Ok(Ok(vec![comparison("m", ratio, verdict)]))
        };
        let differing = [comparison("m", 1.16, Verdict::Slower)];
        let whys = climb(&differing, &CONTAINER, 0.02, &mut both).unwrap().whys;
        assert!(whys[0].cause.is_some() && !whys[0].confirmed, "{whys:?}");
    }

    #[test]
    fn a_factor_that_cannot_be_made_is_unknown_and_the_others_are_tried() {
        let mut node = node("m", Factor::Seccomp);
        let mut measure = |factors: &[Factor]| -> Measured {
            if factors.contains(&Factor::Net) {
                return Ok(Err("EPERM".into()));
            }
            node(factors)
        };
        let differing = [comparison("m", 1.3, Verdict::Slower)];
        let climbed = climb(&differing, &CONTAINER, 0.02, &mut measure).unwrap();
        assert_eq!(climbed.unknowns.len(), 1);
        assert_eq!(climbed.unknowns[0].what, "why: the network namespace");
        assert!(climbed.whys[0].confirmed, "{:?}", climbed.whys);
        assert_eq!(climbed.whys[0].rungs.len(), 3);
    }

    #[test]
    fn ranks_that_have_a_container_each_are_tried_in_one() {
        let mut node = |factors: &[Factor]| -> Measured {
            let apart = factors.contains(&Factor::User) && !factors.contains(&Factor::Join);
            let (ratio, verdict) = if apart {
                (2.0, Verdict::Slower)
            } else {
                (1.0, Verdict::Equivalent)
            };
            Ok(Ok(vec![comparison("ranks.64KiB", ratio, verdict)]))
        };
        let differing = [comparison("ranks.64KiB", 2.0, Verdict::Slower)];
        let whys = climb(&differing, &CONTAINER, 0.02, &mut node).unwrap().whys;
        let cause = whys[0].cause.as_deref();
        assert_eq!(cause, Some("a user namespace for each rank"));
        assert!(whys[0].confirmed, "{whys:?}");
    }

    #[test]
    fn a_figure_that_was_faster_before_comes_back_to_that() {
        let mut node = |factors: &[Factor]| -> Measured {
            let has = |factor| factors.contains(&factor);
            let (ratio, verdict) = match (has(Factor::Mount), has(Factor::Seccomp)) {
                (_, true) => (3.0, Verdict::Slower),
                (true, false) => (0.7, Verdict::Faster),
                _ => (1.0, Verdict::Equivalent),
            };
            Ok(Ok(vec![comparison("m", ratio, verdict)]))
        };
        let differing = [comparison("m", 3.0, Verdict::Slower)];
        let whys = climb(&differing, &CONTAINER, 0.02, &mut node).unwrap().whys;
        assert_eq!(whys[0].cause.as_deref(), Some(Factor::Seccomp.what("m")));
        assert!(whys[0].confirmed, "{whys:?}");
    }
}
