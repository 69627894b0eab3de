use hpcctl_model::doctor;
use hpcctl_model::history::{Figure, Part, Record, Said, Waiver};
use jiff::Timestamp;

use super::*;
use crate::fleet::NodeSet;

pub fn said(on: &str, failed: &[&str]) -> Said {
    let found = failed.iter().map(|id| {
        let (id, status) = match id.strip_prefix('~') {
            Some(id) => (id, Status::Warn),
            None => (*id, Status::Fail),
        };
        Found::of(id, status, format!("{id} is broken"))
    });
    Said {
        on: on.into(),
        found: found.collect(),
        whole: true,
        run: Some(doctor::Verdict::Yes),
        ..Said::default()
    }
}

/// A record of a night; the nights count back from the 25th.
pub fn record(night: usize, said: Vec<Said>) -> Record {
    Record {
        at: format!("2026-11-{:02}T02:00:00Z", 25 - night),
        kind: "fleet".into(),
        source: String::new(),
        user: None,
        said,
        silent: Vec::new(),
        kernels: Vec::new(),
        not_checked: Vec::new(),
        waivers: Vec::new(),
        figures: Vec::new(),
    }
}

/// What is told on the morning of the 25th.
pub fn asked(records: Vec<Record>) -> Nightly {
    nightly(&on_the_25th(records))
}

/// What a report on the morning of the 25th is made from.
pub fn on_the_25th(records: Vec<Record>) -> Asked {
    until("2026-11-25T06:00:00Z", records)
}

/// What a report of a night that ends then is made from.
pub fn until(end: &str, mut records: Vec<Record>) -> Asked {
    let end: Timestamp = end.parse().unwrap();
    let (mut past, mut figures) = (Past::default(), Figures::until(end, Vec::new()));
    records.iter_mut().for_each(|record| figures.add(record));
    Asked {
        kinds: Runs::of(records, end, &mut past),
        past,
        figures,
        today: end.strftime("%Y-%m-%d").to_string(),
        lapse: "2026-12-09".into(),
        unread: Vec::new(),
        retired: NodeSet::default(),
    }
}

pub fn of(nights: Vec<Vec<Said>>) -> Nightly {
    let nights = nights.into_iter().enumerate();
    asked(nights.map(|(n, said)| record(n, said)).collect())
}

/// What is told, a word a node: what it is, the id, the node.
pub fn told(report: &Nightly) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let expand = |set: &str| -> Vec<String> {
        let set = NodeSet::parse(set).unwrap();
        set.names().map(str::to_owned).collect()
    };
    for (what, items) in [
        ("new", &report.new),
        ("fixed", &report.fixed),
        ("eased", &report.eased),
        ("flapping", &report.flapping),
    ] {
        for item in items {
            for node in expand(&item.on.set) {
                let is = item.status.as_str();
                assert!(all.insert(format!("{what} {} {is} {node}", item.id)));
            }
        }
    }
    for (what, set) in [("joined", &report.joined), ("lost", &report.lost)] {
        all.extend(expand(&set.set).iter().map(|node| format!("{what} {node}")));
    }
    let waivers = report.waivers.iter();
    all.extend(waivers.map(|waiver| format!("waiver {}", waiver.id)));
    let series = report.regressions.iter();
    all.extend(series.map(|one| format!("regression {}", one.series)));
    all
}

const IDS: [&str; 4] = ["ns.user", "fuse.open", "~net.mtu", "gpu.driver"];

/// What each of 200 nodes fails in a usual night.
fn usual(n: usize) -> BTreeSet<&'static str> {
    let mut failed = BTreeSet::new();
    if n.is_multiple_of(10) {
        failed.insert("fuse.open");
    }
    if n % 3 == 1 {
        failed.insert("~net.mtu");
    }
    failed
}

fn night(of: impl Fn(usize) -> Option<BTreeSet<&'static str>>) -> Vec<Said> {
    let one = |n| Some(said(&format!("n{n:03}"), &Vec::from_iter(of(n)?)));
    (0..200).filter_map(one).collect()
}

fn figure(series: usize, median: f64) -> Figure {
    Figure {
        series: format!("s{series}"),
        unit: "us".into(),
        less_is_better: true,
        median,
    }
}

