//! On which nodes of a fleet an image runs: what the image asks for, held against what the nodes
//! said of themselves. Pure: nodes are not asked again.
//!
//! A node says which verdict it gives on any image, and which on one that does not meet a check of
//! images; that a runtime's verdict on an image with several unmet checks could be worse than on
//! each of them is left to `doctor --image`, as only one check of images counts for running one.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::doctor::{Ids, Verdict};
use hpcctl_model::fleet::{Fleet, Group};
use hpcctl_model::matched::{Machine, Match, Matched, Need, Runner};

use super::fold::{most_said, set};
use super::node_set::{NodeSet, SetError};
use crate::runtime;

/// Why nothing is said of nodes whose lines do not tell of any image.
const ONE_IMAGE: &str =
    "the lines of these nodes are of one image (doctor --image), or of an earlier hpcctl";

/// The machine of the nodes of a group; empty where they do not say.
pub fn machine(group: &Group) -> &str {
    most_said(group, "arch").unwrap_or_default()
}

/// Matches an image, which was read for the machine of each group.
///
/// # Errors
///
/// When a set of the fleet is none: it was written by something else.
pub fn matched(image: &str, machines: Vec<Machine>, fleet: &Fleet) -> Result<Match, SetError> {
    let mut alike: BTreeMap<(u8, String), (Matched, Vec<String>)> = BTreeMap::new();
    let mut put = |found: Matched, nodes: &str| -> Result<(), SetError> {
        let names = NodeSet::parse(nodes)?;
        let key = (
            rank(found.run),
            format!("{:?}{:?}", found.why, found.runtimes),
        );
        let (_, known) = alike.entry(key).or_insert((found, Vec::new()));
        known.extend(names.names().map(str::to_owned));
        Ok(())
    };
    for group in &fleet.groups {
        let of = machines.iter().find(|one| one.arch == machine(group));
        put(
            of.map_or_else(|| unread(""), |of| on_group(group, of)),
            &group.nodes.set,
        )?;
    }
    put(unread("these nodes did not report"), &fleet.missing.set)?;
    let groups = alike.into_values().filter(|(_, names)| !names.is_empty());
    let groups: Vec<(Matched, Vec<String>)> = groups.collect();
    let install = install(groups.iter().map(|(found, _)| found));
    let with = |runs: fn(Verdict) -> bool| {
        let groups = groups.iter().filter(|(found, _)| runs(found.run));
        set(groups.flat_map(|(_, names)| names).map(String::as_str))
    };
    Ok(Match {
        image: image.into(),
        machines,
        reported_at: fleet.last_at.clone(),
        runs: with(does_run),
        fails: with(|run| run == Verdict::No),
        unknown: with(|run| run == Verdict::Unknown),
        groups: groups
            .iter()
            .map(|(found, names)| Matched {
                nodes: set(names.iter().map(String::as_str)),
                fix: is_bare(found).then(|| install.clone()),
                ..found.clone()
            })
            .collect(),
    })
}

/// The best first.
fn rank(run: Verdict) -> u8 {
    match run {
        Verdict::Yes => 0,
        Verdict::Degraded => 1,
        Verdict::Unknown => 2,
        Verdict::No => 3,
    }
}

fn does_run(run: Verdict) -> bool {
    matches!(run, Verdict::Yes | Verdict::Degraded)
}

/// Nodes of which nothing is known.
fn unread(why: &str) -> Matched {
    Matched {
        nodes: Default::default(),
        run: Verdict::Unknown,
        why: Some(why.into()),
        fix: None,
        runtimes: Vec::new(),
    }
}

/// Whether nodes have no runtime, not even one that was not looked for.
fn is_bare(found: &Matched) -> bool {
    found.why.as_deref() == Some(runtime::NONE)
}

/// What nodes without a runtime are to get: what runs the image on the others.
fn install<'a>(groups: impl Iterator<Item = &'a Matched>) -> String {
    let runtimes = groups.flat_map(|found| &found.runtimes);
    let running = runtimes.filter(|one| does_run(one.run));
    let names: BTreeSet<&str> = running.map(|one| one.runtime.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [] => "(admin) install a runtime of containers".into(),
        names => format!(
            "(admin) install {}, with which it runs on other nodes",
            names.join(" or ")
        ),
    }
}

