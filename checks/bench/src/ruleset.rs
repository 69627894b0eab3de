//! The rules of the packet filter in a network namespace, as nft(8) of the node lists them and takes them back.
//!
//! Tables that only an older iptables knows are not among them.

use std::time::Duration;

use hpcctl_host::{Host, Live};

use crate::netns;

/// The name of the difference.
pub(crate) const WHAT: &str = "rules of the packet filter";

/// How long listing them may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The most bytes of them, a little less than what is kept of what a command prints.
const MOST: usize = 60 << 10;

/// All rules of a network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruleset {
    /// As nft takes them.
    pub(crate) text: String,
}

impl Ruleset {
    /// Lists those where a process is, or where this one is.
    ///
    /// # Errors
    ///
    /// When they cannot be listed, or are too many to be taken along.
    pub(crate) fn of(process: Option<u32>) -> Result<Self, String> {
        let list = ["nft", "list", "ruleset"].map(str::to_owned);
        let argv = match process {
            Some(process) => netns::command(process, &list),
            None => list.to_vec(),
        };
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let ran = Live.run(&argv, DEADLINE);
        if !ran.ok() {
            let said = ran.first_line();
            let why = if said.is_empty() { "nft" } else { said };
            return Err(format!("{why}: {}", ran.end));
        }
        if ran.stdout.len() > MOST {
            return Err(format!("they are more than {} KiB", MOST >> 10));
        }
        Ok(Self { text: ran.stdout })
    }

    /// Whether packets pass without any of them.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts().0 == 0
    }

    /// How many they are.
    pub(crate) fn words(&self) -> String {
        let many = |count: usize, noun: &str| match count {
            1 => format!("1 {noun}"),
            _ => format!("{count} {noun}s"),
        };
        match self.counts() {
            (0, _) => "none".into(),
            (hooks, rules) => format!("{}, {}", many(rules, "rule"), many(hooks, "hook")),
        }
    }

    /// The chains that packets pass, and the rules in all chains.
    fn counts(&self) -> (usize, usize) {
        let (mut hooks, mut rules) = (0, 0);
        let (mut is_in_chain, mut goes_on) = (false, false);
        let lines = self.text.lines().map(str::trim);
        for line in lines.filter(|line| !line.starts_with('#')) {
            if line.starts_with("chain ") {
                is_in_chain = true;
            } else if line == "}" {
                is_in_chain = false;
            } else if is_in_chain && line.starts_with("type ") && line.contains(" hook ") {
                hooks += 1;
            } else if is_in_chain && !line.is_empty() && !goes_on {
                rules += 1;
            }
            // The elements of a set may take several lines.
            goes_on = line.ends_with(',');
        }
        (hooks, rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruleset(text: &str) -> Ruleset {
        Ruleset { text: text.into() }
    }

    #[test]
    fn chains_and_rules_are_counted() {
        let text = "\
# Warning: table inet t is managed by iptables-nft, do not touch!
table inet t {
	set s {
		type ipv4_addr
		elements = { 192.0.2.1, 192.0.2.2 }
	}

	chain in {
		type filter hook input priority filter; policy accept;
		ct state established,related accept
		ip saddr { 192.0.2.1, 192.0.2.2,
			   192.0.2.3 } drop
		# what nft cannot list
		jump other
	}

	chain other {
	}
}
";
        assert_eq!(ruleset(text).words(), "3 rules, 1 hook");
        assert!(!ruleset(text).is_empty());
    }

    #[test]
    fn chains_without_a_hook_are_passed_by_nobody() {
        let text = "table ip t {\n\tchain other {\n\t\taccept\n\t}\n}\n";
        for text in ["", text] {
            assert!(ruleset(text).is_empty());
            assert_eq!(ruleset(text).words(), "none");
        }
    }
}
