//! Nights that were asked by one user and by another: root's answer is not that of users.

use hpcctl_model::history::Record;

use super::tests::{asked, record, said, told};
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
fn what_does_not_say_who_asked_is_of_the_one_who_does() {
    let report = asked(vec![
        night(0, Some("nine9"), &["ns.user"]),
        night(1, None, &["ns.user"]),
    ]);
    assert_eq!(report.verdict, Verdict::Unchanged);
}
