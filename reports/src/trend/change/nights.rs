//! Nights that are not like clockwork: checks that are left out, runs at other hours, nodes and findings
//! that come and go.

use hpcctl_model::doctor;
use hpcctl_model::history::{Record, Said, Silent};

use super::tests::{asked, gated, of, on_the_25th, record, said, told, until, waiver};
use super::*;

/// A node whose lines do not tell of a check, or say that it was not looked at.
fn unseen(id: &str) -> Vec<Said> {
    let mut said = said("n1", &[]);
    said.skipped.push(id.into());
    vec![said]
}

#[test]
fn what_was_not_looked_at_is_held_against_what_was_known_last() {
    let bad = || vec![said("n1", &["gpu.driver"])];
    let report = of(vec![unseen("gpu.driver"), bad()]);
    assert_eq!(told(&report), BTreeSet::new());
    assert_eq!(report.not_checked[0].what, "gpu.driver on n1");
    // It comes back as it was, and is nothing new.
    let report = of(vec![bad(), unseen("gpu.driver"), bad()]);
    assert_eq!(told(&report), BTreeSet::new());
    assert_eq!(report.still[0].since, "2026-11-23T02:00:00Z");
    let report = of(vec![vec![said("n1", &[])], unseen("gpu.driver"), bad()]);
    assert_eq!(told(&report), ["fixed gpu.driver pass n1".into()].into());
    // What never was looked at is not told to have passed.
    let report = of(vec![bad(), unseen("gpu.driver")]);
    assert_eq!(report.new[0].was, None);
}

#[test]
fn what_earlier_versions_kept_calls_nothing_fixed() {
    let mut old = said("n1", &[]);
    (old.whole, old.run) = (false, None);
    let report = of(vec![vec![old], vec![said("n1", &["ns.user"])]]);
    assert!(report.fixed.is_empty());
    assert_eq!(report.not_checked[0].what, "ns.user on n1");
}

/// Nodes that reported at a time, of which one fails.
pub fn at(time: &str, nodes: &str, failing: &str) -> Record {
    let mut all = vec![said(nodes, &[])];
    if !failing.is_empty() {
        all.push(said(failing, &["ns.user"]));
    }
    Record {
        at: time.into(),
        ..record(0, all)
    }
}

#[test]
fn a_night_may_begin_earlier_than_the_one_before() {
    // Both lie within 24 hours of the morning.
    let report = asked(vec![
        at("2026-11-25T02:04:20Z", "n[1-8]", ""),
        at("2026-11-24T06:04:50Z", "n[1-9]", "n10"),
    ]);
    assert_eq!((report.lost.set.as_str(), report.reported), ("n[9-10]", 8));
    assert_eq!(report.before_at.as_deref(), Some("2026-11-24T06:04:50Z"));
    // After a weekend, too.
    let report = asked(vec![
        at("2026-11-25T02:00:00Z", "n[1-8]", "n9"),
        at("2026-11-22T02:00:00Z", "n[1-10]", ""),
    ]);
    let expected = ["lost n10", "new ns.user fail n9"].map(str::to_owned);
    assert_eq!(told(&report), expected.into());
}

#[test]
fn results_of_parts_and_of_single_nodes_are_of_one_night() {
    let report = asked(vec![
        at("2026-11-25T02:20:00Z", "n3", ""),
        at("2026-11-25T02:10:00Z", "m[1-8]", ""),
        at("2026-11-25T02:00:00Z", "n[1-2,4-8]", "n3"),
        at("2026-11-24T02:10:00Z", "m[1-8]", ""),
        at("2026-11-24T02:00:00Z", "n[1-8]", ""),
    ]);
    assert_eq!(report.verdict, Verdict::Unchanged);
    assert_eq!(report.reported, 16);
}

#[test]
fn what_is_compared_with_old_results_is_said_to_be() {
    let report = asked(vec![
        at("2026-11-25T02:00:00Z", "n[1-8]", ""),
        at("2026-11-10T02:00:00Z", "n[1-8]", ""),
    ]);
    assert_eq!(report.verdict, Verdict::Unchanged);
    let told = &report.not_checked[0];
    assert_eq!(
        (told.what.as_str(), told.why.as_str()),
        (
            "n[1-8] for 15 days",
            "held against results of 2026-11-10T02:00:00Z"
        )
    );
}

#[test]
fn a_first_night_is_what_others_are_held_against() {
    let report = of(vec![vec![said("n1", &["ns.user", "~net.mtu"])]]);
    assert_eq!(report.verdict, Verdict::First);
    assert!(report.new.is_empty() && report.joined.count == 0);
    assert_eq!(report.still.len(), 2);
}

