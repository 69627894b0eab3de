//! What makes the figures of one measurement doubtful, in plain words; pure.

use hpcctl_model::bench::{Comparison, Ratio, Sample, Verdict};

use crate::statistics::order;

/// A slow-down by more than this is told in words.
const DOUBLE: f64 = 1.0;

/// Why the pairs do not decide, where they do not.
fn undecided(comparison: &Comparison, margin: f64) -> Option<String> {
    if comparison.verdict != Verdict::Inconclusive {
        return None;
    }
    let Ratio {
        ci_low, ci_high, ..
    } = comparison.ratio;
    if ci_low > 1.0 + margin || ci_high < 1.0 / (1.0 + margin) {
        let why = "the band lies beyond the margin, but over all that was measured that may be chance in more than one \
            of a hundred runs: give it more time, or fewer figures (--only)";
        return Some(why.into());
    }
    let detectable = comparison.detectable;
    let share = |share: f64| match share {
        share if share >= DOUBLE => "twice the time".to_owned(),
        share => format!("{:.1} % more", share * 100.0),
    };
    let found = format!("a cost of {} may be missed", share(detectable.found));
    Some(match detectable.reached {
        true => found,
        false => format!(
            "{found}; {} was expected to be found",
            share(detectable.stated)
        ),
    })
}

/// The doubts about a comparison; `preempted` is how often the processor was taken away.
pub(crate) fn doubts(comparison: &Comparison, margin: f64, preempted: u64) -> Vec<String> {
    let mut doubts = Vec::new();
    let samples = &comparison.samples;
    let per_cent = |share: f64| format!("{:.1} %", share * 100.0);
    if let Some(null) = comparison.null
        && (null.ci_low > 1.0 + margin || null.ci_high < 1.0 / (1.0 + margin))
    {
        let by = per_cent((null.estimate - 1.0).abs());
        doubts.push(format!("outside differs from itself by {by}"));
    }
    doubts.extend(undecided(comparison, margin));
    let side = |pick: fn(&Sample) -> f64| samples.iter().map(pick).collect::<Vec<f64>>();
    let (outside, inside) = (side(|s| s.outside), side(|s| s.inside));
    let (tau, drifts) = order::drift(&outside);
    if drifts {
        let way = if tau > 0.0 { "rose" } else { "fell" };
        doubts.push(format!("the figures outside {way} during the run"));
    }
    let far = order::outliers(&outside) + order::outliers(&inside);
    if far * 10 > 2 * samples.len() {
        doubts.push(format!(
            "{far} of {} figures lie far off",
            2 * samples.len()
        ));
    }
    // More than one loss of the processor a figure: something else runs there.
    if preempted > 4 * samples.len() as u64 {
        let each = preempted as f64 / (2 * samples.len()) as f64;
        doubts.push(format!(
            "the processor was taken away {each:.0} times a figure"
        ));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use hpcctl_model::bench::{Better, Detectable, Figures};

    use super::*;

    #[test]
    fn a_processor_that_was_taken_away_is_told() {
        let sample = |n: i32| Sample {
            outside: 1.0 + f64::from(n % 3) / 100.0,
            inside: 1.0 + f64::from(n % 5) / 100.0,
            outside_first: n % 2 == 0,
            at_s: f64::from(n),
        };
        let figures = Figures {
            n: 20,
            median: 1.0,
            ci: [1.0, 1.0],
        };
        let ratio = Ratio {
            estimate: 1.0,
            ci_low: 0.99,
            ci_high: 1.01,
        };
        let comparison = Comparison {
            metric: "cpu.compute".into(),
            what: String::new(),
            unit: "us".into(),
            better: Better::Less,
            outside: figures.clone(),
            inside: figures,
            ratio,
            null: None,
            verdict: Verdict::Equivalent,
            detectable: Detectable {
                stated: 0.02,
                found: 0.02,
                reached: true,
            },
            doubts: Vec::new(),
            samples: (0..20).map(sample).collect(),
        };
        let said = |preempted| doubts(&comparison, 0.02, preempted).join("; ");
        assert_eq!(said(80), "");
        assert!(said(200).contains("taken away 5 times"), "{}", said(200));
    }
}
