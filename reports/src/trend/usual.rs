//! What most nodes of a night have: what half of the others have is no news of a node that was never
//! looked at before.

use std::collections::BTreeMap;

use hpcctl_model::doctor::Status;

use super::subject::Subject;

/// Of how many nodes of a night something is true, and how many were examined.
#[derive(Debug, Default)]
pub struct Usual {
    failing: BTreeMap<String, usize>,
    /// Of what was found before this night as well.
    known: BTreeMap<String, usize>,
    nodes: usize,
}

impl Usual {
    /// Counts the nodes of this night.
    pub fn of(subjects: &[Subject<'_>]) -> Self {
        let mut usual = Self::default();
        let here = subjects.iter();
        for subject in here.filter(|one| one.missed == 0 && !one.is_image()) {
            usual.nodes += 1;
            for one in &subject.told[0].0.found {
                if one.status == Status::Fail {
                    *usual.failing.entry(one.id.clone()).or_default() += 1;
                }
                if (1..subject.told.len()).any(|at| subject.found(at, &one.id).is_some()) {
                    *usual.known.entry(one.id.clone()).or_default() += 1;
                }
            }
        }
        usual
    }

    /// Whether half of the others fail it, as one that does.
    pub fn fails(&self, id: &str) -> bool {
        let others = self.failing.get(id).map_or(0, |count| count - 1);
        others > 0 && 2 * others >= self.nodes - 1
    }

    /// Whether half of the others had it before this night, as one that was never looked at.
    pub fn had(&self, id: &str) -> bool {
        let others = self.known.get(id).copied().unwrap_or_default();
        others > 0 && 2 * others >= self.nodes - 1
    }
}
