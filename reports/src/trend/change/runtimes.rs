//! Runtimes that run no container, that vanish, and that come back.

use hpcctl_model::doctor;
use hpcctl_model::history::Said;

use super::tests::{of, said, told};
use super::*;
use crate::runtime::{NONE, NONE_OF_SOME};

/// A node on which podman runs, as the whole or not at all.
fn with(runtime: Option<&str>) -> Vec<Said> {
    let mut said = said("n02", &[]);
    match runtime {
        Some(runtime) => said.judged.push(runtime.into()),
        None => said.lacking.push("podman".into()),
    }
    vec![said]
}

#[test]
fn a_runtime_that_disappears_is_new_and_one_that_never_was_is_not() {
    let report = of(vec![with(None), with(Some("podman"))]);
    assert_eq!(report.verdict, Verdict::Worse);
    let found = &report.new[0];
    assert_eq!(
        (found.id.as_str(), found.status),
        ("run.podman", Status::Fail)
    );
    assert_eq!(found.text, "podman is not installed (was: runs)");
    let gone = &report.broken[0];
    assert_eq!((gone.gone.as_deref(), gone.new), (Some("podman"), true));
    let next = of(vec![with(None), with(None), with(Some("podman"))]);
    assert_eq!(next.verdict, Verdict::Unchanged);
    assert_eq!(next.still[0].since, "2026-11-24T02:00:00Z");
    assert!(!next.broken[0].new);
    let mut failed = with(Some("podman"));
    failed[0].found = said("n02", &["run.podman"]).found;
    let report = of(vec![with(None), failed]);
    assert_eq!(report.verdict, Verdict::Worse);
    let gone = &report.broken[0];
    assert_eq!(
        (gone.new, gone.since.as_str()),
        (true, "2026-11-25T02:00:00Z")
    );
    let back = of(vec![with(Some("podman")), with(None), with(Some("podman"))]);
    assert_eq!(told(&back), ["fixed run.podman pass n02".into()].into());
    assert_eq!(told(&of(vec![with(None), with(None)])), BTreeSet::new());
    // One that was not asked for this time is not gone.
    assert_eq!(
        told(&of(vec![with(Some("builtin")), with(Some("podman"))])),
        BTreeSet::new()
    );
}