fn on_group(group: &Group, machine: &Machine) -> Matched {
    if let Some(why) = &machine.lacks {
        return Matched {
            run: Verdict::No,
            ..unread(why)
        };
    }
    if let Some(why) = runtime::none_on(group) {
        return Matched {
            run: Verdict::No,
            ..unread(why)
        };
    }
    if group.images.is_none() {
        return unread(ONE_IMAGE);
    }
    let names = runtime::counting(group).into_iter();
    let mut runtimes: Vec<Runner> = names.map(|name| runner(group, name, machine)).collect();
    runtimes.sort_by_key(|one| rank(one.run));
    let best = runtimes.first().map(|one| one.run);
    Matched {
        nodes: Default::default(),
        run: best.unwrap_or(Verdict::Unknown),
        why: best
            .is_none()
            .then(|| "these nodes told of no runtime".into()),
        fix: None,
        runtimes,
    }
}

fn runner(group: &Group, runtime: &str, machine: &Machine) -> Runner {
    let run = group.runtimes.get(runtime).and_then(|of| of.get("run"));
    let because = group.because.get(runtime).cloned().unwrap_or_default();
    let mut found = of_any(group, runtime, run.copied(), because);
    let unmet = group.images.iter().filter_map(|of| of.get(runtime));
    for (id, unmet) in unmet.flatten() {
        let need = machine.needs.iter().find(|need| need.id == *id);
        match need.and_then(|need| is_met(need, unmet.up_to)) {
            Some(true) => {}
            Some(false) if rank(unmet.run) >= rank(found.run) => {
                found = Runner {
                    run: unmet.run,
                    because: unmet.because.clone(),
                    fix: said_fix(group, &format!("{runtime}:{id}")),
                    ..found
                };
            }
            Some(false) => {}
            None if does_run(unmet.run) || !does_run(found.run) => {}
            None => {
                found = Runner {
                    run: Verdict::Unknown,
                    because: vec![id.clone()],
                    fix: None,
                    ..found
                };
            }
        }
    }
    found
}

/// Whether an image meets a check on nodes: by its ids, where those have so many.
fn is_met(need: &Need, up_to: Option<Ids>) -> Option<bool> {
    match (need.highest, up_to) {
        (Some(highest), Some(most)) if !highest.is_within(most) => Some(false),
        // Of one that could not be read whole others may be higher.
        (Some(_), Some(_)) => need.met.map(|_| true),
        (None, Some(_)) => None,
        (_, None) => need.met,
    }
}

/// What a runtime makes of an image that asks for nothing.
fn of_any(group: &Group, runtime: &str, run: Option<Verdict>, because: Vec<String>) -> Runner {
    Runner {
        runtime: runtime.into(),
        run: run.unwrap_or(Verdict::Unknown),
        because,
        fix: said_fix(group, runtime),
    }
}

