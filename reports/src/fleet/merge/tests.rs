//! Lines in any order, in pieces, cut, changed, old and hostile.

use super::*;
use crate::fleet::NodeSet;
use crate::fleet::line::tests::line;

fn merged(texts: &[&str]) -> Fleet {
    let mut merge = Merge::new(Table::default());
    for text in texts {
        merge.read(text.as_bytes()).unwrap();
    }
    merge.report(&Terms {
        expected: Some(&NodeSet::parse("n[1-4]").unwrap()),
        ..Terms::default()
    })
}

/// The report without the counts of lines, which tell of the input.
fn folded(texts: &[&str]) -> Fleet {
    Fleet {
        lines: Lines::default(),
        ..merged(texts)
    }
}

#[test]
fn order_and_repetition_change_nothing() {
    let lines = [
        line("n1", &[], "yes", ""),
        line("n2", &["ns.user"], "no", "it is 0"),
        line("n2", &["ns.user"], "no", "it is 1"),
        line("n3", &["ns.user"], "no", "it is 2"),
        line("x", &["net.mtu"], "no", "1500"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let once = folded(&lines);
    let reversed: Vec<&str> = lines.iter().rev().copied().collect();
    assert_eq!(folded(&reversed), once);
    assert_eq!(folded(&[&lines[..], &reversed[..]].concat()), once);
    assert_eq!((once.reported, once.groups.len()), (3, 3));
    assert_eq!(once.groups[0].nodes.set, "n[2-3]");
    assert_eq!(once.missing.set, "n4");
    assert_eq!(once.unexpected.set, "x");
}

#[test]
fn of_a_node_the_latest_line_counts() {
    let early = line("n1", &["ns.user"], "no", "");
    let late = line("n1", &[], "yes", "");
    let (head, body) = late.trim_end().split_at(late.find('{').unwrap());
    let body = body.replace("T02:00:00Z", "T03:00:00Z");
    let sum = line::checksum(body.as_bytes());
    let head = &head[..head.len() - 9];
    let late = format!("{head}{} {body}\n", str::from_utf8(&sum).unwrap());
    for order in [[early.as_str(), &late], [&late, &early]] {
        let found = merged(&order);
        assert_eq!(found.groups.len(), 1);
        assert!(found.groups[0].because.is_empty());
        assert_eq!(found.lines.repeated, 1);
        assert_eq!(found.last_at.as_deref(), Some("2026-11-25T03:00:00Z"));
    }
}

#[test]
fn nodes_that_find_the_same_keep_their_own_values() {
    let one = line("n1", &["lim.nofile"], "no", "1024");
    let two = line("n2", &["lim.nofile"], "no", "2048");
    let found = merged(&[&one, &two]);
    assert_eq!(found.groups.len(), 1);
    let values = &found.groups[0].findings[0].values.shown;
    let values: Vec<_> = values
        .iter()
        .map(|raw| (raw.text.as_str(), raw.nodes.as_deref()))
        .collect();
    assert_eq!(values, [("1024", Some("n1")), ("2048", Some("n2"))]);
}

#[test]
fn every_value_is_kept_with_its_nodes() {
    for (of, values) in [(3000, 3000), (2, 2)] {
        let said = |n: usize| format!("{} KiB", n % of);
        let line = |n: usize| line(&format!("n{n:04}"), &["fs.space"], "no", &said(n));
        let lines: String = (0..3000).map(line).collect();
        let found = merged(&[&lines]);
        let told = &found.groups[0].findings[0].values;
        assert_eq!((told.shown.len(), told.others), (values, 0));
        for raw in &told.shown {
            let first: usize = raw.text.split(' ').next().unwrap().parse().unwrap();
            let nodes = NodeSet::parse(raw.nodes.as_deref().unwrap()).unwrap();
            let names: Vec<String> = (first..3000)
                .step_by(of)
                .map(|n| format!("n{n:04}"))
                .collect();
            assert!(nodes.names().eq(names.iter().map(String::as_str)));
        }
    }
}

#[test]
fn what_is_cut_or_changed_is_counted_and_its_node_named() {
    let whole = line("n1", &[], "yes", "");
    let cut = &line("n2", &[], "yes", "")[..60];
    let changed = line("n3", &[], "yes", "").replace("false", "true");
    let found = merged(&["Warning: noise\n", &whole, cut, &changed]);
    let lines = found.lines;
    assert_eq!((lines.read, lines.whole, lines.noise), (4, 1, 1));
    assert_eq!((lines.truncated, lines.damaged), (1, 1));
    assert_eq!(found.unreadable.set, "n[2-3]");
    assert_eq!(found.missing.set, "n[2-4]");
}

/// A line as srun(1) passes it on with `--label`.
fn labelled(task: usize, line: &str) -> Vec<String> {
    let pieces = line.trim_end().as_bytes().chunks(50);
    let pieces = pieces.map(|piece| str::from_utf8(piece).unwrap());
    pieces.map(|piece| format!("{task}: {piece}\n")).collect()
}

#[test]
fn lines_in_labelled_pieces_are_put_together() {
    let nodes = ["n1", "n2", "n3", "n4"];
    let of = |node| line(node, &["ns.user"], "no", &"many words ".repeat(40));
    let pieces = nodes.iter().enumerate();
    let pieces = pieces.map(|(task, node)| labelled(task, &of(node)));
    let pieces: Vec<Vec<String>> = pieces.collect();
    let all = pieces.iter().map(Vec::len).max().unwrap();
    assert!(pieces.concat().iter().any(|piece| piece.ends_with(" \n")));
    // A piece of each in turn, with what a task prints before.
    let turns = (0..all).flat_map(|at| pieces.iter().filter_map(move |of| of.get(at)));
    let text: String = turns.map(String::as_str).collect();
    let found = merged(&["0: motd\n", &text]);
    assert_eq!((found.reported, found.missing.count), (4, 0));
    let lines = found.lines;
    assert_eq!((lines.whole, lines.truncated, lines.damaged), (4, 0, 0));
    assert_eq!(lines.noise, 1);
    // One that never ends is told once, and hides none that comes after it.
    let cut = &pieces[0][..all - 1].concat();
    let found = merged(&[cut, "0: motd\n"]);
    assert_eq!((found.lines.truncated, &*found.missing.set), (1, "n[1-4]"));
    let found = merged(&[&(cut.clone() + &text)]);
    assert_eq!((found.reported, found.lines.truncated), (4, 1));
}

#[test]
fn a_line_that_its_node_broke_is_put_together() {
    let whole = line("n1", &["ns.user"], "no", &"many words ".repeat(300));
    let pieces = pieces::broken(whole.as_bytes());
    let pieces: Vec<&[u8]> = pieces.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() < 1024));
    let text = str::from_utf8(&pieces.join(&b"n2: motd\n"[..]))
        .unwrap()
        .to_owned();
    let found = merged(&[&text]);
    assert_eq!((found.lines.whole, &*found.groups[0].nodes.set), (1, "n1"));
}

