//! Images that are refused: what is new, and what is fixed, behind a verdict that is as it was.

use super::tests::{asked, refused};
use super::*;

/// What is told as new and as fixed: its text, and since when.
fn told(report: &Nightly) -> Vec<(&str, &str, &str)> {
    let lists = [("new", &report.new), ("fixed", &report.fixed)];
    let items = lists.into_iter().flat_map(|(what, items)| {
        let items = items.iter();
        items.map(move |item| (what, item.text.as_str(), &item.since[..10]))
    });
    items.collect()
}

#[test]
fn what_is_new_behind_a_bad_verdict_is_a_change() {
    let (old, new) = ("2026-11-24", "2026-11-25");
    for (now, before, expected, verdict) in [
        (&["a"][..], &["a"][..], &[][..], Verdict::Unchanged),
        (
            &["a", "b", "c"],
            &["a"],
            &[("new", "b", new), ("new", "c", new)],
            Verdict::Worse,
        ),
        (
            &["a"],
            &["a", "b"],
            &[("fixed", "b", old)],
            Verdict::Changed,
        ),
        (
            &["a", "c"],
            &["a", "b"],
            &[("new", "c", new), ("fixed", "b", old)],
            Verdict::Worse,
        ),
    ] {
        let report = asked(refused(now, before));
        assert_eq!(told(&report), expected, "{now:?} after {before:?}");
        assert_eq!(report.verdict, verdict, "{now:?} after {before:?}");
        // The rule refuses it, as it did.
        let still = &report.still[0];
        assert_eq!((still.id.as_str(), still.part), ("license.terms", false));
        assert!(report.new.iter().all(|item| item.part));
    }
}

#[test]
fn what_is_gone_was_there_since_it_was_first_seen() {
    let mut nights = refused(&["a"], &["a", "b"]);
    for (day, parts) in [("23", &["a", "b"][..]), ("22", &["a"])] {
        let mut earlier = refused(parts, &[]).remove(0);
        earlier.at = format!("2026-11-{day}T02:00:00Z");
        nights.push(earlier);
    }
    let report = asked(nights);
    assert_eq!(told(&report), [("fixed", "b", "2026-11-23")]);
    assert_eq!(report.still[0].since, "2026-11-22T02:00:00Z");
}

#[test]
fn of_many_that_are_new_some_are_named() {
    let many: Vec<String> = (10..30).map(|n| format!("f{n}")).collect();
    let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
    many.insert(0, "a");
    let report = asked(refused(&many, &["a"]));
    assert_eq!(report.new.len(), 9);
    let rest = report
        .new
        .iter()
        .filter(|item| item.text == "12 more findings");
    assert_eq!(rest.count(), 1, "{:?}", report.new);
    // On two images it is one, with both.
    let mut nights = refused(&["a", "b"], &["a"]);
    for night in &mut nights {
        let mut other = night.said[0].clone();
        other.on = "oci:b".into();
        night.said.push(other);
    }
    let report = asked(nights);
    assert_eq!(report.new.len(), 1);
    assert_eq!(report.new[0].on.set, "oci:a,oci:b");
}
