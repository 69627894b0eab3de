//! What changed since an earlier run: the cost of the container now by what it was then; pure.
//!
//! A cost is a ratio of inside and outside, so that a node that became faster or slower as a whole
//! does not count; how outside changed is told beside it.

use hpcctl_model::bench::{Bench, Change, Comparison, Plan, Ratio};

use crate::compared::{costs, ratio};
use crate::statistics::rank::{self, Shift};
use crate::statistics::{EQUIVALENT, judge_between};

/// Judges every figure that both runs have.
pub fn since(now: &Bench, then: &Bench, margin: f64) -> Vec<Change> {
    let both: Vec<(&Comparison, &Comparison)> = now
        .comparisons
        .iter()
        .filter_map(|now| {
            let mut those = then.comparisons.iter();
            let then = those.find(|then| then.metric == now.metric && then.unit == now.unit)?;
            Some((now, then))
        })
        .collect();
    let pairs: Vec<_> = both
        .iter()
        .map(|(now, then)| {
            let costs = |one: &Comparison| -> Vec<f64> {
                let costs = costs(now.better, &one.samples).into_iter();
                costs.filter(|cost| cost.is_finite()).collect()
            };
            (costs(now), costs(then))
        })
        .collect();
    let judged = judge_between(&pairs, margin);
    let changes = both.iter().zip(judged);
    changes
        .map(|((now, then), (shift, verdict))| Change {
            metric: now.metric.clone(),
            then: then.ratio,
            now: now.ratio,
            ratio: ratio(now.better, shift),
            outside: outside(now, then),
            verdict,
        })
        .collect()
}

/// What makes an earlier run one of something else.
pub fn unlike(now: &Plan, then: &Plan) -> Vec<String> {
    let words = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
    let planted = |plan: &Plan| format!("{} %", plan.planted * 100.0);
    // What measured none of them is nothing.
    let has_libc = |plan: &Plan| plan.subjects.iter().any(|it| it == "libc");
    let by = |plan: &Plan| match plan.bare && has_libc(now) && has_libc(then) {
        true => "a small program".to_owned(),
        false => "hpcctl itself".to_owned(),
    };
    let rows = [
        ("the runtime", then.runtime.clone(), now.runtime.clone()),
        ("the network", then.network.clone(), now.network.clone()),
        ("the image", words(&then.image), words(&now.image)),
        ("the other node", words(&then.peer), words(&now.peer)),
        ("the approach to MPI", words(&then.mpi), words(&now.mpi)),
        ("what measures libc", by(then), by(now)),
        ("what was planted", planted(then), planted(now)),
    ];
    let differing = rows.into_iter().filter(|(_, then, now)| then != now);
    let doubt =
        |(what, then, now)| format!("since the earlier run {what} changed: {then} then, {now} now");
    differing.map(doubt).collect()
}

