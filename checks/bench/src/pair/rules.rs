//! The rules of the packet filter on either side, through which every packet of it passes.

use hpcctl_model::bench::Difference;

use super::differs::NET;
use super::{Arm, ENDING, Pairs, greet};
use crate::Error;
use crate::netns;
use crate::ruleset::{self, Ruleset};

/// What either side has, or why that is not known.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) outside: Result<Ruleset, String>,
    pub(crate) inside: Result<Ruleset, String>,
}

impl Pairs<'_> {
    /// Looks at both sides while inside runs, where it has a network namespace of its own: says what is not the same.
    pub(crate) fn look_at_rules(&mut self) -> Result<(), Error> {
        if !self.differences.iter().any(|it| it.what == NET) {
            return Ok(());
        }
        let mut started = self.start(Arm::Inside)?;
        let hello = greet(&mut started.agent);
        // A runtime may add some to the node while a container of its runs.
        let outside = Ruleset::of(None);
        let inside = hello.map(|hello| {
            let name = hello.surroundings.get(NET);
            let process = name.and_then(|name| netns::process(name));
            let process = process.ok_or("no process in that network namespace may be seen");
            process
                .map_err(str::to_owned)
                .and_then(|process| Ruleset::of(Some(process)))
        });
        started.end(ENDING);
        let rules = Rules {
            outside,
            inside: inside?,
        };
        self.differences.extend(rules.difference());
        self.rules = Some(rules);
        Ok(())
    }
}

impl Rules {
    /// What is not the same, where either side is known.
    fn difference(&self) -> Option<Difference> {
        let words = |side: &Result<Ruleset, String>| {
            let known = side.as_ref().map(Ruleset::words);
            known.unwrap_or_else(|_| "not known".into())
        };
        let (outside, inside) = (words(&self.outside), words(&self.inside));
        (outside != inside).then(|| Difference {
            what: ruleset::WHAT.into(),
            outside,
            inside,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_one_side_are_a_difference() {
        let none = || {
            Ok(Ruleset {
                text: String::new(),
            })
        };
        let unknown = || Err("EPERM".to_owned());
        let differs = |outside, inside| Rules { outside, inside }.difference();
        assert_eq!(differs(none(), none()), None);
        assert_eq!(differs(unknown(), unknown()), None);
        let told = differs(unknown(), none()).unwrap();
        assert_eq!((&*told.outside, &*told.inside), ("not known", "none"));
    }
}
