//! What a licence weighs: by its id, by its class, and of an expression as SPDX means it.
//!
//! The more particular counts: a licence that is named before its class, and each as the class
//! of destinations has it before the policy as a whole. Of `OR` the mildest branch is chosen, of
//! `AND` the worst counts; `WITH` is part of the licence.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hpcctl_license_db::expression::{self, Node};
use hpcctl_license_db::policy::class_of;
use hpcctl_model::gate::Level;

use super::{Policy, Set};

/// What is in front of the name of a class.
pub(super) const CLASS: &str = "class:";

/// The classes of what only a holder's terms can mean.
const OF_VENDORS: [&str; 3] = ["vendor-terms", "proprietary", "unknown"];

/// Whether only a holder's terms can tell what licences of a class mean.
pub(crate) fn is_of_vendors(class: &str) -> bool {
    OF_VENDORS.contains(&class)
}

/// The lists of licences of a policy, or of a class of destinations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Licenses {
    /// By id, or by `class:` and the name of a class.
    pub(crate) levels: BTreeMap<String, Set<Level>>,
    /// What no list names.
    pub(crate) unlisted: Option<Set<Level>>,
    /// No licence is known.
    pub(crate) unknown: Option<Set<Level>>,
    /// Classes of the policy's own: id to class.
    pub(crate) classes: BTreeMap<String, Set<String>>,
}

/// How a list came to say what a licence weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// By its id.
    Id,
    /// By its class.
    Class,
    /// No list has it.
    Nowhere,
}

/// What an expression comes to.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) level: Set<Level>,
    /// The licence that decided; none where none is known.
    pub(crate) license: Option<String>,
    /// Its class.
    pub(crate) class: String,
    /// Whether a list names the licence itself, or its class; neither is what is unlisted.
    pub(crate) named: Named,
    /// Of a choice the branch that was chosen; else the whole.
    pub(crate) chosen: Option<String>,
}

impl Policy {
    /// What an expression weighs at a class of destinations; none only where the built-in policy
    /// lacks a level, which a test rules out.
    ///
    /// What was `decided` of the vendor's terms stands for what the lists say of licences that only
    /// the vendor's terms can mean: those of vendors, and what is not known.
    pub(crate) fn weigh(
        &self,
        class: &str,
        license: Option<&str>,
        decided: Option<&Set<Level>>,
    ) -> Option<Read> {
        let Some(node) = license.and_then(expression::parse) else {
            return Some(Read {
                level: decided.or(self.unknown(class))?.clone(),
                license: license.map(str::to_owned),
                class: "unknown".into(),
                named: Named::Nowhere,
                chosen: None,
            });
        };
        let (read, chosen) = self.weigh_node(class, &node, decided)?;
        Some(Read {
            chosen: Some(chosen.to_string()),
            ..read
        })
    }

    /// Each licence of an expression that is not simply allowed, the worst first; of choices only
    /// what was chosen. None of them where all is allowed.
    pub(crate) fn offenders(
        &self,
        class: &str,
        license: Option<&str>,
        decided: Option<&Set<Level>>,
    ) -> Vec<Read> {
        let Some(whole) = self.weigh(class, license, decided) else {
            return Vec::new();
        };
        let parts = whole.chosen.as_deref().map(expression::licenses);
        let parts = parts.unwrap_or_default().into_iter();
        let read = parts.filter_map(|part| self.weigh_license(class, &part, decided));
        let mut offenders: Vec<Read> = read
            .map(|read| Read {
                chosen: whole.chosen.clone(),
                ..read
            })
            .filter(|read| read.level.value > Level::Allow)
            .collect();
        offenders.sort_by_key(|read| Reverse(read.level.value));
        // What has no parts is one thing.
        if offenders.is_empty() && whole.level.value > Level::Allow {
            offenders.push(whole);
        }
        offenders
    }

