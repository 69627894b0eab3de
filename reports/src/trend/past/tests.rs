use hpcctl_model::doctor;
use hpcctl_model::history::Silent;
use hpcctl_model::nightly::{Nightly, Verdict};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::fleet::NodeSet;
use crate::trend::Runs;
use crate::trend::change::tests::{gated, record, said, waiver};
use crate::trend::{Asked, Figures, nightly};

/// The time of a night; they are counted from the first of August on.
fn time(night: i64, hour: i64) -> Timestamp {
    let first: Timestamp = "2026-08-01T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * night + hour)
}

fn of(night: i64, said: Vec<Said>) -> Record {
    Record {
        at: time(night, 2).to_string(),
        ..record(0, said)
    }
}

/// What is told in the morning of a night, as `report nightly` has it read.
fn told(records: &[Record], night: i64, retired: &str) -> Nightly {
    let (end, oldest) = (
        time(night, 3),
        time(night, 3) - SignedDuration::from_hours(720),
    );
    let is_before = |one: &&Record| one.at < oldest.to_string();
    let known = records.iter().filter(|one| one.at < end.to_string());
    let (before, after): (Vec<&Record>, Vec<&Record>) = known.partition(is_before);
    let mut past = Past::default();
    before.into_iter().for_each(|one| past.add(one));
    let kinds = Runs::of(after.into_iter().cloned().collect(), end, &mut past);
    nightly(&Asked {
        kinds,
        past,
        figures: Figures::until(end, Vec::new()),
        today: end.strftime("%Y-%m-%d").to_string(),
        lapse: time(night + 14, 3).strftime("%Y-%m-%d").to_string(),
        unread: Vec::new(),
        retired: NodeSet::parse(retired).unwrap_or_default(),
    })
}

/// Sixty nights of four nodes: n1 fails from the fifth on, n2 has no Charliecloud from the sixth on, n4 is gone
/// from the fourth on.
fn nights() -> Vec<Record> {
    let night = |night| {
        let mut first = match night {
            0..5 => said("n1", &[]),
            _ => said("n1", &["fuse.open", "run.podman"]),
        };
        first.judged.push("podman".into());
        first.run = (night >= 5).then_some(doctor::Verdict::No).or(first.run);
        let mut second = said("n2", &[]);
        match night {
            0..6 => second.judged.push("charliecloud".into()),
            _ => second.lacking.push("charliecloud".into()),
        }
        let mut all = vec![first, second, said("n3", &["~net.mtu"])];
        if night < 4 {
            all.push(said("n4", &[]));
        }
        of(night, all)
    };
    (0..60).map(night).collect()
}

#[test]
fn what_lasts_keeps_its_first_night() {
    let nights = nights();
    for night in [7, 18, 29, 34, 35, 36, 37, 45, 59] {
        let report = told(&nights, night, "");
        assert_eq!(report.verdict, Verdict::Unchanged, "{night}");
        let since = |id: &str, on: &str| {
            let mut still = report.still.iter();
            let item = still.find(|one| one.id == id && one.on.set == on).unwrap();
            item.since.clone()
        };
        assert_eq!(since("fuse.open", "n1"), "2026-08-06T02:00:00Z", "{night}");
        let gone = since("run.charliecloud", "n2");
        assert_eq!(gone, "2026-08-07T02:00:00Z", "{night}");
        assert_eq!(since("net.mtu", "n3"), "2026-08-01T02:00:00Z", "{night}");
        let broken: Vec<(&str, &str)> = report
            .broken
            .iter()
            .map(|one| (one.nodes.set.as_str(), one.since.as_str()))
            .collect();
        let expected = [
            ("n1", "2026-08-06T02:00:00Z"),
            ("n2", "2026-08-07T02:00:00Z"),
        ];
        for one in expected {
            assert!(broken.contains(&one), "{night}: {broken:?}");
        }
        let away = &report.away[0];
        assert_eq!(
            (away.nodes.set.as_str(), away.since.as_str(), away.new),
            ("n4", "2026-08-05T02:00:00Z", false),
            "{night}"
        );
        assert_eq!(told(&nights, night, "n4").away, []);
    }
}