#[test]
fn a_node_goes_by_the_name_that_it_was_asked_by() {
    let texts = ["n1: ", "n2: ", "3: ", "INFO: ", ""];
    let texts = texts.map(|label| format!("{label}{}", line("vm", &[], "yes", "")));
    let found = merged(&texts.each_ref().map(String::as_str));
    assert_eq!(found.missing.set, "n[3-4]");
    assert_eq!(found.unexpected.set, "vm");
    assert_eq!((found.reported, found.lines.repeated), (2, 1));
}

#[test]
fn long_names_are_those_that_were_expected() {
    let found = merged(&[&line("n1.site.example", &[], "yes", "")]);
    assert_eq!(found.groups[0].nodes.set, "n1");
    assert_eq!(found.unexpected.count, 0);
}

#[test]
fn old_lines_and_clocks_that_are_off_are_told() {
    let at = |node: &str, time: &str| {
        let line = line(node, &[], "yes", "").replace("2026-11-25T02:00:00Z", time);
        let body = line[line.find('{').unwrap()..].trim_end().to_owned();
        line::tests::sealed(node, &serde_json::from_str(&body).unwrap())
    };
    let lines = [
        at("n1", "2026-11-25T02:00:00Z"),
        at("n2", "2026-11-25T02:01:00Z"),
        at("n3", "2026-11-24T02:00:00Z"),
        at("n4", "2026-12-23T02:00:00Z"),
    ];
    let mut merge = Merge::new(Table::default());
    merge.read(lines.concat().as_bytes()).unwrap();
    merge.text(b"n7: HPCCTL2 n7 0123abcd {}");
    let expected = NodeSet::parse("n[1-3,7]").unwrap();
    for expected in [Some(&expected), None] {
        let found = merge.report(&Terms {
            expected,
            now: "2026-11-25T06:00:00Z".parse().ok(),
            within: Some(crate::fleet::WITHIN),
            asked: None,
        });
        assert_eq!(
            (found.stale.set.as_str(), found.clock.set.as_str()),
            ("n3", "n4")
        );
        assert_eq!(found.median_at.as_deref(), Some("2026-11-25T02:01:00Z"));
        let why = "its last line is of 2026-11-24T02:00:00Z";
        assert_eq!(
            (found.silent[0].nodes.set.as_str(), &*found.silent[0].why),
            ("n3", why)
        );
        assert_eq!(found.unreadable.set, "n7");
        assert_eq!((found.lines.other_version, found.lines.noise), (1, 0));
        let (reported, missing) = match expected {
            Some(_) => (2, "n[3,7]"),
            None => (3, "n3"),
        };
        assert_eq!(
            (found.reported, found.missing.set.as_str()),
            (reported, missing)
        );
    }
}