    /// What a node weighs, and the node without the branches that were not chosen.
    fn weigh_node(
        &self,
        class: &str,
        node: &Node,
        decided: Option<&Set<Level>>,
    ) -> Option<(Read, Node)> {
        let weigh = |node| self.weigh_node(class, node, decided);
        match node {
            Node::License(license) => {
                let read = self.weigh_license(class, license, decided)?;
                Some((read, node.clone()))
            }
            Node::Or(branches) => {
                let read = branches.iter().map(weigh);
                let read = read.collect::<Option<Vec<_>>>()?;
                // Of those that weigh least the mildest, and of these the first.
                let key = |read: &Read| (read.level.value, read.license.as_deref().map(class_of));
                read.into_iter().min_by_key(|(read, _)| key(read))
            }
            Node::And(parts) => {
                let read = parts.iter().map(weigh);
                let (read, nodes): (Vec<Read>, Vec<Node>) =
                    read.collect::<Option<Vec<_>>>()?.into_iter().unzip();
                let worst = read.into_iter().rev().max_by_key(|read| read.level.value)?;
                Some((worst, Node::And(nodes)))
            }
        }
    }

    /// What a key of the lists weighs, a licence or a class of them.
    pub(super) fn level_of_license(&self, destination: &str, key: &str) -> Option<&Set<Level>> {
        if !key.starts_with(CLASS) {
            return self.named(destination, key).map(|(_, level, _)| level);
        }
        let mut lists = self.lists(destination);
        let named = lists.find_map(|lists| lists.levels.get(key));
        named.or_else(|| self.unlisted(destination))
    }

    /// What no list names weighs.
    pub(super) fn unlisted(&self, destination: &str) -> Option<&Set<Level>> {
        let mut lists = self.lists(destination);
        lists.find_map(|lists| lists.unlisted.as_ref())
    }

    /// The lists of a class of destinations, then those of the policy as a whole.
    fn lists(&self, destination: &str) -> impl Iterator<Item = &Licenses> {
        let at = self.destinations.get(destination).map(|d| &d.licenses);
        at.into_iter().chain([&self.licenses])
    }

    fn weigh_license(
        &self,
        destination: &str,
        license: &str,
        decided: Option<&Set<Level>>,
    ) -> Option<Read> {
        let (class, level, named) = self.named(destination, license)?;
        let level = decided.filter(|_| is_of_vendors(&class)).unwrap_or(level);
        Some(Read {
            level: level.clone(),
            license: Some(license.to_owned()),
            class,
            named,
            chosen: None,
        })
    }

    /// The class of a licence, and what the lists say of it.
    fn named(&self, destination: &str, license: &str) -> Option<(String, &Set<Level>, Named)> {
        let class = self.class_of_license(license);
        let key = format!("{CLASS}{class}");
        // An exception only adds leave: what is said of the bare licence holds with it, too, but
        // where it makes another class of it.
        let bare = license.split(" WITH ").next().unwrap_or(license);
        let bare = Some(bare).filter(|bare| class_of(bare) == class_of(license));
        let (id, of_class) = (Named::Id, Named::Class);
        let keys = [(Some(license), id), (bare, id), (Some(&key), of_class)];
        let named = keys.into_iter().find_map(|(key, named)| {
            let mut lists = self.lists(destination);
            let level = lists.find_map(|lists| lists.levels.get(key?))?;
            Some((level, named))
        });
        let unlisted = || Some((self.unlisted(destination)?, Named::Nowhere));
        let (level, named) = named.or_else(unlisted)?;
        Some((class, level, named))
    }

    fn class_of_license(&self, license: &str) -> String {
        let own = self.licenses.classes.get(license);
        own.map(|set| set.value.clone())
            .unwrap_or_else(|| class_of(license).id().to_owned())
    }

    /// What an unknown licence weighs.
    pub(super) fn unknown(&self, class: &str) -> Option<&Set<Level>> {
        let at = self.destinations.get(class);
        at.and_then(|d| d.licenses.unknown.as_ref())
            .or(self.licenses.unknown.as_ref())
    }
}
