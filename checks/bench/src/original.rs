//! The container that is asked about, as far as the ladder builds it once more.

use hpcctl_model::Unknown;
use hpcctl_model::bench::Difference;

use crate::environs;
use crate::factor::{self, Factor};
use crate::limits;
use crate::pair::Rules;
use crate::ruleset::Ruleset;

/// What is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Original<'a> {
    /// What surrounds a program in it otherwise than outside.
    pub(crate) differences: &'a [Difference],
    /// The rules of the packet filter in its network namespace and on the node, where they were looked at.
    pub(crate) rules: Option<&'a Rules>,
}

impl Original<'_> {
    /// Its factors, as far as they show, and those of which that is not known.
    pub(crate) fn factors(&self, network: &str) -> (Vec<Factor>, Vec<Unknown>) {
        let mut factors = factor::of(self.differences, network);
        let mut unknowns = Vec::new();
        let inside = self.rules.map(|it| (Factor::Nft, &it.inside));
        // What leaves a bridge passes those of the node; loopback outside does, too.
        let bridged = self.rules.filter(|_| factors.contains(&Factor::Bridge));
        let on_node = bridged.map(|it| (Factor::NodeRules, &it.outside));
        for (factor, rules) in inside.into_iter().chain(on_node) {
            match rules {
                Ok(rules) if rules.is_empty() => {}
                Ok(_) => factors.push(factor),
                Err(why) => unknowns.push(unknown(factor, why.clone())),
            }
        }
        (factors, unknowns)
    }

    /// The rules in its network namespace.
    pub(crate) fn rules_inside(&self) -> Option<&Ruleset> {
        self.rules?.inside.as_ref().ok()
    }

    /// The most memory that it may have, in MiB.
    pub(crate) fn memory(&self) -> Option<u64> {
        let limit = self
            .differences
            .iter()
            .find(|it| it.what == environs::MEMORY)?;
        limit.inside.split_once(' ')?.0.parse().ok()
    }

    /// The limits of its processes that are not the node's.
    pub(crate) fn limits(&self) -> Vec<Difference> {
        let all = self.differences.iter();
        let limits = all.filter(|it| it.what.starts_with(limits::START));
        limits.cloned().collect()
    }

    /// The rules on the node.
    pub(crate) fn rules_outside(&self) -> Option<&Ruleset> {
        self.rules?.outside.as_ref().ok()
    }
}

/// A factor that cannot be tried.
pub(crate) fn unknown(factor: Factor, why: String) -> Unknown {
    Unknown::new(format!("why: {}", factor.what("")), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_are_there_are_a_factor_and_rules_that_nobody_may_see_are_unknown() {
        let told = |network, inside| {
            let rules = Rules {
                outside: Err("EPERM".into()),
                inside,
            };
            let original = Original {
                differences: &[],
                rules: Some(&rules),
            };
            original.factors(network)
        };
        let ruleset = |text: &str| Ok(Ruleset { text: text.into() });
        let (factors, unknowns) = told("none", ruleset(""));
        assert!(factors.is_empty() && unknowns.is_empty());
        let hook = "table ip t {\n chain c {\n type filter hook input priority 0;\n}\n}\n";
        let (factors, unknowns) = told("none", ruleset(hook));
        assert_eq!((factors, unknowns.len()), (vec![Factor::Nft], 0));
        let (factors, unknowns) = told("none", Err("EPERM".into()));
        assert!(factors.is_empty());
        let what = "why: rules of the packet filter in the network namespace";
        assert_eq!(unknowns[0].what, what);
        // A bridge leads to the node, whose rules nobody may see here.
        let (factors, unknowns) = told("bridge", ruleset(hook));
        let bridged = [Factor::Net, Factor::Veth, Factor::Bridge, Factor::Nft];
        assert!(bridged.iter().all(|it| factors.contains(it)), "{factors:?}");
        assert_eq!(
            unknowns[0].what,
            "why: rules of the packet filter on the node"
        );
    }
}
