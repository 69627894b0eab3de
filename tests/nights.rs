//! Nights that do not go by the book: clocks that are off, lines of last week, damage, other nodes.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::cli::hpcctl;
use crate::report::{add, line, report, sample};

mod long;

/// A time from now, as lines have it.
fn from_now(seconds: i64) -> String {
    let time = Timestamp::now() + SignedDuration::from_secs(seconds);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[test]
fn a_clock_that_is_ahead_hides_no_night() {
    for (ahead, is_told) in [(3, false), (600, true), (40 * 24 * 3600, true)] {
        for merges in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let nodes = ["n1", "n2", "n3"].map(|node| line(node, &[], &from_now(-60)));
            let text = nodes.concat() + &line("n4", &["ns.user"], &from_now(ahead));
            let added = match merges {
                false => add(dir.path(), "lines", &text),
                true => {
                    let lines = dir.path().join("lines");
                    fs::write(&lines, &text).unwrap();
                    let state = dir.path().display().to_string();
                    let lines = lines.display().to_string();
                    let merge = ["fleet", "merge", "--state", &state, &lines, "-o", "json"];
                    add(dir.path(), "fleet.json", &hpcctl(&merge).stdout)
                }
            };
            assert_eq!(added.code, 0, "{}", added.stderr);
            let told = added.stderr.contains("clocks that are off: n4");
            assert_eq!(told, is_told, "{ahead} s: {}", added.stderr);
            let night = report(dir.path(), &["nightly", "-o", "json"]).json();
            assert_eq!(night["result"]["reported"], 4, "{ahead} s: {night}");
            assert_eq!(night["result"]["still"][0]["on"]["set"], "n4", "{night}");
        }
    }
}

#[test]
fn results_of_the_future_are_told_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        add(dir.path(), "now", &line("n1", &[], &from_now(0))).code,
        0
    );
    let added = add(
        dir.path(),
        "later",
        &line("n2", &[], &from_now(2 * 24 * 3600)),
    );
    assert!(
        added.stderr.contains("it is of the future"),
        "{}",
        added.stderr
    );
    let night = report(dir.path(), &["nightly"]);
    assert!(
        night
            .stdout
            .starts_with("first night: containers run on all; no finding; 1 node examined"),
        "{}",
        night.stdout
    );
    assert!(
        night.stdout.contains("not checked: 1 result (dated after "),
        "{}",
        night.stdout
    );
}

