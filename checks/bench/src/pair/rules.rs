//! The rules of the packet filter on either side, through which every packet of it passes.

use hpcctl_model::bench::Difference;

use super::differs::NET;
use super::{Arm, ENDING, Pairs, greet};
use crate::agent::Hello;
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
    pub(crate) fn look_at_rules(&mut self) {
        if !self.differences.iter().any(|it| it.what == NET) {
            return;
        }
        let rules = match self.start(Arm::Inside) {
            Ok(mut started) => {
                let hello = greet(&mut started.agent);
                let hello = hello.map_err(|error| error.to_string());
                let rules = Rules {
                    // A runtime may add some to the node while a container of its runs.
                    outside: Ruleset::of(None),
                    inside: hello.and_then(|hello| inside(&hello)),
                };
                started.end(ENDING);
                rules
            }
            Err(error) => Rules {
                outside: Ruleset::of(None),
                inside: Err(error.to_string()),
            },
        };
        self.differences.extend(rules.difference());
        self.rules = Some(rules);
    }
}

/// The rules in the network namespace of an agent.
fn inside(hello: &Hello) -> Result<Ruleset, String> {
    let name = hello.surroundings.get(NET);
    let process = name.and_then(|name| netns::process(name));
    let process = process.ok_or("no process in that network namespace may be seen")?;
    Ruleset::of(Some(process))
}

impl Rules {
    /// What is not the same, where either side is known to have some.
    fn difference(&self) -> Option<Difference> {
        let has_some = |side: &Result<Ruleset, String>| {
            let known = side.as_ref();
            known.is_ok_and(|rules| !rules.is_empty())
        };
        let words = |side: &Result<Ruleset, String>| {
            let known = side.as_ref().map(Ruleset::words);
            known.unwrap_or_else(|_| "not known".into())
        };
        let (outside, inside) = (words(&self.outside), words(&self.inside));
        let has_some = has_some(&self.outside) || has_some(&self.inside);
        (has_some && outside != inside).then(|| Difference {
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
        // Nobody but root may list those of the node.
        assert_eq!(differs(unknown(), none()), None);
        let some = || {
            let text = "table ip t {\n chain c {\n type filter hook input priority 0;\n}\n}\n";
            Ok(Ruleset { text: text.into() })
        };
        assert_eq!(differs(some(), some()), None);
        for (other, words) in [(none(), "none"), (unknown(), "not known")] {
            let told = differs(other, some()).unwrap();
            assert_eq!((&*told.outside, &*told.inside), (words, "0 rules, 1 hook"));
        }
    }
}
