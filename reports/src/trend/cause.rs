//! What follows from what: findings on the same nodes that come from one check.
//!
//! A verdict on a runtime names the checks that decided. Checks whose ids begin with that of
//! another look closer at the same thing, and `.limit` at the bound that makes it fail.

use std::collections::BTreeMap;

use hpcctl_model::doctor::Status;
use hpcctl_model::nightly::Item;

/// The check behind a check that decided: its bound, where that fails as well.
pub fn root(id: &str, fails: impl Fn(&str) -> bool) -> String {
    let limit = format!("{id}.limit");
    match fails(&limit) {
        true => limit,
        false => id.into(),
    }
}

/// Says of each finding from which other on the same nodes it follows; the causes come first.
/// A finding stands beside the checks that it names as its own causes.
pub fn follow(found: Vec<(Item, Vec<String>)>) -> Vec<Item> {
    // By the nodes: the checks that decided, each with its root.
    let mut roots: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (item, because) in &found {
        for id in because {
            // What failed with it passes with it.
            let fails = |id: &str| {
                let mut same = found.iter().filter(|(one, _)| one.on == item.on);
                same.any(|(one, _)| one.id == id && one.status == item.status)
            };
            if fails(id) {
                let root = root(id, fails);
                let known = roots.entry(item.on.set.clone()).or_default();
                if !known.iter().any(|(decided, _)| decided == id) {
                    known.push((id.clone(), root));
                }
            }
        }
    }
    let mut items: Vec<Item> = Vec::with_capacity(found.len());
    let mut fixes: BTreeMap<(String, String), String> = BTreeMap::new();
    for (mut item, because) in found {
        let of = roots.get(&item.on.set).into_iter().flatten();
        let cause = of.into_iter().find(|(decided, root)| {
            let named = because.first() == Some(decided);
            let closer = item.id.starts_with(&format!("{decided}."));
            item.id != *root && (named || closer || item.id == *decided)
        });
        if let Some((_, root)) = cause {
            // The solver's fix is made for the node, that of a manual for any.
            if let Some(fix) = item.fix.as_ref().filter(|_| !because.is_empty()) {
                let key = (item.on.set.clone(), root.clone());
                fixes.entry(key).or_insert_with(|| fix.clone());
            }
            item.follows = Some(root.clone());
        }
        items.push(item);
    }
    for item in items.iter_mut().filter(|item| item.follows.is_none()) {
        if let Some(fix) = fixes.remove(&(item.on.set.clone(), item.id.clone())) {
            item.fix = Some(fix);
        }
    }
    let is_cause = |item: &Item| {
        roots
            .get(&item.on.set)
            .is_some_and(|of| of.iter().any(|(_, root)| *root == item.id))
    };
    items.sort_by_key(|item| (item.status != Status::Fail, !is_cause(item)));
    items
}

#[cfg(test)]
mod tests {
    use hpcctl_model::fleet::Nodes;

    use super::*;

    fn item(id: &str, on: &str, because: &[&str]) -> (Item, Vec<String>) {
        let item = Item {
            id: id.into(),
            status: Status::Fail,
            was: None,
            on: Nodes {
                count: 3,
                set: on.into(),
            },
            text: String::new(),
            others: 0,
            since: String::new(),
            or_before: false,
            fix: (!because.is_empty()).then(|| format!("fix of {id}")),
            follows: None,
            first: false,
            part: false,
        };
        (item, because.iter().map(|id| (*id).to_owned()).collect())
    }

    #[test]
    fn what_follows_from_a_cause_stands_behind_it() {
        let items = follow(vec![
            item("run.podman", "n[5-7]", &["ns.user"]),
            item("uid.nfs.chown", "n[5-7]", &[]),
            item("ns.user.clone3", "n[5-7]", &[]),
            item("ns.user", "n[5-7]", &[]),
            item("ns.user.limit", "n[5-7]", &[]),
            item("ns.user", "n8", &[]),
        ]);
        let of: Vec<(&str, Option<&str>)> = items
            .iter()
            .map(|one| (one.id.as_str(), one.follows.as_deref()))
            .collect();
        let limit = Some("ns.user.limit");
        assert_eq!(
            of,
            [
                ("ns.user.limit", None),
                ("run.podman", limit),
                ("uid.nfs.chown", None),
                ("ns.user.clone3", limit),
                ("ns.user", limit),
                ("ns.user", None),
            ]
        );
        assert_eq!(items[0].fix.as_deref(), Some("fix of run.podman"));
    }

    #[test]
    fn a_verdict_without_its_cause_stands_alone() {
        let items = follow(vec![
            item("run.podman", "n1", &["ns.user"]),
            item("x.y", "n1", &[]),
        ]);
        assert!(items.iter().all(|one| one.follows.is_none()));
    }
}
