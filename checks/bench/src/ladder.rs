//! The ladder: why inside is slower or faster. Our own launcher adds one factor of the container
//! at a time until the verdict is that of the container; then the factor alone is left out of
//! all of them, and the figure must come back.

use hpcctl_model::bench::{Comparison, Rung, Why};

use crate::factor::Factor;

/// What the ladder measures at one rung: the comparison of each metric, where there is one.
pub(crate) type Measure<'a, E> = dyn FnMut(&[Factor]) -> Result<Vec<Comparison>, E> + 'a;

/// Climbs for every metric that differs at once.
///
/// # Errors
///
/// The first error of a rung.
pub(crate) fn climb<E>(
    differing: &[Comparison],
    factors: &[Factor],
    measure: &mut Measure<'_, E>,
) -> Result<Vec<Why>, E> {
    let mut whys: Vec<Why> = differing.iter().map(begun).collect();
    let mut causes: Vec<Option<Factor>> = vec![None; whys.len()];
    for count in 1..=factors.len() {
        let measured = measure(&factors[..count])?;
        for (why, cause) in whys.iter_mut().zip(&mut causes) {
            let Some(rung) = rung(&why.metric, &measured, factors[count - 1]) else {
                continue;
            };
            // The last rung is the whole container; a step in between may be undone by the next.
            if rung.verdict != why.verdict {
                *cause = None;
            } else if cause.is_none() {
                *cause = Some(factors[count - 1]);
            }
            why.rungs.push(rung);
        }
    }
    let mut tried: Vec<Factor> = causes.iter().flatten().copied().collect();
    tried.sort_unstable_by_key(|factor| factors.iter().position(|one| one == factor));
    tried.dedup();
    for factor in tried {
        let others: Vec<Factor> = factors
            .iter()
            .copied()
            .filter(|one| *one != factor && !(factor == Factor::Net && *one == Factor::Nft))
            .collect();
        let measured = measure(&others)?;
        for (why, cause) in whys.iter_mut().zip(&causes) {
            if *cause == Some(factor) {
                why.cause = Some(factor.what().into());
                why.fix = Some(factor.fix().into());
                why.without = rung(&why.metric, &measured, factor);
                if let (Some(without), Some(whole)) = (&why.without, why.rungs.last()) {
                    why.confirmed = came_back(without, whole);
                }
            }
        }
    }
    Ok(whys)
}

fn begun(comparison: &Comparison) -> Why {
    Why {
        metric: comparison.metric.clone(),
        verdict: comparison.verdict,
        rungs: Vec::new(),
        cause: None,
        without: None,
        confirmed: false,
        fix: None,
    }
}

fn rung(metric: &str, measured: &[Comparison], factor: Factor) -> Option<Rung> {
    let found = measured.iter().find(|one| one.metric == metric)?;
    Some(Rung {
        factor: factor.what().into(),
        ratio: found.ratio,
        verdict: found.verdict,
    })
}

/// Whether leaving the factor out took the figure away from what it is in the whole container:
/// the verdict is another, and the bands have nothing in common.
fn came_back(without: &Rung, whole: &Rung) -> bool {
    let apart =
        without.ratio.ci_low > whole.ratio.ci_high || without.ratio.ci_high < whole.ratio.ci_low;
    without.verdict != whole.verdict && apart
}

#[cfg(test)]
mod tests {
    use hpcctl_model::bench::{Better, Detectable, Figures, Ratio, Verdict};

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
            Ok(vec![comparison(metric, ratio, verdict)])
        }
    }

    type Measured = Result<Vec<Comparison>, ()>;

    const ALL: [Factor; 4] = [Factor::User, Factor::Mount, Factor::Net, Factor::Seccomp];

    #[test]
    fn every_factor_is_found_and_confirmed() {
        for guilty in ALL {
            let differing = [comparison("m", 1.3, Verdict::Slower)];
            let whys = climb(&differing, &ALL, &mut node("m", guilty)).unwrap();
            assert_eq!(whys[0].cause.as_deref(), Some(guilty.what()));
            assert!(whys[0].confirmed, "{whys:?}");
            assert_eq!(whys[0].rungs.len(), ALL.len());
        }
    }

    #[test]
    fn what_no_factor_brings_has_no_cause() {
        let differing = [comparison("m", 1.3, Verdict::Slower)];
        let whys = climb(&differing, &ALL, &mut node("m", Factor::Ipc)).unwrap();
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
            Ok(vec![comparison("m", ratio, verdict)])
        };
        let differing = [comparison("m", 1.3, Verdict::Slower)];
        let whys = climb(&differing, &ALL, &mut either).unwrap();
        assert_eq!(whys[0].cause.as_deref(), Some(Factor::Mount.what()));
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
            Ok(vec![comparison("m", ratio, verdict)])
        };
        let differing = [comparison("m", 1.3, Verdict::Slower)];
        let whys = climb(&differing, &ALL, &mut noisy).unwrap();
        assert_eq!(whys[0].cause.as_deref(), Some(Factor::Seccomp.what()));
        assert!(whys[0].confirmed);
    }
}