#[test]
fn what_a_node_said_days_ago_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let lines = dir.path().join("lines");
    let at = |node: &str, time: &str| line(node, &[], time);
    let text = at("n1", "2026-11-25T02:00:00Z") + &at("n2", "2026-11-24T02:00:00Z");
    fs::write(&lines, &text).unwrap();
    let lines = lines.display().to_string();
    let merged = |args: &[&str]| {
        let state = dir.path().display().to_string();
        let merge = ["fleet", "merge", "--state", &state, &lines];
        hpcctl(&[&merge[..], args].concat())
    };
    let run = merged(&["-o", "json"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let found = run.json();
    let (stale, silent) = (&found["result"]["stale"], &found["result"]["silent"][0]);
    assert_eq!(
        (&stale["set"], &found["result"]["reported"]),
        (&json!("n2"), &json!(1))
    );
    assert_eq!(silent["why"], "its last line is of 2026-11-24T02:00:00Z");
    assert_eq!(merged(&["--within", "2d"]).code, 0);
    assert_eq!(merged(&["--within", "two"]).code, 2);
    // In the report it is one that does not report.
    assert_eq!(
        add(
            dir.path(),
            "before",
            &(at("n1", "2026-11-24T02:00:00Z") + &at("n2", "2026-11-24T02:00:00Z"))
        )
        .code,
        0
    );
    assert_eq!(add(dir.path(), "fleet.json", &run.stdout).code, 0);
    let morning = ["nightly", "--at", "2026-11-25T06:00:00Z"];
    let night = report(dir.path(), &morning);
    assert_eq!(night.code, 1, "{}", night.stdout);
    assert!(
        night
            .stdout
            .starts_with("worse: not reporting: n2; 1 node examined, since"),
        "{}",
        night.stdout
    );
    // Files without a line are told, beside those with some.
    let empty = dir.path().join("empty");
    fs::write(&empty, "motd\n").unwrap();
    let run = merged(&["--within", "2d", empty.to_str().unwrap()]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert!(
        run.stdout
            .contains("no whole line of a node is among its 1 line"),
        "{}",
        run.stdout
    );
}

#[test]
fn lines_that_do_not_count_are_told_as_they_are_added() {
    let dir = tempfile::tempdir().unwrap();
    let whole = line("n1", &[], "2026-11-25T02:00:00Z");
    let cut = &line("n2", &[], "2026-11-25T02:00:00Z")[..100];
    let other = whole.replacen("HPCCTL1 n1", "HPCCTL2 n3", 1);
    let added = add(dir.path(), "lines", &format!("{whole}{cut}\n{other}"));
    assert_eq!(added.code, 0, "{}", added.stderr);
    for told in [
        "truncated, and do not count: 1",
        "of another version of hpcctl, and do not count: 1",
    ] {
        assert!(added.stderr.contains(told), "{}", added.stderr);
    }
    let night = report(dir.path(), &["nightly", "--at", "2026-11-25T06:00:00Z"]).stdout;
    assert!(
        night.contains("n[2-3] (2): its lines are truncated, damaged or of another version"),
        "{night}"
    );
    assert!(night.contains("not checked: nothing"), "{night}");
}

#[test]
fn damage_of_the_history_is_told_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    for day in [24, 25] {
        let time = format!("2026-11-{day}T02:00:00Z");
        assert_eq!(
            add(dir.path(), &time, &line("n1", &["ns.user"], &time)).code,
            0
        );
    }
    let log = dir.path().join("history.log");
    let whole = fs::read(&log).unwrap();
    let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // A bit of the magic word, of its number, and of the time.
    for place in [3, 7, 12] {
        let mut changed = whole.clone();
        changed[second + place] ^= 1;
        fs::write(&log, &changed).unwrap();
        for format in ["table", "mail", "markdown", "html", "json"] {
            let at = ["nightly", "--at", "2026-11-25T06:00:00Z", "-o", format];
            let night = report(dir.path(), &at);
            assert_eq!(night.code, 3, "{format}: {}", night.stdout);
            let told = night.stdout.replace('\n', " ");
            assert!(
                told.contains("1 record of it cannot be read"),
                "{format}: {told}"
            );
            assert!(!told.contains("nothing came from it"), "{format}: {told}");
        }
        let pruned = report(dir.path(), &["prune", "--keep", "36500d"]);
        let expected = "0 taken out, 1 kept, 1 damaged and dropped\n";
        assert_eq!(pruned.stdout, expected, "{}", pruned.stderr);
    }
}

#[test]
fn the_waivers_of_a_logged_decision_lapse() {
    let dir = tempfile::tempdir().unwrap();
    let archive = crate::handmade::docker_archive(dir.path());
    let image = format!("docker-archive:{}", archive.display());
    let policy = dir.path().join("policy.toml");
    let (day, soon) = (from_now(-24 * 3600), from_now(7 * 24 * 3600));
    let text = format!(
        "version = 1\n[[waiver]]\nid = \"W-1\"\nrule = \"license.terms\"\n\
         scope = {{ package = \"pkg:pypi/a@1\" }}\nowner = \"a\"\napproved-by = \"b\"\nreason = \"c\"\n\
         from = \"{}\"\nexpires = \"{}\"\n",
        &day[..10],
        &soon[..10]
    );
    fs::write(&policy, text).unwrap();
    let state = dir.path().display().to_string();
    let policy = policy.display().to_string();
    let gate = hpcctl(&["gate", &image, "--policy", &policy, "--state", &state]);
    assert!([0, 1, 3].contains(&gate.code), "{}", gate.stderr);
    let night = report(dir.path(), &["nightly"]);
    assert_eq!(night.stderr, "", "a decision is a result");
    for (within, expected) in [
        (
            "14d",
            json!([{"id": "W-1", "owner": "a", "expires": &soon[..10], "lapsed": false}]),
        ),
        ("2d", json!([])),
    ] {
        let night = report(dir.path(), &["nightly", "--lapse", within, "-o", "json"]).json();
        assert_eq!(night["result"]["waivers"], expected, "{night}");
    }
}

/// A waiver holds for months, and an image may be decided of once.
#[test]
fn the_waivers_of_the_latest_decision_lapse_however_old_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let archive = crate::handmade::docker_archive(dir.path());
    let image = format!("docker-archive:{}", archive.display());
    let policy = dir.path().join("policy.toml");
    // A night may end meanwhile.
    let now = Timestamp::now();
    let day = |days: i64| {
        let time = now + SignedDuration::from_hours(24 * days);
        time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let waiver = format!(
        "[[waiver]]\nid = \"W-1\"\nrule = \"license.terms\"\n\
         scope = {{ package = \"pkg:pypi/a@1\" }}\nowner = \"a\"\napproved-by = \"b\"\nreason = \"c\"\n\
         from = \"{}\"\nexpires = \"{}\"\n",
        &day(-1)[..10],
        &day(60)[..10]
    );
    let state = dir.path().display().to_string();
    let gate = |waiver: &str| {
        fs::write(&policy, format!("version = 1\n{waiver}")).unwrap();
        let policy = policy.display().to_string();
        let gate = hpcctl(&["gate", &image, "--policy", &policy, "--state", &state]);
        assert!([0, 1, 3].contains(&gate.code), "{}", gate.stderr);
    };
    let lapsing = |days: i64| {
        let at = day(days);
        let night = report(dir.path(), &["nightly", "--at", &at, "-o", "json"]).json();
        let waivers = night["result"]["waivers"].as_array().unwrap();
        let lapsed = waivers.iter().map(|one| one["lapsed"].as_bool().unwrap());
        lapsed.collect::<Vec<bool>>()
    };
    gate(&waiver);
    for (days, expected) in [
        (44, &[][..]),
        (47, &[false]),
        (60, &[false]),
        (62, &[true]),
        (95, &[]),
    ] {
        assert_eq!(lapsing(days), expected, "{days} days later");
    }
    gate("");
    assert_eq!(lapsing(60), [false; 0], "it was taken out");
}

/// The report of last night's decision, and the log of this night's.
#[test]
fn what_is_new_in_an_image_that_was_refused_is_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let archive = crate::handmade::docker_archive(dir.path());
    let image = format!("docker-archive:{}", archive.display());
    let policy = dir.path().join("policy.toml");
    let gate = |labels: &[&str], state: &str| {
        let labels = json!(labels);
        let rules = "[rules]\n\"image.labels\" = \"deny\"";
        let text = format!("version = 1\n{rules}\n[image]\nrequired-labels = {labels}\n");
        fs::write(&policy, text).unwrap();
        let policy = policy.display().to_string();
        let state = dir.path().join(state).display().to_string();
        let args = [
            "gate", &image, "--policy", &policy, "--state", &state, "-o", "json",
        ];
        let gate = hpcctl(&args);
        assert_eq!(gate.code, 1, "{}", gate.stderr);
        gate.json()
    };
    let mut before = gate(&["a.one", "a.two"], "other");
    before["finished_at"] = from_now(-24 * 3600).into();
    let state = dir.path().join("state");
    fs::create_dir(&state).unwrap();
    assert_eq!(add(&state, "gate", &before.to_string()).code, 0);
    gate(&["a.one", "a.three"], "state");
    let night = report(&state, &["nightly", "-o", "json"]);
    assert_eq!(night.code, 1, "{}", night.stderr);
    let result = &night.json()["result"];
    for (list, label, status) in [("new", "a.three", "fail"), ("fixed", "a.two", "pass")] {
        let items = result[list].as_array().unwrap();
        assert_eq!(items.len(), 1, "{list}: {result}");
        let text = format!("The image has no label {label}.");
        let item = &items[0];
        assert_eq!(
            (&item["id"], &item["text"]),
            (&json!("image.labels"), &json!(text))
        );
        assert_eq!(
            (&item["status"], &item["part"]),
            (&json!(status), &json!(true))
        );
    }
    let fix = result["new"][0]["fix"].as_str().unwrap();
    assert!(fix.contains("--label a.three"), "{fix}");
    let still = result["still"].as_array().unwrap();
    assert!(
        still.iter().any(|item| item["id"] == "image.labels"),
        "{result}"
    );
    let told = report(&state, &["nightly"]).stdout;
    assert!(
        told.starts_with("worse: 1 new, 1 fixed; 1 image examined"),
        "{told}"
    );
    assert!(told.contains("no longer found; was fail since"), "{told}");
}