/// 37 changes on 200 nodes: 12 new failures, 8 repairs, 3 that got worse, 2 that eased, 4 nodes
/// that are lost, 3 that joined, 2 that flap, 2 waivers, 1 regression.
fn planted() -> BTreeSet<String> {
    let mut all: Vec<String> = Vec::new();
    let mut plant = |what: &str, nodes: &[usize]| {
        all.extend(nodes.iter().map(|n| format!("{what} n{n:03}")));
    };
    plant(
        "new ns.user fail",
        &[21, 41, 61, 81, 101, 121, 141, 161, 181],
    );
    plant("new gpu.driver fail", &[30, 50, 70]);
    plant(
        "fixed fuse.open pass",
        &[20, 40, 60, 80, 100, 120, 140, 160],
    );
    plant("new net.mtu fail", &[4, 7, 13]);
    plant("eased gpu.driver warn", &[16, 19]);
    plant("lost", &[190, 191, 192, 193]);
    plant("joined", &[194, 195, 197]);
    plant("flapping ns.user fail", &[2, 3]);
    all.extend(["waiver W-1", "waiver W-2", "regression s1"].map(str::to_owned));
    let set = BTreeSet::from_iter(all.clone());
    assert_eq!((set.len(), all.len()), (37, 37));
    set
}

/// A night before.
fn before(age: usize) -> Vec<Said> {
    night(|n| {
        let mut failed = usual(n);
        if [16, 19].contains(&n) {
            failed.insert("gpu.driver");
        }
        // Every other night.
        if [2, 3].contains(&n) && age.is_multiple_of(2) {
            failed.insert("ns.user");
        }
        let is_here = ![194, 195, 197].contains(&n);
        is_here.then_some(failed)
    })
}

/// The night with the changes.
fn tonight() -> Vec<Said> {
    night(|n| {
        let mut failed = usual(n);
        if (21..=181).contains(&n) && n % 20 == 1 || [2, 3].contains(&n) {
            failed.insert("ns.user");
        }
        if [30, 50, 70].contains(&n) {
            failed.insert("gpu.driver");
        }
        if (20..=160).contains(&n) && n.is_multiple_of(20) {
            failed.remove("fuse.open");
        }
        if [4, 7, 13].contains(&n) {
            failed.remove("~net.mtu");
            failed.insert("net.mtu");
        }
        if [16, 19].contains(&n) {
            failed.insert("~gpu.driver");
        }
        (!(190..=193).contains(&n)).then_some(failed)
    })
}

/// All nights, with figures and waivers.
pub fn nights() -> Vec<Record> {
    let mut nights = vec![record(0, tonight())];
    nights.extend((1..14).map(|age| record(age, before(age))));
    for (age, record) in nights.iter_mut().enumerate() {
        let worse = if age < 2 { 13.0 } else { 10.0 };
        let spike = if age == 0 { 13.0 } else { 10.0 };
        record.figures = vec![figure(1, worse), figure(2, spike), figure(3, 10.0)];
    }
    nights.push(decision());
    nights
}

/// The decision on an image, by waivers of which two are to be told.
pub fn decision() -> Record {
    let waivers = [
        waiver("W-1", "2026-11-20"),
        waiver("W-2", "2026-12-09"),
        waiver("W-3", "2026-12-10"),
    ];
    gated("2026-11-24", "oci:a", &waivers)
}

pub fn waiver(id: &str, expires: &str) -> Waiver {
    Waiver {
        id: id.into(),
        owner: "o".into(),
        expires: expires.into(),
    }
}

/// Two nights of an image that a rule of gate refuses for these findings, the later night first.
pub fn refused(now: &[&str], before: &[&str]) -> Vec<Record> {
    let night = |day, texts: &[&str]| {
        let mut record = gated(day, "oci:a", &[]);
        let part = |text: &&str| Part {
            status: Status::Fail,
            text: (*text).into(),
            fix: None,
        };
        record.said[0].found = vec![Found {
            parts: texts.iter().map(part).collect(),
            count: texts.len() as u64,
            ..said("oci:a", &["license.terms"]).found[0].clone()
        }];
        record
    };
    vec![night("2026-11-25", now), night("2026-11-24", before)]
}

