//! What an operation needs: formulas over the ids of checks, in Kleene's three-valued logic.

use hpcctl_model::doctor::{Cost, Who};

use super::Facts;

/// What an operation needs.
#[derive(Debug, Clone, Copy)]
pub enum Formula {
    /// This check holds.
    Check(&'static str),
    /// This check holds, which somebody must have set so: a way out that is never to blame.
    Setting(&'static str),
    /// This check does not hold.
    Lacks(&'static str),
    /// Somebody chooses another way; never so by default.
    Choice(&'static Choice),
    /// All of these.
    All(&'static [Formula]),
    /// One of these.
    Any(&'static [Formula]),
    /// The first where root asks, else the second.
    AsRoot(&'static Formula, &'static Formula),
}

/// Another way that is open, such as an option of the runtime.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Who can take it.
    pub who: Who,
    /// What it takes.
    pub cost: Cost,
    /// What to do, in words.
    pub text: &'static str,
    /// The command, or the line of a file.
    pub command: &'static str,
    /// Checks that no longer hold once it is taken.
    pub breaks: &'static [&'static str],
}

impl Choice {
    /// An option on the user's own command line.
    pub const fn option(text: &'static str, command: &'static str) -> Self {
        Self {
            who: Who::User,
            cost: Cost::User,
            text,
            command,
            breaks: &[],
        }
    }

    /// A file in the user's home.
    pub const fn config(text: &'static str, command: &'static str) -> Self {
        Self {
            cost: Cost::UserConfig,
            ..Self::option(text, command)
        }
    }
}

impl Formula {
    /// Whether it holds; none where that is not known.
    pub(super) fn holds(&self, facts: &Facts) -> Option<bool> {
        match self {
            Self::Check(id) | Self::Setting(id) => facts.holds(id),
            Self::Lacks(id) => facts.holds(id).map(|holds| !holds),
            Self::Choice(choice) => Some(facts.chosen.contains(&choice.text)),
            Self::All(parts) => fold(parts.iter().map(|part| part.holds(facts)), false),
            Self::Any(parts) => fold(parts.iter().map(|part| part.holds(facts)), true),
            Self::AsRoot(root, user) => if facts.root { root } else { user }.holds(facts),
        }
    }

    /// The checks because of which it does not hold, in its own order. A check that passes is
    /// named only where nothing else is to blame.
    pub(super) fn deciding(&self, facts: &Facts) -> Vec<&'static str> {
        let (mut failing, mut passing) = (Vec::new(), Vec::new());
        self.blame(facts, &mut failing, &mut passing);
        if failing.is_empty() { passing } else { failing }
    }

    fn blame(
        &self,
        facts: &Facts,
        failing: &mut Vec<&'static str>,
        passing: &mut Vec<&'static str>,
    ) {
        if self.holds(facts) != Some(false) {
            return;
        }
        match self {
            Self::Check(id) => push(failing, id),
            Self::Lacks(id) => push(passing, id),
            Self::Setting(_) | Self::Choice(_) => {}
            Self::All(parts) => parts
                .iter()
                .for_each(|part| part.blame(facts, failing, passing)),
            // Of several ways the one that somebody chose is to blame.
            Self::Any(parts) => {
                let all = !parts.iter().any(|part| part.is_chosen(facts));
                parts
                    .iter()
                    .filter(|part| all || part.is_chosen(facts))
                    .for_each(|part| part.blame(facts, failing, passing));
            }
            Self::AsRoot(root, user) => {
                if facts.root { root } else { user }.blame(facts, failing, passing);
            }
        }
    }

    /// The checks that are not known where it is not, in its own order.
    pub(super) fn unknown(&self, facts: &Facts) -> Vec<&'static str> {
        let mut found = Vec::new();
        self.collect_unknown(facts, &mut found);
        found
    }

    fn collect_unknown(&self, facts: &Facts, found: &mut Vec<&'static str>) {
        match self {
            Self::Check(id) | Self::Setting(id) | Self::Lacks(id) => {
                if facts.holds(id).is_none() {
                    push(found, id);
                }
            }
            Self::Choice(_) => {}
            Self::All(parts) | Self::Any(parts) => parts
                .iter()
                .filter(|part| part.holds(facts).is_none())
                .for_each(|part| part.collect_unknown(facts, found)),
            Self::AsRoot(root, user) => {
                if facts.root { root } else { user }.collect_unknown(facts, found);
            }
        }
    }

    /// Whether it names another way that somebody takes.
    fn is_chosen(&self, facts: &Facts) -> bool {
        let choices = self.choices();
        choices
            .iter()
            .any(|choice| facts.chosen.contains(&choice.text))
    }

    /// Every other way that it names.
    pub fn choices(&self) -> Vec<&'static Choice> {
        match self {
            Self::Check(_) | Self::Setting(_) | Self::Lacks(_) => Vec::new(),
            Self::Choice(choice) => vec![choice],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::choices).collect(),
            Self::AsRoot(root, user) => [root.choices(), user.choices()].concat(),
        }
    }

    /// Every check that it names.
    pub fn checks(&self) -> Vec<&'static str> {
        match self {
            Self::Check(id) | Self::Setting(id) | Self::Lacks(id) => vec![id],
            Self::Choice(_) => Vec::new(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::checks).collect(),
            Self::AsRoot(root, user) => [root.checks(), user.checks()].concat(),
        }
    }
}

fn push(list: &mut Vec<&'static str>, id: &'static str) {
    if !list.contains(&id) {
        list.push(id);
    }
}

/// Kleene's "and" (`decisive` false) or "or" (`decisive` true).
fn fold(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decisive)
}