#[test]
fn broken_and_silent_nodes_stay_in_sight() {
    let night = |age| {
        let mut broken = said("n[5-7]", &["ns.user", "ns.user.limit"]);
        broken.run = Some(doctor::Verdict::No);
        broken.found.push(Found {
            id: "run.podman".into(),
            because: vec!["ns.user".into()],
            fix: Some("(admin) sysctl".into()),
            ..broken.found[0].clone()
        });
        Record {
            silent: vec![Silent {
                on: "n[8-9]".into(),
                why: "no route to the node".into(),
            }],
            ..record(age, vec![said("n[1-4]", &[]), broken])
        }
    };
    let report = asked((0..4).map(night).collect());
    assert_eq!(report.verdict, Verdict::Unchanged);
    let broken = &report.broken[0];
    assert_eq!(broken.nodes.set, "n[5-7]");
    assert_eq!(broken.because, ["ns.user.limit"]);
    assert_eq!(broken.fix.as_deref(), Some("(admin) sysctl"));
    assert_eq!(
        (broken.new, broken.since.as_str()),
        (false, "2026-11-22T02:00:00Z")
    );
    let away = &report.away[0];
    assert_eq!((away.nodes.set.as_str(), away.new), ("n[8-9]", false));
    assert_eq!(away.since, "2026-11-22T02:00:00Z");
    assert_eq!(away.why, "no route to the node");
    let run = report.containers;
    assert_eq!((run.yes, run.no, run.missing), (4, 3, 2));
}

#[test]
fn a_node_that_comes_back_is_told_and_one_that_alternates_flaps() {
    let night = |age: usize, here: bool| {
        let nodes = if here { "n[1-4]" } else { "n[1-3]" };
        record(age, vec![said(nodes, &[])])
    };
    let back = asked(vec![night(0, true), night(1, false), night(2, true)]);
    assert_eq!(back.returned.set, "n4");
    assert_eq!(back.verdict, Verdict::Changed);
    for here in [true, false] {
        let nights = (0..5).map(|age: usize| night(age, age.is_multiple_of(2) == here));
        let report = asked(nights.collect());
        assert_eq!(report.returned.count, 0);
        // One that is lost again is lost all the same.
        if here {
            let flapping = &report.flapping[0];
            assert_eq!(
                (flapping.id.as_str(), flapping.on.set.as_str()),
                (NODES, "n4")
            );
            assert_eq!((report.lost.count, report.away.len()), (0, 0));
            assert_eq!(report.verdict, Verdict::Changed);
        } else {
            assert_eq!(report.lost.set, "n4");
            assert!(report.away[0].new && report.away[0].why.contains("again"));
            assert_eq!(report.verdict, Verdict::Worse);
        }
    }
}

#[test]
fn names_long_and_short_are_of_one_node() {
    let report = of(vec![
        vec![said("n[1-4]", &[])],
        vec![said("n[1-4].site.example", &["ns.user"])],
    ]);
    assert_eq!(
        (report.lost.count, report.joined.count, report.reported),
        (0, 0, 4)
    );
    assert_eq!(report.fixed[0].on.set, "n[1-4]");
}

#[test]
fn damage_of_the_history_is_told_and_no_node_is_blamed() {
    let report = nightly(&Asked {
        unread: vec![NotChecked::of(
            "history.log",
            "1 record of it cannot be read",
        )],
        ..on_the_25th(vec![record(1, vec![said("n[1-9]", &[])])])
    });
    assert_eq!(report.verdict, Verdict::Nothing);
    assert_eq!(report.not_checked[0].what, "history.log");
    assert!(report.away[0].why.contains("damaged"), "{:?}", report.away);
    assert_eq!(report.last_at.as_deref(), Some("2026-11-24T02:00:00Z"));
}

#[test]
fn nodes_that_are_retired_are_not_missed() {
    let records = vec![
        record(0, vec![said("n[1-3]", &[])]),
        record(1, vec![said("n[1-6]", &[])]),
    ];
    let report = nightly(&Asked {
        retired: NodeSet::parse("n[1,4-5]").unwrap(),
        ..on_the_25th(records)
    });
    // One that reports all the same is counted.
    assert_eq!((report.reported, report.lost.set.as_str()), (3, "n6"));
}

#[test]
fn what_comes_and_goes_is_worse_when_it_fails_and_new_when_it_stays() {
    // Every other night, and for good from the 22nd on.
    let night = |day: usize| match day.is_multiple_of(2) || day >= 22 {
        true => vec![said("n1", &["net.dns"])],
        false => vec![said("n1", &[])],
    };
    for (day, expected, verdict) in [
        (18, "flapping net.dns fail n1", Verdict::Worse),
        (19, "flapping net.dns pass n1", Verdict::Changed),
        (22, "flapping net.dns fail n1", Verdict::Worse),
        (23, "new net.dns fail n1", Verdict::Worse),
        (24, "", Verdict::Unchanged),
        (25, "", Verdict::Unchanged),
    ] {
        let nights = (10..=day).rev().map(|day| record(25 - day, night(day)));
        let end = format!("2026-11-{day}T06:00:00Z");
        let report = nightly(&until(&end, nights.collect()));
        let expected: Vec<String> = expected.lines().map(str::to_owned).collect();
        assert_eq!(told(&report), BTreeSet::from_iter(expected), "{day}");
        assert_eq!(report.verdict, verdict, "{day}");
        if let Some(new) = report.new.first() {
            assert_eq!(new.since, "2026-11-22T02:00:00Z");
        }
    }
    // What only warns now and then wakes nobody.
    let night = |age: usize| match age.is_multiple_of(2) {
        true => vec![said("n1", &["~net.mtu"])],
        false => vec![said("n1", &[])],
    };
    assert_eq!(of((0..6).map(night).collect()).verdict, Verdict::Changed);
}