#[test]
fn a_line_far_from_all_others_makes_none_of_them_old() {
    let at = |node: &str, time: &str| {
        let line = line(node, &[], "yes", "").replace("2026-11-25T02:00:00Z", time);
        let body: serde_json::Value =
            serde_json::from_str(line[line.find('{').unwrap()..].trim_end()).unwrap();
        line::tests::sealed(node, &body)
    };
    let mut merge = Merge::new(Table::default());
    for n in 1..=64 {
        let time = if n == 7 {
            "26T03:00:00Z"
        } else {
            "25T02:00:00Z"
        };
        let text = at(&format!("n{n}"), &format!("2026-11-{time}"));
        merge.read(text.as_bytes()).unwrap();
    }
    let found = merge.report(&Terms {
        now: "2026-11-30T02:00:00Z".parse().ok(),
        within: Some(crate::fleet::WITHIN),
        ..Terms::default()
    });
    assert_eq!((found.reported, found.stale.count), (63, 0));
    assert_eq!((&*found.missing.set, &*found.clock.set), ("n7", "n7"));
    let why = "its last line is of 2026-11-26T03:00:00Z, far from all others: its clock is ahead, or \
               theirs are old";
    assert_eq!(found.silent[0].why, why);
}

#[test]
fn a_line_without_an_end_is_passed_over() {
    let mut text = vec![b'x'; 3 << 20];
    text.push(b'\n');
    text.extend(line("n1", &[], "yes", "").bytes());
    let mut merge = Merge::new(Table::default());
    merge.read(&text[..]).unwrap();
    assert_eq!((merge.lines.noise, merge.lines.whole), (1, 1));
}

#[test]
fn hostile_bodies_are_damaged_lines() {
    let sealed = |body: &str| {
        let sum = line::checksum(body.as_bytes());
        format!("HPCCTL1 n1 {} {body}\n", str::from_utf8(&sum).unwrap())
    };
    let deep = format!("{}{}", "{\"k\":".repeat(600), "}".repeat(600));
    for body in [
        "{}",
        "{\"k\":\"doctor\",\"t\":5,\"x\":{}}",
        "{\"k\":\"doctor\",\"t\":\"never\",\"x\":{}}",
        "{\"k\":\"other\",\"t\":\"2026-11-25T02:00:00Z\"}",
        "{\"k\":\"doctor\",\"r\":{\"podman\":{\"run\":\"maybe\"}},\"t\":\"2026-11-25T02:00:00Z\"}",
        &deep,
    ] {
        let found = merged(&[&sealed(body)]);
        assert_eq!((found.lines.damaged, found.reported), (1, 0), "{body}");
    }
}
