//! Nodes that do not report: each is told once, whoever asks them, and the nodes alike are one.

use std::collections::BTreeMap;

use hpcctl_model::nightly;

use super::fold;
use super::subject::Subject;

/// Nodes that do not report.
#[derive(Debug, Default)]
pub struct Away(BTreeMap<(bool, String, String), Vec<String>>);

impl Away {
    /// Takes a node.
    pub fn add(&mut self, name: &str, why: &str, since: &str, is_new: bool) {
        let key = (!is_new, since.to_owned(), why.to_owned());
        self.0.entry(key).or_default().push(name.into());
    }

    /// The nodes, what is new first, then the longest.
    pub fn items(self) -> Vec<nightly::Away> {
        let all = self.0.into_iter();
        let all = all.map(|((is_old, since, why), names)| nightly::Away {
            nodes: fold::nodes(&names),
            new: !is_old,
            why,
            since,
        });
        all.collect()
    }
}

/// What is heard of nodes, whoever asked: who heard of one last knows since when it is away.
#[derive(Debug)]
pub struct Heard<'a>(BTreeMap<&'a str, Last<'a>>);

/// What is heard of a node.
#[derive(Debug)]
struct Last<'a> {
    /// How many runs it has missed.
    missed: u64,
    /// Why it does not report this night.
    why: Option<&'a str>,
}

impl<'a> Heard<'a> {
    /// Gathers it from the subjects of each kind of report.
    pub fn of(kinds: &[Vec<Subject<'a>>]) -> Self {
        let mut heard: BTreeMap<&str, Last<'_>> = BTreeMap::new();
        for subject in kinds.iter().flatten().filter(|one| !one.is_image()) {
            let why = subject.away.and_then(|(why, _)| why);
            let last = heard.entry(subject.name).or_insert(Last {
                missed: subject.missed,
                why: None,
            });
            last.missed = last.missed.min(subject.missed);
            last.why = last.why.or(why.filter(|_| subject.silent));
        }
        Self(heard)
    }

    /// Takes out a node by who heard of it last; answers why it does not report, where anybody says. None
    /// where another heard of it later, or it was taken.
    pub fn take(&mut self, subject: &Subject<'a>) -> Option<Option<&'a str>> {
        let last = self.0.get(subject.name)?;
        if last.missed < subject.missed {
            return None;
        }
        let (own, _) = subject.away?;
        let last = self.0.remove(subject.name)?;
        Some(own.or(last.why))
    }

    /// Whether a node was taken out.
    pub fn is_taken(&self, name: &str) -> bool {
        !self.0.contains_key(name)
    }
}