/// A node with podman and Charliecloud, of which these run no container.
fn failing(runtimes: &[&str]) -> Vec<Said> {
    let ids: Vec<String> = runtimes.iter().map(|name| format!("run.{name}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut said = said("n1", &ids);
    said.judged = ["builtin", "charliecloud", "podman"]
        .map(str::to_owned)
        .to_vec();
    let fails = runtimes.iter().any(|name| *name != "builtin");
    said.run = fails.then_some(doctor::Verdict::No).or(said.run);
    vec![said]
}

#[test]
fn it_is_told_which_runtime_does_not_run() {
    let (one, both) = (
        &["charliecloud", "builtin"][..],
        &["charliecloud", "podman"][..],
    );
    for (now, before, expected) in [
        (one, &[][..], Some((true, &["charliecloud"][..], false))),
        (both, &[], Some((true, both, true))),
        // The other one broke as well.
        (both, one, Some((true, &["podman"], true))),
        (one, one, Some((false, &["charliecloud"], false))),
        (&["builtin"], &[], None),
    ] {
        let report = of(vec![failing(now), failing(before)]);
        let told = report.broken.first();
        let told = told.map(|one| (one.new, one.runtimes.iter().map(String::as_str), one.all));
        let told = told.map(|(new, names, all)| (new, names.collect::<Vec<_>>(), all));
        let expected = expected.map(|(new, names, all)| (new, names.to_vec(), all));
        assert_eq!(told, expected, "{now:?} after {before:?}");
        let counts = report.containers;
        let all = u64::from(expected.as_ref().is_some_and(|told| told.2));
        assert_eq!(
            (counts.no, counts.partly),
            (all, u64::from(expected.is_some()) - all)
        );
    }
}

/// Whether what is told of runtimes is new, and whether they ran before.
fn news(report: &Nightly) -> Option<(bool, bool)> {
    let broken = report.broken.iter().find(|one| one.gone.is_none())?;
    Some((broken.new, broken.ran))
}

#[test]
fn what_never_ran_does_not_run_and_what_did_no_longer_does() {
    let good = || said("n1", &[]);
    let broken = |on: &str| {
        let mut node = failing(&["podman"]).remove(0);
        node.on = on.into();
        node
    };
    let gone = || {
        let mut node = said("n2", &[]);
        node.judged = vec!["builtin".into()];
        node.lacking = vec!["podman".into()];
        vec![good(), node]
    };
    let before = || {
        let mut node = failing(&[]).remove(0);
        node.on = "n2".into();
        vec![good(), node]
    };
    let report = of(vec![vec![good(), broken("n2")], before()]);
    assert_eq!(news(&report), Some((true, true)));
    let report = of(vec![vec![good(), broken("n2")], vec![good()]]);
    assert_eq!(news(&report), Some((true, false)), "it joined");
    assert_eq!(report.verdict, Verdict::Worse);
    // Installed again, as broken as it was.
    let report = of(vec![
        vec![good(), broken("n2")],
        gone(),
        vec![good(), broken("n2")],
    ]);
    assert_eq!(news(&report), Some((false, false)));
    assert_eq!(report.verdict, Verdict::Unchanged);
}

#[test]
fn a_runtime_that_was_not_asked_for_breaks_no_other() {
    let mut other = failing(&["podman"]);
    other[0].judged = vec!["podman".into()];
    let report = of(vec![other, failing(&["podman"])]);
    assert_eq!(news(&report), Some((false, false)));
    let what = &report.not_checked[0].what;
    assert_eq!(what, "run.builtin, run.charliecloud on n1");
    assert_eq!(report.verdict, Verdict::Unchanged);
}

#[test]
fn where_some_runtimes_were_left_out_no_more_is_told_than_is_known() {
    let told = |left_out: &str| {
        let mut node = said("n1", &[]);
        node.judged = vec!["builtin".into()];
        node.lacking = vec!["podman".into()];
        node.left_out = vec![left_out.into()];
        of(vec![vec![node]]).broken[0].text.clone()
    };
    assert_eq!(told("net.mtu"), NONE);
    assert_eq!(told("runtime.builtin.installed"), NONE);
    assert_eq!(told("runtime.sarus.installed"), NONE_OF_SOME);
}

#[test]
fn a_runtime_that_comes_is_told() {
    // It was never there, as far as the history knows.
    let report = of(vec![with(Some("podman")), with(None)]);
    assert_eq!(told(&report), ["fixed run.podman pass n02".into()].into());
    assert_eq!(report.fixed[0].text, "podman is not installed");
    assert_eq!(report.verdict, Verdict::Changed);
    let next = of(vec![with(Some("podman")), with(Some("podman")), with(None)]);
    assert_eq!(next.verdict, Verdict::Unchanged);
    // It comes, and does not run.
    let mut broken = with(Some("podman"));
    broken[0].found = said("n02", &["run.podman"]).found;
    let report = of(vec![broken, with(None)]);
    assert_eq!(told(&report), ["new run.podman fail n02".into()].into());
}

#[test]
fn a_node_on_which_no_runtime_is_left_runs_no_container() {
    let node = |name: &str, there: &[&str]| {
        let all = ["charliecloud", "podman"].map(str::to_owned);
        let (judged, lacking) = all
            .into_iter()
            .partition(|name| there.contains(&name.as_str()));
        let mut node = Said {
            judged,
            lacking,
            ..said(name, &[])
        };
        node.judged.push("builtin".into());
        node
    };
    let both = &["charliecloud", "podman"][..];
    let night = |first: &[&str], second: &[&str]| vec![node("n1", first), node("n2", second)];
    let report = of(vec![night(&[], &["podman"]), night(both, both)]);
    let run = report.containers;
    assert_eq!((run.yes, run.no), (1, 1));
    let told: Vec<(&str, bool, Option<&str>)> = report
        .broken
        .iter()
        .map(|one| (one.nodes.set.as_str(), one.all, one.gone.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("n1", true, Some("charliecloud, podman")),
            ("n2", false, Some("charliecloud")),
        ]
    );
    // They went one after the other: none has been left since the last one went.
    let report = of(vec![
        night(&[], both),
        night(&[], both),
        night(&["podman"], both),
        night(both, both),
    ]);
    let left = &report.broken[0];
    assert_eq!((left.new, left.all), (false, true));
    assert_eq!(left.since, "2026-11-24T02:00:00Z");
    // Where none ever was none is missed, and no container runs all the same: the launcher of hpcctl is none
    // for users.
    let report = of(vec![night(&[], &[]), night(&[], &[])]);
    assert_eq!((report.containers.yes, report.containers.no), (0, 2));
    assert_eq!(report.verdict, Verdict::Unchanged);
    let bare = &report.broken[0];
    assert_eq!(
        (bare.nodes.set.as_str(), bare.new, bare.all),
        ("n[1-2]", false, true)
    );
    assert_eq!(bare.text, "no runtime of containers is installed");
    assert!(bare.or_before);
}

/// A node with podman, which runs, does not run or may not because of these checks.
fn because(status: Status, checks: &[&str]) -> Vec<Said> {
    let mut node = said("n1", if status == Status::Fail { checks } else { &[] });
    node.judged.push("podman".into());
    if status == Status::Pass {
        return vec![node];
    }
    node.run = Some(match status {
        Status::Fail => doctor::Verdict::No,
        _ => doctor::Verdict::Unknown,
    });
    let text = format!("because of {}", checks.join(", "));
    node.found.push(Found {
        because: checks.iter().map(|id| (*id).to_owned()).collect(),
        ..Found::of("run.podman", status, text)
    });
    vec![node]
}

#[test]
fn of_two_causes_one_is_repaired_and_the_other_is_no_news() {
    let fails = |checks: &[&str]| because(Status::Fail, checks);
    let (map, oci) = ("uid.newuidmap", "podman.oci");
    // It came and went for other reasons before.
    let runs = || because(Status::Pass, &[]);
    let earlier = || {
        vec![
            runs(),
            fails(&["ns.user"]),
            runs(),
            fails(&["net.tun"]),
            runs(),
        ]
    };
    let nights = [
        vec![fails(&[oci]), fails(&[map, oci]), fails(&[map])],
        earlier(),
    ]
    .concat();
    let report = of(nights);
    assert_eq!(told(&report), [format!("fixed {map} pass n1")].into());
    assert_eq!(report.verdict, Verdict::Changed);
    let broken = &report.broken[0];
    assert_eq!(
        (broken.new, broken.because.as_slice()),
        (false, &[oci.to_owned()][..])
    );
    assert_eq!(broken.since, "2026-11-24T02:00:00Z");
    let item = report.still.iter().find(|one| one.id == "run.podman");
    assert_eq!(item.unwrap().since, "2026-11-24T02:00:00Z");
}

#[test]
fn what_fails_of_another_cause_has_not_failed_before() {
    let unknown = || because(Status::Unknown, &["env.user"]);
    let runs = || because(Status::Pass, &[]);
    let mut gone = said("n1", &[]);
    gone.lacking.push("podman".into());
    let gone = || vec![gone.clone()];
    let report = of(vec![gone(), runs(), unknown(), runs(), unknown(), runs()]);
    assert_eq!(told(&report), ["new run.podman fail n1".into()].into());
    // As often as that, of the same cause, it flaps.
    let report = of(vec![gone(), runs(), gone(), runs(), gone(), runs()]);
    assert_eq!(told(&report), ["flapping run.podman fail n1".into()].into());
}

#[test]
fn a_runtime_that_is_there_again_is_no_worse_than_one_that_is_gone() {
    let mut gone = said("n1", &[]);
    gone.lacking.push("podman".into());
    let gone = || vec![gone.clone()];
    let back = because(Status::Unknown, &["podman.pause"]);
    let report = of(vec![back, gone(), gone(), because(Status::Pass, &[])]);
    assert_eq!(told(&report), ["eased run.podman unknown n1".into()].into());
    let item = &report.eased[0];
    assert_eq!(item.text, "podman is there again; because of podman.pause");
    assert_eq!(
        (item.was, item.since.as_str()),
        (Some(Status::Fail), "2026-11-25T02:00:00Z")
    );
    assert_eq!(report.verdict, Verdict::Changed);
}

#[test]
fn a_runtime_that_may_not_be_started_is_not_said_to_be_missing() {
    let text = "/usr/bin/podman may not be executed (mode 0700)";
    let mut refused = said("n1", &["runtime.podman.installed"]);
    refused.found[0].text = text.into();
    refused.lacking.push("podman".into());
    let report = of(vec![vec![refused], because(Status::Pass, &[])]);
    assert_eq!(report.broken[0].text, text);
    let run = report
        .new
        .iter()
        .find(|one| one.id == "run.podman")
        .unwrap();
    assert_eq!(run.text, format!("{text} (was: runs)"));
    assert_eq!(run.follows.as_deref(), Some("runtime.podman.installed"));
}

#[test]
fn where_the_history_begins_nothing_is_known_of_before() {
    let fails = || because(Status::Fail, &["ns.user"]);
    let report = of(vec![fails(), fails()]);
    let all = report.still.iter().all(|one| one.or_before);
    assert!(all && report.broken[0].or_before, "{report:?}");
    let report = of(vec![fails(), fails(), because(Status::Pass, &[])]);
    let some = report.still.iter().any(|one| one.or_before);
    assert!(!some && !report.broken[0].or_before, "{report:?}");
}