#[test]
fn what_is_better_and_does_not_pass_is_told_by_its_text_of_now() {
    let report = of(vec![
        vec![said("n1", &["~lim.keys"])],
        vec![said("n1", &["lim.keys"])],
    ]);
    assert_eq!(told(&report), ["eased lim.keys warn n1".into()].into());
    assert!(report.fixed.is_empty());
    assert_eq!(
        report.eased[0].text,
        "~lim.keys is broken".trim_start_matches('~')
    );
    assert_eq!(report.verdict, Verdict::Changed);
}

#[test]
fn checks_that_passed_and_are_left_out_are_told() {
    let fast = |name: &str| {
        let mut said = said(name, &[]);
        said.left_out = ["net.tun", "net.pasta"].map(str::to_owned).to_vec();
        said.skipped = said.left_out.clone();
        // What does not apply is nobody's loss.
        said.skipped.push("gpu.driver".into());
        said
    };
    let report = of(vec![vec![fast("n[1-2]")], vec![said("n[1-2]", &[])]]);
    let told = &report.not_checked[0];
    assert_eq!(
        (told.what.as_str(), told.why.as_str()),
        (
            "net.pasta, net.tun on n[1-2]",
            "passed, and was not looked at this night"
        )
    );
    assert_eq!(report.not_checked.len(), 1);
}

#[test]
fn a_waiver_whose_last_day_is_over_has_lapsed() {
    let waivers = [waiver("W-1", "2026-11-24"), waiver("W-2", "2026-11-25")];
    let report = asked(vec![gated("2026-11-25", "oci:a", &waivers)]);
    let lapsed: Vec<bool> = report.waivers.iter().map(|one| one.lapsed).collect();
    assert_eq!(lapsed, [true, false]);
}

#[test]
fn another_kernel_is_told_once() {
    let night = |age: usize, kernels: &[(&str, &str)]| Record {
        kernels: kernels
            .iter()
            .map(|(on, release)| hpcctl_model::history::Kernel {
                on: (*on).into(),
                release: (*release).into(),
            })
            .collect(),
        ..record(age, vec![said("n[1-4]", &[])])
    };
    let (old, new) = (("n[1-4]", "6.1.0-28"), ("n[2-3]", "6.1.0-30"));
    let both = [("n[1,4]", "6.1.0-28"), new];
    let report = asked(vec![night(0, &both), night(1, &[]), night(2, &[old])]);
    let told: Vec<(&str, &str, &str)> = report
        .kernels
        .iter()
        .map(|one| (one.nodes.set.as_str(), one.was.as_str(), one.is.as_str()))
        .collect();
    assert_eq!(told, [("n[2-3]", "6.1.0-28", "6.1.0-30")]);
    assert_eq!(report.verdict, Verdict::Changed);
    let report = asked(vec![night(0, &both), night(1, &both), night(2, &[old])]);
    assert_eq!(
        (report.kernels.len(), report.verdict),
        (0, Verdict::Unchanged)
    );
}

#[test]
fn a_night_in_which_nothing_reports_blames_those_that_were_there() {
    for days in [1, 3] {
        let report = asked(vec![
            record(days, vec![said("n[1-3]", &[])]),
            record(days + 1, vec![said("n[1-4]", &[])]),
        ]);
        assert_eq!(report.verdict, Verdict::Nothing);
        assert_eq!(report.lost.set, "n[1-3]", "{days}");
        let away: Vec<(&str, bool)> = report
            .away
            .iter()
            .map(|one| (one.nodes.set.as_str(), one.new))
            .collect();
        assert_eq!(away, [("n[1-3]", true), ("n4", false)], "{days}");
    }
}

#[test]
fn what_is_examined_again_in_a_morning_is_held_against_the_night_before() {
    let night = |failing: &str| at("2026-11-24T02:00:00Z", "n[1-8]", failing);
    let first = || at("2026-11-25T02:00:00Z", "n[1-8]", "n9");
    for (again, before, expected, verdict) in [
        ("n9", "", Some("new ns.user fail n9"), Verdict::Worse),
        ("n9", "n9", None, Verdict::Unchanged),
        ("", "n9", Some("fixed ns.user pass n9"), Verdict::Changed),
    ] {
        let whole = |failing: &str, mut record: Record| {
            if failing.is_empty() {
                record.said.push(said("n9", &[]));
            }
            record
        };
        let again = whole(again, at("2026-11-25T05:00:00Z", "n[1-8]", again));
        let report = asked(vec![again, first(), whole(before, night(before))]);
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(told(&report), BTreeSet::from_iter(expected));
        assert_eq!(report.verdict, verdict);
        assert_eq!(report.before_at.as_deref(), Some("2026-11-24T02:00:00Z"));
    }
}