/// What is kept of a decision that allows an image.
pub fn gated(day: &str, image: &str, waivers: &[Waiver]) -> Record {
    let of_image = Said {
        image: true,
        ..said(image, &[])
    };
    Record {
        at: format!("{day}T02:00:00Z"),
        kind: "gate".into(),
        waivers: waivers.to_vec(),
        ..record(0, vec![of_image])
    }
}

#[test]
fn the_37_planted_changes_are_found_and_nothing_else() {
    let report = asked(nights());
    assert_eq!(told(&report), planted());
    assert_eq!(report.verdict, Verdict::Worse);
    let new = report.new.iter().find(|item| item.id == "ns.user").unwrap();
    assert_eq!(new.on.count, 9);
    assert_eq!(new.since, "2026-11-25T02:00:00Z");
    let fixed = report.fixed.iter().find(|one| one.id == "fuse.open");
    assert_eq!(fixed.unwrap().since, "2026-11-12T02:00:00Z");
}

#[test]
fn a_night_like_the_one_before_has_no_change() {
    let of_night = || vec![said("n[1-9]", &IDS), said("n10", &[])];
    let report = of(vec![of_night(), of_night(), of_night()]);
    assert_eq!(report.verdict, Verdict::Unchanged);
    assert_eq!(told(&report), BTreeSet::new());
    assert_eq!(report.still.len(), IDS.len());
    assert_eq!(report.still[0].since, "2026-11-23T02:00:00Z");
    assert_eq!(report.reported, 10);
}

#[test]
fn what_was_not_looked_at_is_not_fixed() {
    let mut skipped = said("n1", &[]);
    skipped.skipped.push("ns.user".into());
    let mut cut = said("n2", &[]);
    cut.whole = false;
    let before = vec![said("n[1-2]", &["ns.user"])];
    let report = of(vec![vec![skipped, cut], before]);
    assert!(report.fixed.is_empty());
    assert_eq!(report.not_checked[0].what, "ns.user on n[1-2]");
}

#[test]
fn what_is_never_looked_at_is_told_each_night() {
    let fast = |on: &str| {
        let left_out = ["net.dns", "net.pasta"].map(str::to_owned).to_vec();
        Said {
            skipped: left_out.clone(),
            left_out,
            ..said(on, &[])
        }
    };
    let told = |nights: Vec<Vec<Said>>| -> Vec<(String, Vec<String>)> {
        let report = of(nights);
        let told = report.not_checked.into_iter();
        told.map(|one| (one.what, one.checks)).collect()
    };
    let never = |what: &str, ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned());
        (what.to_owned(), ids.collect::<Vec<_>>())
    };
    let both = never("2 checks on n[1-3]", &["net.dns", "net.pasta"]);
    for nights in [1, 2, 5] {
        let night = || vec![fast("n[1-2]"), fast("n3")];
        let all = (0..nights).map(|_| night()).collect();
        assert_eq!(told(all), std::slice::from_ref(&both));
    }
    // What was known before is told as such.
    let whole = || vec![said("n1", &[])];
    let passed = never("net.dns, net.pasta on n1", &[]);
    assert_eq!(told(vec![vec![fast("n1")], whole()]), [passed]);
    let bad = vec![said("n1", &["net.dns"])];
    assert_eq!(
        told(vec![vec![fast("n1")], vec![fast("n1")], bad]),
        [
            never("net.dns on n1", &[]),
            never("1 check on n1", &["net.pasta"])
        ]
    );
    let mut unknown = said("n1", &["gpu.driver"]);
    unknown.found[0].status = Status::Unknown;
    let expected = never("1 check on n1", &["gpu.driver"]);
    for nights in [1, 2, 5] {
        let all = (0..nights).map(|_| vec![unknown.clone()]).collect();
        assert_eq!(told(all), std::slice::from_ref(&expected));
    }
    assert!(told(vec![vec![unknown], whole()]).is_empty());
}

#[test]
fn without_results_there_is_no_verdict() {
    let report = of(vec![]);
    assert_eq!(report.verdict, Verdict::Nothing);
    let report = asked(vec![record(2, vec![said("n1", &[])])]);
    assert_eq!(report.verdict, Verdict::Nothing);
    assert_eq!(report.away[0].nodes.set, "n1");
}