/// The figures outside now by then, as they are.
fn outside(now: &Comparison, then: &Comparison) -> Ratio {
    let logs = |one: &Comparison| -> Vec<f64> {
        let figures = one.samples.iter().map(|sample| sample.outside.ln());
        figures.filter(|log| log.is_finite()).collect()
    };
    let Shift {
        estimate,
        low,
        high,
    } = rank::between(&logs(now), &logs(then), EQUIVALENT);
    Ratio {
        estimate: estimate.exp(),
        ci_low: low.exp(),
        ci_high: high.exp().min(f64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::bench::{Better, Detectable, Figures, Sample, Verdict};

    use super::*;

    /// Pairs in which inside is dearer by `cost`, on a node that is `slow` as a whole.
    fn samples(better: Better, cost: f64, slow: f64) -> Vec<Sample> {
        let sample = |n: i32| {
            let noise = 1.0 + 0.004 * (f64::from(n * 7 % 30) / 30.0 - 0.5);
            let (outside, inside) = match better {
                Better::Less => (10.0 * slow, 10.0 * slow * cost * noise),
                Better::More => (10.0 / slow, 10.0 / slow / (cost * noise)),
            };
            Sample {
                outside,
                inside,
                outside_first: n % 2 == 0,
                at_s: f64::from(n),
            }
        };
        (0..30).map(sample).collect()
    }

    /// A run of such pairs.
    fn run(better: Better, cost: f64, slow: f64) -> Bench {
        let side = Figures {
            n: 30,
            median: 10.0,
            ci: [10.0, 10.0],
        };
        let ratio = Ratio {
            estimate: cost,
            ci_low: cost,
            ci_high: cost,
        };
        let comparison = Comparison {
            metric: "libc.math".into(),
            what: "it".into(),
            unit: "us".into(),
            better,
            outside: side.clone(),
            inside: side,
            ratio,
            null: None,
            verdict: Verdict::Slower,
            detectable: Detectable {
                stated: 0.02,
                found: 0.02,
                reached: true,
            },
            doubts: Vec::new(),
            samples: samples(better, cost, slow),
        };
        Bench {
            plan: Plan {
                subjects: Vec::new(),
                runtime: "builtin".into(),
                network: "host".into(),
                image: None,
                peer: None,
                mpi: None,
                bare: false,
                margin: 0.02,
                seed: 1,
                budget_s: 1.0,
                pairs: 30,
                trial_pairs: 6,
                planted: 0.0,
            },
            image: None,
            differences: Vec::new(),
            mpi: None,
            fabric: None,
            comparisons: vec![comparison],
            why: Vec::new(),
            compared: None,
            doubts: Vec::new(),
        }
    }

    #[test]
    fn a_cost_that_grew_is_slower_and_a_slower_node_is_not() {
        for better in [Better::Less, Better::More] {
            let said = |now: &Bench, then: &Bench| since(now, then, 0.02)[0].clone();
            let then = run(better, 1.1, 1.0);
            let same = said(&run(better, 1.1, 1.5), &then);
            assert_eq!(same.verdict, Verdict::Equivalent);
            let factor = if better == Better::Less {
                1.5
            } else {
                1.0 / 1.5
            };
            assert!((same.outside.estimate - factor).abs() < 1e-9, "{same:?}");
            assert_eq!(said(&run(better, 1.2, 1.0), &then).verdict, Verdict::Slower);
            assert_eq!(said(&run(better, 1.0, 1.0), &then).verdict, Verdict::Faster);
        }
    }

    #[test]
    fn another_program_for_libc_is_told_where_both_runs_have_it() {
        let plan = |subject: &str, bare| Plan {
            subjects: vec![subject.into()],
            bare,
            ..run(Better::Less, 1.0, 1.0).plan
        };
        let (own, bare) = (plan("libc", false), plan("libc", true));
        assert_eq!(
            unlike(&bare, &own),
            [
                "since the earlier run what measures libc changed: hpcctl itself then, a small program now"
            ]
        );
        assert!(unlike(&bare, &bare).is_empty());
        assert!(unlike(&bare, &plan("cpu", false)).is_empty());
        // An earlier version did not tell.
        let mut said = serde_json::to_value(&own).unwrap();
        said.as_object_mut().unwrap().remove("bare");
        assert_eq!(serde_json::from_value::<Plan>(said).unwrap(), own);
    }

    #[test]
    fn what_only_one_run_has_is_left_out() {
        let now = run(Better::Less, 1.0, 1.0);
        let mut then = run(Better::Less, 1.0, 1.0);
        then.comparisons[0].metric = "libc.other".into();
        assert!(since(&now, &then, 0.02).is_empty());
        // A file may hold anything.
        then.comparisons[0].metric = "libc.math".into();
        then.comparisons[0].samples[0].outside = -1.0;
        then.comparisons[0].samples.truncate(3);
        assert_eq!(since(&now, &then, 0.02)[0].verdict, Verdict::Inconclusive);
    }
}
