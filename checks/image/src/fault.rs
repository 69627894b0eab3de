//! What could not be read: gathered up to a bound, so that a hostile image cannot fill a report.

use hpcctl_model::Unknown;

/// So many are told one by one; the rest are counted.
const MOST: usize = 50;

/// What could not be read in one part of an image.
#[derive(Debug, Default, Clone)]
pub(crate) struct Faults {
    told: Vec<Unknown>,
    more: usize,
    passed: usize,
}

impl Faults {
    /// Adds one.
    pub(crate) fn add(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let unknown = Unknown::new(shorten(what.into()), shorten(why.into()));
        // A stream that broke off says so to whoever reads on.
        if self.told.last() == Some(&unknown) {
            return;
        }
        if self.told.len() < MOST {
            self.told.push(unknown);
        } else {
            self.more += 1;
        }
    }

    /// Counts a file that could not be read and that nothing is missing without.
    pub(crate) fn pass(&mut self) {
        self.passed += 1;
    }

    /// How many such files there are.
    pub(crate) fn passed(&self) -> usize {
        self.passed
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// All of them; the last one counts those that were not told one by one.
    pub(crate) fn into_unknowns(mut self, part: &str) -> Vec<Unknown> {
        if self.more > 0 {
            let why = format!("{} more could not be read", self.more);
            self.told.push(Unknown::new(part, why));
        }
        self.told
    }
}

/// Cuts a text that an image made too long.
fn shorten(text: String) -> String {
    const LONGEST: usize = 300;
    if text.len() <= LONGEST {
        return text;
    }
    let head: String = text.chars().take(LONGEST).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_faults_are_counted_and_long_ones_cut() {
        let mut faults = Faults::default();
        for n in 0..1000 {
            faults.add(format!("file {n}"), "é".repeat(10_000));
        }
        let unknowns = faults.into_unknowns("layer");
        assert_eq!(unknowns.len(), MOST + 1);
        assert!(unknowns[0].why.len() < 1000);
        assert_eq!(
            unknowns[MOST],
            Unknown::new("layer", "950 more could not be read")
        );
    }
}