fn said_fix(group: &Group, of: &str) -> Option<String> {
    most_said(group, &format!("fix.{of}")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use hpcctl_model::matched::Need;
    use serde_json::json;

    use super::*;
    use crate::fleet::line::tests::sealed;
    use crate::fleet::{Merge, Table, Terms};

    /// A line of a node: what podman and the launcher make of images.
    fn line(node: &str, arch: &str, podman: &str, images: serde_json::Value) -> String {
        let because = match podman {
            "yes" => json!({}),
            _ => json!({"podman": ["net.tun"]}),
        };
        sealed(
            node,
            &json!({"k": "doctor", "v": "0.1.0", "h": ["6.1.0", arch], "f": [], "w": [], "u": [],
                "b": because, "r": {"builtin": {"run": "yes"}, "podman": {"run": podman}},
                "i": images, "cut": false, "t": "2026-11-25T02:00:00Z",
                "x": {"fix.podman": "modprobe tun", "fix.podman:image.ids": "usermod"}}),
        )
    }

    fn fleet() -> Fleet {
        let many = json!({"podman": {"image.ids": {"run": "no", "because": ["uid.subid.file"]}}});
        let mut merge = Merge::new(Table::default());
        for text in [
            line("n1", "x86_64", "yes", json!({})),
            line("n2", "x86_64", "yes", many.clone()),
            line("n3", "x86_64", "no", many.clone()),
            line("n4", "aarch64", "yes", json!({})),
            line("n5", "x86_64", "yes", json!(null)),
        ] {
            merge.read(text.as_bytes()).unwrap();
        }
        merge.report(&Terms {
            expected: Some(&NodeSet::parse("n[1-6]").unwrap()),
            ..Terms::default()
        })
    }

    fn on(met: Option<bool>) -> Match {
        let machine = |arch: &str, lacks: Option<&str>| Machine {
            arch: arch.into(),
            digest: None,
            lacks: lacks.map(str::to_owned),
            needs: vec![Need {
                id: "image.ids".into(),
                met,
                text: String::new(),
                highest: None,
            }],
        };
        let machines = vec![machine("x86_64", None), machine("aarch64", Some("no arm"))];
        matched("oci:app", machines, &fleet()).unwrap()
    }

    fn sets(found: &Match) -> [&str; 3] {
        [&found.runs, &found.fails, &found.unknown].map(|nodes| nodes.set.as_str())
    }

    #[test]
    fn an_image_that_asks_for_nothing_runs_where_any_does() {
        let found = on(Some(true));
        assert_eq!(sets(&found), ["n[1-2]", "n[3-4]", "n[5-6]"]);
        let fails = found.groups.iter().filter(|one| one.run == Verdict::No);
        let fails: Vec<_> = fails.collect();
        assert_eq!(fails[0].runtimes[0].because, ["net.tun"]);
        assert_eq!(fails[0].runtimes[0].fix.as_deref(), Some("modprobe tun"));
        assert_eq!(fails[1].why.as_deref(), Some("no arm"));
    }

    #[test]
    fn an_image_of_several_owners_needs_what_the_nodes_say() {
        let found = on(Some(false));
        assert_eq!(sets(&found), ["n1", "n[2-4]", "n[5-6]"]);
        let second = found.groups.iter().find(|one| one.nodes.set == "n[2-3]");
        let podman = &second.unwrap().runtimes[0];
        assert_eq!(podman.because, ["uid.subid.file"]);
        assert_eq!(podman.fix.as_deref(), Some("usermod"));
    }

    #[test]
    fn what_is_not_known_of_the_image_is_not_known_where_it_counts() {
        assert_eq!(sets(&on(None)), ["n1", "n[3-4]", "n[2,5-6]"]);
    }

    #[test]
    fn the_ids_of_an_image_are_held_against_those_that_a_node_can_map() {
        let few = |most: u32| {
            json!({"podman": {"image.range": {"run": "no", "because": ["image.range"],
                "up_to": {"uid": 65536, "gid": most}}}})
        };
        let mut merge = Merge::new(Table::default());
        for text in [
            line("n1", "x86_64", "yes", few(41)),
            line("n2", "x86_64", "yes", few(42)),
            // It maps none, or whatever there is.
            line("n3", "x86_64", "yes", json!({})),
        ] {
            merge.read(text.as_bytes()).unwrap();
        }
        let fleet = merge.report(&Terms::default());
        let on = |met, highest| {
            let need = Need {
                id: "image.range".into(),
                met,
                text: String::new(),
                highest,
            };
            let machine = Machine {
                arch: "x86_64".into(),
                digest: None,
                lacks: None,
                needs: vec![need],
            };
            let found = matched("oci:app", vec![machine], &fleet).unwrap();
            sets(&found).map(str::to_owned)
        };
        let ids = |gid| Some(Ids { uid: 6, gid });
        assert_eq!(on(Some(false), ids(42)), ["n[2-3]", "n1", ""]);
        assert_eq!(on(Some(false), ids(43)), ["n3", "n[1-2]", ""]);
        assert_eq!(on(Some(true), Some(Ids::default())), ["n[1-3]", "", ""]);
        // Of an image that could not be read whole higher ones may have been missed.
        assert_eq!(on(None, ids(42)), ["n3", "n1", "n2"]);
    }

    #[test]
    fn a_node_without_a_runtime_runs_no_image() {
        let bare = |node: &str| {
            let body = json!({"k": "doctor", "v": "0.1.0", "h": ["6.1.0", "x86_64"], "f": [],
                "w": [], "u": [], "b": {}, "r": {"builtin": {"run": "yes"}}, "i": {},
                "cut": false, "t": "2026-11-25T02:00:00Z", "x": {}});
            sealed(node, &body)
        };
        let mut merge = Merge::new(Table::default());
        for text in [bare("n1"), line("n2", "x86_64", "yes", json!({}))] {
            merge.read(text.as_bytes()).unwrap();
        }
        let fleet = merge.report(&Terms::default());
        let machine = Machine {
            arch: "x86_64".into(),
            digest: None,
            lacks: None,
            needs: Vec::new(),
        };
        let found = matched("oci:app", vec![machine], &fleet).unwrap();
        assert_eq!(sets(&found), ["n2", "n1", ""]);
        let bare = &found.groups[1];
        assert_eq!(bare.why.as_deref(), Some(runtime::NONE));
        let fix = "(admin) install podman, with which it runs on other nodes";
        assert_eq!(bare.fix.as_deref(), Some(fix));
    }
}
