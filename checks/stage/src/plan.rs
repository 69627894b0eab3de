//! What it takes to have an image on many nodes: with staging, and without.

use hpcctl_image::Chosen;
use hpcctl_model::stage::Plan;

/// The requests and bytes of one pull: each document and each blob once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

impl Cost {
    /// That of an image.
    pub(crate) fn of(chosen: &Chosen) -> Self {
        Self {
            requests: (chosen.documents + chosen.blobs.len()) as u64,
            bytes: chosen.bytes(),
        }
    }

    /// The plan for so many nodes; `is_there` where the image is staged already, `asked` where its
    /// name is asked for at a registry.
    pub(crate) fn plan(self, nodes: u64, is_there: bool, asked: bool) -> Plan {
        let pulls = u64::from(!is_there);
        Plan {
            nodes,
            requests_without: self.requests.saturating_mul(nodes),
            requests_with: self.requests * pulls + u64::from(asked),
            bytes_without: self.bytes.saturating_mul(nodes),
            bytes_with: self.bytes * pulls,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_counts_with_and_without() {
        let cost = Cost {
            requests: 7,
            bytes: 100,
        };
        let plan = cost.plan(1000, false, true);
        assert_eq!((plan.requests_without, plan.requests_with), (7000, 8));
        assert_eq!((plan.bytes_without, plan.bytes_with), (100_000, 100));
        let plan = cost.plan(1000, true, true);
        assert_eq!((plan.requests_with, plan.bytes_with), (1, 0));
        assert_eq!(cost.plan(u64::MAX, true, false).requests_without, u64::MAX);
    }
}
