//! Nights that were asked by one user and by another: root's answer is not that of users.

use hpcctl_model::history::{Record, Silent};

use super::tests::{asked, on_the_25th, record, said, told};
use super::*;

/// A night of four nodes on which these checks fail, asked by somebody.
fn night(age: usize, user: Option<&str>, failed: &[&str]) -> Record {
    Record {
        user: user.map(str::to_owned),
        ..record(age, vec![said("n[1-4]", failed)])
    }
}

#[test]
fn what_another_user_finds_is_not_held_against_it() {
    let (nine9, root) = (Some("nine9"), Some("root"));
    let report = asked(vec![
        night(0, root, &["uid.subid.file"]),
        night(1, nine9, &["net.tun"]),
        night(2, nine9, &["net.tun"]),
    ]);
    assert_eq!(told(&report), BTreeSet::new());
    assert_eq!(report.verdict, Verdict::First);
    let unchecked = &report.not_checked[0];
    assert_eq!(unchecked.what, "what changed on n[1-4]");
    let why = "asked by root for the first time, and by nine9 before";
    assert_eq!(unchecked.why, why);
    assert_eq!(report.containers.yes, 4);
    // Back again it is held against what was before.
    let report = asked(vec![
        night(0, nine9, &["net.tun", "ns.user"]),
        night(1, root, &["uid.subid.file"]),
        night(2, nine9, &["net.tun"]),
    ]);
    let new = (1..=4).map(|n| format!("new ns.user fail n{n}"));
    assert_eq!(told(&report), new.collect());
    assert_eq!((report.lost.count, report.joined.count), (0, 0));
}

#[test]
fn a_node_counts_once_whoever_asks_it() {
    let mut mixed = night(0, Some("root"), &["ns.user"]);
    mixed.said[0].run = Some(hpcctl_model::doctor::Verdict::No);
    let report = asked(vec![
        mixed,
        night(0, Some("nine9"), &[]),
        night(1, Some("nine9"), &[]),
    ]);
    let run = report.containers;
    assert_eq!((run.yes, run.no, report.reported), (4, 0, 4));
    // In one night neither is before the other.
    let report = asked(vec![
        night(0, Some("root"), &[]),
        night(0, Some("nine9"), &[]),
    ]);
    assert!(report.not_checked.is_empty(), "{:?}", report.not_checked);
}

#[test]
fn a_node_is_one_by_its_long_and_its_short_name_whoever_asks() {
    let (nine9, root) = (Some("nine9"), Some("root"));
    let long = Record {
        said: vec![said("n[1-4].site.example", &[])],
        ..night(1, root, &[])
    };
    let report = asked(vec![night(0, nine9, &["net.tun"]), long.clone()]);
    assert_eq!((report.lost.count, report.reported), (0, 4));
    assert!(report.away.is_empty(), "{:?}", report.away);
    let why = "asked by nine9 for the first time, and by root before";
    assert_eq!(report.not_checked[0].why, why);
    let both = vec![
        Record {
            at: night(0, nine9, &[]).at,
            ..long
        },
        night(0, nine9, &[]),
    ];
    let report = asked(both);
    assert_eq!((report.containers.yes, report.reported), (4, 4));
    // Which of two the short name is of nobody knows.
    let two = Record {
        said: vec![said("n1.a.example,n1.b.example", &[])],
        ..night(0, root, &[])
    };
    assert_eq!(asked(vec![two, night(0, nine9, &[])]).reported, 6);
}

#[test]
fn a_node_that_is_away_is_told_once_by_who_heard_of_it_last() {
    let nodes = |nodes: &str, age, user| Record {
        said: vec![said(nodes, &[])],
        ..night(age, Some(user), &[])
    };
    let (whole, rest) = ("n[1-4]", "n[1-3]");
    for by_users in [whole, rest] {
        let mut tonight = nodes(rest, 0, "nine9");
        tonight.silent.push(Silent {
            on: "n4".into(),
            why: "no route to the node".into(),
        });
        let report = asked(vec![
            tonight,
            nodes(rest, 0, "root"),
            nodes(by_users, 1, "nine9"),
            nodes(whole, 1, "root"),
            nodes(whole, 2, "nine9"),
        ]);
        assert_eq!(report.lost.set, "n4");
        assert_eq!(report.containers.missing, 1, "{:?}", report.away);
        let away = &report.away[0];
        assert_eq!((away.nodes.count, away.new), (1, true));
        assert_eq!(away.since, record(0, Vec::new()).at);
        assert_eq!(away.why, "no route to the node");
    }
}

/// It was to report this night, and did last before the runs that are looked at.
#[test]
fn a_node_that_is_silent_for_long_is_told_once() {
    let mut nights = vec![night(0, Some("nine9"), &[]), night(1, Some("nine9"), &[])];
    let mut old = night(1, Some("nine9"), &[]);
    (old.at, old.said[0].on) = ("2026-09-01T02:00:00Z".into(), "n[1-5]".into());
    nights[0].silent.push(Silent {
        on: "n5".into(),
        why: "no route to the node".into(),
    });
    let mut asked = on_the_25th(nights);
    asked.past.add(&old);
    let report = nightly(&asked);
    assert_eq!(report.away.len(), 1, "{:?}", report.away);
    assert_eq!(report.away[0].why, "no route to the node");
    assert_eq!(report.containers.missing, 1);
}

#[test]
fn what_does_not_say_who_asked_is_of_the_one_who_does() {
    let report = asked(vec![
        night(0, Some("nine9"), &["ns.user"]),
        night(1, None, &["ns.user"]),
    ]);
    assert_eq!(report.verdict, Verdict::Unchanged);
    // One node that root looked at says nothing of who asked all of them.
    let mut alone = night(0, Some("root"), &[]);
    (alone.kind, alone.said) = ("doctor".into(), vec![said("n1", &[])]);
    let report = asked(vec![
        alone,
        night(0, Some("nine9"), &["ns.user"]),
        night(1, None, &["ns.user"]),
    ]);
    assert!(report.new.is_empty(), "{:?}", report.new);
    assert_eq!(report.before_at, Some(record(1, Vec::new()).at));
}
