//! Rows of the same nodes, folded: nodes that have the same findings stand once, with all of them. What is
//! read by people is told so; what is read by programs is told finding by finding.

use std::collections::BTreeMap;

use super::told::Row;
use crate::fleet::NodeSet;
use crate::terminal::counted;

/// How many findings may be listed before it counts how often each is.
const FEW: usize = 20;

/// The most names that are held against one another.
const NAMES: u64 = 1 << 20;

/// What is found on the same nodes, or images.
pub struct Alike {
    /// The findings; one at least, and of all of them the nodes are the same.
    pub rows: Vec<Row>,
}

/// Findings whose nodes are the same.
struct Class {
    set: String,
    count: u64,
    rows: Vec<Row>,
}

/// Folds the rows of a part by what they are of. Where nodes have findings in so many combinations that
/// each would be listed more than twice, only findings of the very same nodes stand together.
pub fn alike(rows: Vec<Row>) -> Vec<Alike> {
    let (found, others): (Vec<Row>, Vec<Row>) = rows
        .into_iter()
        .partition(|row| !row.state.is_empty() && !row.set.is_empty());
    let mut classes: Vec<Class> = Vec::new();
    for row in found {
        match classes.iter_mut().find(|class| class.set == row.set) {
            Some(class) => class.rows.push(row),
            None => classes.push(Class {
                set: row.set.clone(),
                count: row.count,
                rows: vec![row],
            }),
        }
    }
    let found = match combinations(&classes) {
        Some(all) => all,
        None => classes.into_iter().map(|class| class.rows).collect(),
    };
    let others = others.into_iter().map(|row| vec![row]);
    let all = found.into_iter().chain(others);
    all.map(|rows| Alike { rows }).collect()
}

/// The findings of each combination that nodes have; none where that would be long.
fn combinations(classes: &[Class]) -> Option<Vec<Vec<Row>>> {
    let names: u64 = classes.iter().map(|class| class.count).sum();
    if classes.len() < 2 || names > NAMES {
        return None;
    }
    let sets: Vec<Vec<String>> = classes.iter().map(|class| names_of(&class.set)).collect();
    // The name of an image may have a comma itself: then it is not known where each ends.
    let mut counted = sets.iter().zip(classes);
    if counted.any(|(names, class)| names.len() as u64 != class.count) {
        return None;
    }
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, names) in sets.iter().enumerate() {
        for name in names {
            by_name.entry(name).or_default().push(place);
        }
    }
    let mut combined: BTreeMap<Vec<usize>, Vec<&str>> = BTreeMap::new();
    for (name, places) in by_name {
        combined.entry(places).or_default().push(name);
    }
    let rows =
        |places: &[usize]| -> usize { places.iter().map(|at| classes[*at].rows.len()).sum() };
    let listed: usize = combined.keys().map(|places| rows(places)).sum();
    let all: usize = classes.iter().map(|class| class.rows.len()).sum();
    if listed > FEW.max(2 * all) {
        return None;
    }
    let of = |(places, names): (Vec<usize>, Vec<&str>)| {
        let (set, count) = (set_of(&names), names.len() as u64);
        let rows = places.into_iter().flat_map(|at| &classes[at].rows);
        let rows = rows.map(|row| Row {
            set: set.clone(),
            count,
            ..row.clone()
        });
        rows.collect()
    };
    Some(combined.into_iter().map(of).collect())
}

/// The names of a set; references of images are none of nodes.
fn names_of(set: &str) -> Vec<String> {
    match NodeSet::parse(set) {
        Ok(nodes) => nodes.names().map(str::to_owned).collect(),
        Err(_) => set.split(',').map(str::to_owned).collect(),
    }
}

fn set_of(names: &[&str]) -> String {
    let names = names.join(",");
    match NodeSet::parse(&names) {
        Ok(nodes) => nodes.folded(),
        Err(_) => names,
    }
}

impl Alike {
    /// The only finding, or none.
    pub fn only(&self) -> Option<&Row> {
        match self.rows.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The outcome of the first, which is the worst.
    pub fn state(&self) -> &str {
        self.rows.first().map_or("", |row| &row.state)
    }

    /// What it is of; a long set is cut to so many characters before the number of nodes.
    pub fn on(&self, most: usize) -> String {
        self.rows
            .first()
            .map_or_else(String::new, |row| row.on(most))
    }

    /// The id of the finding, or how many there are.
    pub fn what(&self) -> String {
        match self.only() {
            Some(row) => row.what.clone(),
            None => counted(self.rows.len(), "finding"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: &str, set: &str) -> Row {
        Row {
            state: "fail".into(),
            what: what.into(),
            set: set.into(),
            count: names_of(set).len() as u64,
            ..Row::default()
        }
    }

    /// The rows, each as its nodes and what is found there.
    fn told(rows: Vec<Row>) -> Vec<String> {
        let all = alike(rows).into_iter().map(|one| {
            let ids: Vec<&str> = one.rows.iter().map(|row| row.what.as_str()).collect();
            assert!(one.rows.iter().all(|row| row.set == one.rows[0].set));
            format!("{}: {}", one.on(99), ids.join(" "))
        });
        all.collect()
    }

    #[test]
    fn nodes_with_the_same_findings_stand_once() {
        let ids = ["a", "b", "c", "d"];
        assert_eq!(
            told(ids.map(|id| row(id, "n[03,06]")).to_vec()),
            ["n[03,06] (2): a b c d"]
        );
        let overlapping = vec![row("a", "n[1-4]"), row("b", "n[4-5]"), row("c", "n4")];
        assert_eq!(told(overlapping), ["n[1-3] (3): a", "n4: a b c", "n5: b"]);
        let images = vec![
            row("a", "docker://x/y:1,docker://x/z:1"),
            row("b", "docker://x/y:1"),
        ];
        assert_eq!(told(images), ["docker://x/z:1: a", "docker://x/y:1: a b"]);
    }

    #[test]
    fn an_image_whose_name_has_a_comma_is_one() {
        let one = Row {
            count: 1,
            ..row("b", "docker-archive:/x,/y")
        };
        assert_eq!(
            told(vec![row("a", "docker-archive:/x"), one]),
            ["docker-archive:/x: a", "docker-archive:/x,/y: b"]
        );
    }

    #[test]
    fn many_combinations_are_told_finding_by_finding() {
        // The findings of a node are the bits of its number.
        let of = |bit: u32| {
            let names = (0..1 << 10).filter(|n| n >> bit & 1 == 1);
            let names: Vec<String> = names.map(|n| format!("n{n}")).collect();
            row(&bit.to_string(), &names.join(","))
        };
        let rows: Vec<Row> = (0..10).map(of).collect();
        assert_eq!(alike(rows).len(), 10);
    }

    #[test]
    fn what_is_no_finding_stands_alone() {
        let lost = |set: &str| Row {
            state: String::new(),
            ..row("node.reports", set)
        };
        assert_eq!(alike(vec![lost("n1"), lost("n1"), lost("")]).len(), 3);
    }
}
