//! What nodes had before a night: what half of the others had is no news of a node that was never looked
//! at before. What broke on many in this night is.

use std::collections::BTreeMap;

use super::subject::Subject;

/// How many nodes of a night had a finding before, and how many were examined.
#[derive(Debug, Default)]
pub struct Usual {
    had: BTreeMap<String, usize>,
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
                let before = (1..subject.told.len()).filter_map(|at| subject.found(at, &one.id));
                if before
                    .map(|found| found.status)
                    .any(|was| was == one.status)
                {
                    *usual.had.entry(one.id.clone()).or_default() += 1;
                }
            }
        }
        usual
    }

    /// Whether half of the others have it as before, seen from one that was never looked at.
    pub fn has(&self, id: &str) -> bool {
        let others = self.had.get(id).copied().unwrap_or_default();
        others > 0 && 2 * others >= self.nodes - 1
    }
}
