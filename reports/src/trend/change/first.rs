//! First nights, of kinds of report, of nodes and of checks, and what is added to a night.

use hpcctl_model::history::Record;

use super::nights::at;
use super::tests::{asked, of, record, said};
use super::*;

/// What is told as found for the first time, and as new.
fn found(report: &Nightly) -> Vec<(&str, &str)> {
    let first = report.still.iter().filter(|item| item.first);
    let first = first.map(|item| ("first", item.on.set.as_str()));
    let new = report.new.iter().map(|item| ("new", item.on.set.as_str()));
    first.chain(new).collect()
}

#[test]
fn what_was_never_looked_at_is_no_news_where_others_have_it_or_it_only_warns() {
    let usual = || said("n[1-4]", &["~net.mtu", "gpu.driver"]);
    for (joining, expected, verdict) in [
        // As the others.
        (&["~net.mtu", "gpu.driver"][..], &[][..], Verdict::Changed),
        (&["~fuse.open"], &[("first", "n5")], Verdict::Changed),
        // The others do not fail that.
        (&["ns.user"], &[("new", "n5")], Verdict::Worse),
    ] {
        let report = of(vec![vec![usual(), said("n5", joining)], vec![usual()]]);
        assert_eq!(
            (found(&report), report.verdict),
            (expected.to_vec(), verdict),
            "{joining:?}"
        );
        assert_eq!(report.joined.set, "n5");
        // A node on which it was not looked at before.
        let mut unseen = said("n5", &[]);
        unseen.skipped = joining
            .iter()
            .map(|id| id.trim_start_matches('~').to_owned())
            .collect();
        let report = of(vec![
            vec![usual(), said("n5", joining)],
            vec![usual(), unseen],
        ]);
        assert_eq!(found(&report), expected, "{joining:?}");
    }
    // A check that nobody looked at before, such as after an update.
    let before = || {
        let mut before = said("n[1-4]", &[]);
        before.skipped = vec!["net.mtu".into()];
        vec![before]
    };
    let report = of(vec![vec![said("n[1-4]", &["~net.mtu"])], before()]);
    assert_eq!(found(&report), [("first", "n[1-4]")]);
    assert_eq!(report.verdict, Verdict::Changed);
}

#[test]
fn each_kind_of_report_has_its_own_first_night() {
    let mut image = said("oci:a", &["~scan.verdict"]);
    image.image = true;
    let scan = |age| Record {
        kind: "scan".into(),
        ..record(age, vec![image.clone()])
    };
    let nodes = |age, failed: &[&str]| record(age, vec![said("n[1-9]", failed)]);
    let report = asked(vec![nodes(0, &["ns.user"]), scan(1)]);
    assert_eq!(
        (report.verdict, found(&report)),
        (Verdict::First, vec![("first", "n[1-9]")])
    );
    let skipped = &report.not_checked[0];
    assert_eq!(skipped.what, "oci:a");
    assert_eq!(
        skipped.why,
        "not scanned this night, last 2026-11-24T02:00:00Z"
    );
    // Beside what can be compared it is told.
    let report = asked(vec![nodes(0, &["ns.user"]), scan(0), scan(1)]);
    assert_eq!(
        (report.verdict, found(&report)),
        (Verdict::Changed, vec![("first", "n[1-9]")])
    );
    assert_eq!((report.reported, report.images), (10, 1));
    let mut broken = said("n3", &["run.podman"]);
    broken.run = Some(hpcctl_model::doctor::Verdict::No);
    let report = asked(vec![record(0, vec![broken]), scan(0), scan(1)]);
    assert!(report.broken[0].first && !report.broken[0].new);
    assert_eq!(report.verdict, Verdict::Changed);
    // A node alone and many of them are the same kind.
    let alone = Record {
        kind: "doctor".into(),
        ..record(1, vec![said("n1", &[])])
    };
    let report = asked(vec![record(0, vec![said("n1", &["ns.user"])]), alone]);
    assert_eq!(
        (report.verdict, found(&report)),
        (Verdict::Worse, vec![("new", "n1")])
    );
}

#[test]
fn a_decision_that_is_known_twice_is_one() {
    let at = |time: &str, id: &str| {
        let mut image = said("oci:a", &[id]);
        image.image = true;
        Record {
            at: time.into(),
            kind: "gate".into(),
            ..record(0, vec![image])
        }
    };
    let (log, report) = ("2026-11-25T02:00:00Z", "2026-11-25T02:00:08Z");
    let once = asked(vec![at(report, "license.terms"), at(log, "license.terms")]);
    assert_eq!(once.verdict, Verdict::First);
    // Another decision is another one.
    let twice = asked(vec![at(report, "license.terms"), at(log, "image.size")]);
    assert_eq!(found(&twice), [("new", "oci:a")]);
}

#[test]
fn what_is_added_to_a_night_belongs_to_it() {
    let first = |more: &str, time: &str| {
        asked(vec![
            at(time, more, ""),
            at("2026-11-25T02:00:00Z", "n[3-24]", "n3"),
        ])
    };
    // Nodes that were missing, and one that was examined again; late in the day, too.
    for (more, time) in [
        ("n[1-2]", "2026-11-25T04:00:00Z"),
        ("n[1-4]", "2026-11-25T05:59:00Z"),
    ] {
        let report = first(more, time);
        assert_eq!(
            (report.verdict, report.reported),
            (Verdict::First, 24),
            "{more}"
        );
        assert_eq!(report.joined.count + report.returned.count, 0);
    }
    let all = asked(vec![
        at("2026-11-25T05:00:00Z", "n[2-24]", "n1"),
        at("2026-11-25T02:00:00Z", "n[1-24]", ""),
    ]);
    // All of them again are a run of their own.
    assert_eq!(found(&all), [("new", "n1")]);
}