#[test]
fn a_node_that_comes_back_after_months_has_not_joined() {
    let mut nights = nights();
    nights[59].said.extend([said("n4", &[]), said("n5", &[])]);
    let report = told(&nights, 59, "n4");
    assert_eq!(report.returned.set, "n4");
    assert_eq!(report.joined.set, "n5");
    assert_eq!(report.retired.set, "n4", "it reports all the same");
    assert_eq!(report.away, []);
}

#[test]
fn names_long_and_short_are_of_one_node_before_too() {
    for (then, now) in [("n1", "n1.site.example"), ("n1.site.example", "n1")] {
        let names = |night| if night < 10 { then } else { now };
        let night = |night| of(night, vec![said(names(night), &["ns.user"])]);
        let nights: Vec<Record> = (0..60).map(night).collect();
        let report = told(&nights, 59, "");
        assert_eq!(report.away, [], "{then}");
        assert_eq!(report.still[0].since, "2026-08-01T02:00:00Z", "{then}");
    }
}

#[test]
fn what_is_added_late_changes_nothing_of_what_was_later() {
    let mut nights = nights();
    let late = of(3, vec![said("n1", &["ns.user"])]);
    nights.push(late);
    let report = told(&nights, 59, "");
    let still = report.still.iter().find(|one| one.id == "fuse.open");
    assert_eq!(still.unwrap().since, "2026-08-06T02:00:00Z");
}

#[test]
fn a_node_that_never_reported_and_is_not_asked_for_any_more_is_not_told() {
    let silent = |night, on: &str| Record {
        silent: vec![Silent {
            on: on.into(),
            why: "no route".into(),
        }],
        ..of(night, vec![said("n1", &[])])
    };
    let mut nights: Vec<Record> = (0..50).map(|night| silent(night, "n[2-3]")).collect();
    let report = told(&nights, 49, "");
    let away = &report.away[0];
    assert_eq!((away.nodes.set.as_str(), away.new), ("n[2-3]", false));
    assert_eq!(away.since, "2026-08-01T02:00:00Z");
    nights.push(silent(50, "n3"));
    let report = told(&nights, 50, "");
    assert_eq!(report.away[0].nodes.set, "n3");
    assert_eq!(report.away.len(), 1);
}

#[test]
fn a_night_without_results_says_when_the_last_were() {
    let nights = nights();
    for morning in [62, 400] {
        let report = told(&nights, morning, "");
        assert_eq!(report.verdict, Verdict::Nothing);
        let last = Some("2026-09-29T02:00:00Z");
        assert_eq!(report.before_at.as_deref(), last, "{morning}");
        assert_eq!(report.last_at.as_deref(), last, "{morning}");
        assert!(report.away.iter().any(|away| away.nodes.set.contains("n4")));
    }
    // What is too old is compared with nothing.
    let mut nights = nights;
    nights.push(of(130, vec![said("n1", &["ns.user"])]));
    let report = told(&nights, 130, "");
    assert_eq!(report.verdict, Verdict::First);
    assert_eq!(report.before_at.as_deref(), Some("2026-09-29T02:00:00Z"));
}

#[test]
fn a_waiver_of_a_decision_of_months_ago_is_told_before_it_lapses() {
    let mut nights = nights();
    // The last day is that of the 59th night.
    let waivers = [waiver("W-1", "2026-09-29")];
    nights.insert(1, gated("2026-08-01", "oci:a", &waivers));
    for (night, expected) in [
        (44, &[][..]),
        (45, &[("W-1", false)]),
        (59, &[("W-1", false)]),
    ] {
        let waivers = told(&nights, night, "").waivers;
        let waivers: Vec<(&str, bool)> = waivers
            .iter()
            .map(|one| (one.id.as_str(), one.lapsed))
            .collect();
        assert_eq!(waivers, expected, "{night}");
    }
    // The next decision goes by none.
    nights.push(gated("2026-09-10", "oci:a", &[]));
    assert_eq!(told(&nights, 59, "").waivers, []);
}