#[test]
fn reports_of_bench_of_two_nodes_are_told_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let one = sample("bench-1.json");
    let mut of_other: Value = fs::read_to_string(&one).unwrap().parse().unwrap();
    let host = of_other["host"]["name"].as_str().unwrap().to_owned();
    of_other["host"]["name"] = "other".into();
    let other = dir.path().join("other.json");
    fs::write(&other, of_other.to_string()).unwrap();
    let (one, other) = (one.display().to_string(), other.display().to_string());
    let told = format!("one report is of {host}, the other of other");
    for (files, is_told) in [([&one, &other], true), ([&one, &one], false)] {
        let run = hpcctl(&["report", "diff", files[0], files[1], "-v"]);
        let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.contains(&told), is_told, "{}", run.stdout);
        // What was measured is the later one.
        let run = hpcctl(&["report", "diff", files[0], files[1], "-o", "json"]);
        let measured = &run.json()["result"]["measured"]["set"];
        let later = if is_told { "other" } else { host.as_str() };
        assert_eq!(measured, later, "{}", run.stdout);
    }
}

#[test]
fn a_figure_to_another_node_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let sample = fs::read_to_string(sample("bench-1.json")).unwrap();
    for peer in ["n2", "n3"] {
        let mut bench: Value = sample.parse().unwrap();
        bench["result"]["plan"]["peer"] = peer.into();
        let first = &mut bench["result"]["comparisons"][0];
        first["metric"] = "net.peer.latency".into();
        assert_eq!(add(dir.path(), peer, &bench.to_string()).code, 0);
    }
    let export = report(dir.path(), &["export"]).stdout;
    let figures = export.lines().flat_map(|line| {
        let record: Value = line.parse().unwrap();
        record["figures"].as_array().unwrap().clone()
    });
    let series = figures.map(|figure| figure["series"].as_str().unwrap().to_owned());
    let to_peer: Vec<String> = series.filter(|name| name.contains("net.peer.")).collect();
    assert_eq!(to_peer.len(), 4, "{to_peer:?}");
    for (name, peer) in to_peer.iter().zip(["n2", "n2", "n3", "n3"]) {
        assert!(name.ends_with(&format!(" to {peer}")), "{name}");
    }
}

#[test]
fn what_the_history_knows_is_told_after_months() {
    let dir = tempfile::tempdir().unwrap();
    let time = |day: i64| {
        let first: Timestamp = "2026-08-01T02:00:00Z".parse().unwrap();
        let time = first + SignedDuration::from_hours(24 * day);
        time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    for day in 0..45 {
        let mut text = line("n1", if day < 3 { &[] } else { &["ns.user"] }, &time(day));
        text += &line("n2", &[], &time(day));
        // One that is dead from the fourth on, and comes back.
        if !(4..44).contains(&day) {
            text += &line("n3", &[], &time(day));
        }
        assert_eq!(add(dir.path(), "night", &text).code, 0);
    }
    let morning =
        |day: &str, more: &[&str]| report(dir.path(), &[&["nightly", "--at", day], more].concat());
    for day in ["2026-08-07", "2026-08-20", "2026-09-12"] {
        let night = morning(day, &[]);
        assert_eq!(night.code, 0, "{day}: {}", night.stderr);
        assert!(
            night.stdout.starts_with("no change on 2 nodes, since "),
            "{day}: {}",
            night.stdout
        );
        assert_eq!(night.stdout.lines().count(), 3, "{day}: {}", night.stdout);
        let found = &morning(day, &["-o", "json"]).json()["result"];
        assert_eq!(found["still"][0]["since"], time(3), "{day}: {found}");
        assert_eq!(found["away"][0]["nodes"]["set"], "n3", "{day}: {found}");
        assert_eq!(found["away"][0]["since"], time(4), "{day}: {found}");
    }
    let back = &morning("2026-09-14", &["-o", "json", "--retired", "n[3-9]"]).json()["result"];
    assert_eq!(back["returned"]["set"], "n3", "{back}");
    assert_eq!(back["joined"]["count"], 0, "{back}");
    assert_eq!(back["retired"]["set"], "n3", "{back}");
    let never = morning("2036-01-01", &[]);
    assert_eq!(never.code, 3);
    let head = format!("no results, the last are of {}\n", time(44));
    assert!(never.stdout.starts_with(&head), "{}", never.stdout);
    let mistyped = morning("2026-09", &[]);
    assert_eq!(mistyped.code, 2);
    assert!(
        mistyped.stderr.contains("give a day or a time"),
        "{}",
        mistyped.stderr
    );
}

#[test]
fn nodes_on_which_nothing_runs_are_told_with_the_fix() {
    let dir = tempfile::tempdir().unwrap();
    for (day, verdict) in [(24, "yes"), (25, "no")] {
        let time = format!("2026-11-{day}T02:00:00Z");
        let text = line("n1", if day == 25 { &["fuse.open"] } else { &[] }, &time);
        let (head, body) = text.trim_end().split_at(text.find('{').unwrap());
        let mut body: Value = body.parse().unwrap();
        body["r"]["podman"] = json!({"run": verdict});
        if day == 25 {
            body["b"]["podman"] = json!(["fuse.open"]);
        }
        assert!(head.starts_with("HPCCTL1 n1 "), "{head}");
        let text = crate::fleet::sealed("n1", &body);
        assert_eq!(add(dir.path(), &time, &text).code, 0);
    }
    let night = report(dir.path(), &["nightly", "--at", "2026-11-25", "-o", "json"]).json();
    let found = &night["result"];
    let (broken, new) = (&found["broken"][0], &found["new"][0]);
    assert_eq!(
        (&broken["new"], &broken["ran"]),
        (&json!(true), &json!(true)),
        "{found}"
    );
    assert_eq!(new["id"], "fuse.open");
    assert!(
        new["fix"].as_str().unwrap().contains("modprobe fuse"),
        "{new}"
    );
    assert_eq!(broken["fix"], new["fix"]);
    let mail = report(dir.path(), &["nightly", "--at", "2026-11-25", "-o", "mail"]);
    assert_eq!(mail.code, 1);
    let told = "worse: containers no longer run on n1 (fuse.open); 1 new; ";
    assert!(mail.stdout.contains(told), "{}", mail.stdout);
}
