//! Every format says the same of a night: what it comes to, and what is worse.

use hpcctl_model::history::{Figure, Kernel, Record};
use hpcctl_model::nightly::{Nightly, Verdict};
use hpcctl_model::{Envelope, doctor};
use serde_json::Value;

use super::alike::alike;
use super::summary::verdict;
use super::told::{Row, sections};
use crate::report::{Options, Report};
use crate::trend::planted::{asked, decision, nights, of, record, refused, said};
use crate::writer::nightly_table::tests::report;
use crate::writer::{
    Writer, nightly_html, nightly_junit, nightly_mail, nightly_markdown, nightly_openmetrics,
    nightly_sarif, nightly_table,
};

/// The nights, by what is special about them.
fn all() -> Vec<(&'static str, Nightly)> {
    let flaps = |age: usize| match age % 2 {
        0 => vec![said("n1", &["net.dns"])],
        _ => vec![said("n1", &[])],
    };
    let stays = |age: usize| flaps(if age == 0 { 0 } else { age + 1 });
    let mut broken = said("n2", &["fuse.open", "run.podman"]);
    broken.judged.push("podman".into());
    broken.run = Some(doctor::Verdict::No);
    let joins = vec![vec![said("n1", &[]), broken], vec![said("n1", &[])]];
    let mut gone = said("n1", &[]);
    gone.lacking.push("podman".into());
    let mut there = said("n1", &["run.podman"]);
    there.judged.push("podman".into());
    let missing = |age: usize| vec![said(if age < 3 { "n1" } else { "n[1-2]" }, &[])];
    let kernels = ["6.1.1", "6.1.0"]
        .iter()
        .enumerate()
        .map(|(age, release)| Record {
            kernels: vec![Kernel {
                on: "n1".into(),
                release: (*release).into(),
            }],
            ..record(age, vec![said("n1", &[])])
        });
    let kernels = kernels.collect();
    let alike = [said("n1", &["a.b", "c.d"]), said("n2", &["a.b"])].to_vec();
    let mut all = vec![
        ("planted", asked(nights())),
        ("alike", of(vec![alike, vec![said("n[1-2]", &[])]])),
        ("quiet", of(vec![vec![said("n1", &["ns.user"])]; 3])),
        ("first", of(vec![vec![said("n1", &["ns.user"])]])),
        ("nothing", of(vec![vec![], vec![said("n1", &["ns.user"])]])),
        ("fails again", of((0..7).map(flaps).collect())),
        ("passes again", of((1..7).map(flaps).collect())),
        ("stays", of((0..7).map(stays).collect())),
        ("joins broken", of(joins)),
        ("gone", of(vec![vec![gone], vec![there]])),
        ("missing", of((0..4).map(missing).collect())),
        ("lost", of((2..4).map(missing).collect())),
        ("back", of(vec![missing(3), missing(0), missing(3)])),
        (
            "eased",
            of(vec![
                vec![said("n1", &["~a.b"])],
                vec![said("n1", &["a.b"])],
            ]),
        ),
        ("another kernel", asked(kernels)),
        ("slower", measured(&[12.0, 12.0])),
        ("still slower", measured(&[12.0, 12.0, 12.0])),
        ("as usual again", measured(&[12.0, 12.0, 10.0, 10.0])),
        ("worse once", measured(&[12.0])),
    ];
    all.extend(images());
    all
}

/// Nights of images.
fn images() -> Vec<(&'static str, Nightly)> {
    vec![
        (
            "waivers",
            asked(vec![
                record(0, vec![said("n1", &[])]),
                record(1, vec![said("n1", &[])]),
                decision(),
            ]),
        ),
        (
            "more in a bad image",
            asked(refused(&["a", "b"], &["a", "c"])),
        ),
        ("less in a bad image", asked(refused(&["a"], &["a", "b"]))),
    ]
}

/// A figure after eight usual nights.
fn measured(last: &[f64]) -> Nightly {
    let values = [[10.0; 8].as_slice(), last].concat();
    let nights = values.iter().rev().enumerate().map(|(age, median)| Record {
        kind: "bench".into(),
        figures: vec![Figure {
            series: "n1 libc.syscall outside".into(),
            unit: "us".into(),
            less_is_better: true,
            median: *median,
        }],
        ..record(age, Vec::new())
    });
    asked(nights.collect())
}

/// What a writer makes of it.
fn written(writer: &Writer, report: &Envelope<Nightly>) -> String {
    let options = Options {
        verbose: false,
        width: 80,
        color: false,
    };
    let mut out = Vec::new();
    (writer.write)(&Report::Nightly(report), None, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The same, without what only breaks lines.
fn told(writer: &Writer, report: &Envelope<Nightly>) -> String {
    // Behind a comma in HTML, and what Markdown would take for a link.
    let text = written(writer, report).replace("<wbr>", "");
    solid(&text.replace("\\[", "[").replace("\\]", "]"))
}

/// Without blanks.
fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The worse rows of a night.
fn worse(nightly: &Nightly, all: bool) -> Vec<Row> {
    let rows = sections(nightly, all)
        .into_iter()
        .flat_map(|part| part.rows);
    rows.filter(|row| row.worse).collect()
}

#[test]
fn formats_agree_on_the_verdict() {
    for (name, nightly) in all() {
        let is_worse = nightly.verdict == Verdict::Worse;
        assert_eq!(is_worse, !worse(&nightly, true).is_empty(), "{name}");
        assert_eq!(is_worse, !worse(&nightly, false).is_empty(), "{name}");
        let (word, head) = (nightly.verdict.as_str(), solid(&verdict(&nightly)));
        let mut envelope = report(false);
        envelope.result = nightly;
        let of = |writer| told(writer, &envelope);
        for (writer, begin) in [
            (&nightly_table::WRITER, String::new()),
            (&nightly_mail::WRITER, "Subject:hpcctl:".into()),
            (&nightly_markdown::WRITER, "##hpcctl:".into()),
        ] {
            let text = of(writer);
            assert!(text.starts_with(&(begin + &head)), "{name}: {text}");
        }
        assert!(
            of(&nightly_html::WRITER).contains(&format!("<title>hpcctl:{head}")),
            "{name}"
        );
        let prom = of(&nightly_openmetrics::WRITER);
        assert!(
            prom.contains(&format!("{{verdict=\"{word}\"}}1")),
            "{name}: {prom}"
        );
        assert_eq!(prom.matches("{verdict=").count(), 5, "{name}");
        assert_eq!(
            prom.matches("\"}1hpcctl_report_verdict").count(),
            usize::from(word != "nothing")
        );
        let sarif = sarif(&envelope);
        let run = &sarif["runs"][0];
        assert_eq!(run["properties"]["verdict"], word, "{name}");
        let junit = of(&nightly_junit::WRITER);
        let fails = junit.matches("<failure").count();
        let is_bad = is_worse || envelope.result.verdict == Verdict::Nothing;
        assert_eq!(fails > 0, is_bad, "{name}: {junit}");
    }
}

fn sarif(report: &Envelope<Nightly>) -> Value {
    serde_json::from_str(&written(&nightly_sarif::WRITER, report)).unwrap()
}

#[test]
fn formats_agree_on_what_is_worse() {
    for (name, nightly) in all() {
        let parts = sections(&nightly, false).into_iter();
        let rows = parts.flat_map(|part| alike(part.rows));
        let rows = rows.flat_map(|one| one.rows);
        let short: Vec<Row> = rows.filter(|row| row.worse).collect();
        let whole = worse(&nightly, true);
        let mut envelope = report(false);
        envelope.result = nightly;
        for writer in [
            &nightly_table::WRITER,
            &nightly_mail::WRITER,
            &nightly_markdown::WRITER,
            &nightly_html::WRITER,
        ] {
            let text = told(writer, &envelope);
            for row in &short {
                let what = if row.state.is_empty() && !row.set.is_empty() {
                    &row.set
                } else {
                    &row.what
                };
                for part in [what, &row.set] {
                    assert!(text.contains(&solid(part)), "{name}, {part}: {text}");
                }
            }
        }
        let junit = told(&nightly_junit::WRITER, &envelope);
        let failed: Vec<&str> = junit
            .split("<testcase")
            .filter(|case| case.contains("<failure"))
            .collect();
        let sarif = sarif(&envelope);
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        for row in &whole {
            let (what, set) = (solid(&row.what), solid(&row.set));
            let is_named =
                |case: &&&str| case.contains(&format!("name=\"{what}\"")) && case.contains(&set);
            assert!(
                failed.iter().any(|case| is_named(&case)),
                "{name}, {what} on {set}: {junit}"
            );
            let is_told = |one: &&Value| {
                one["ruleId"] == row.what
                    && one["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == row.set
            };
            let found = results.iter().find(is_told);
            let found = found.unwrap_or_else(|| panic!("{name}, {what} on {set}: {sarif}"));
            assert!(["new", "updated"].contains(&found["baselineState"].as_str().unwrap()));
            assert_eq!(found["kind"], "fail", "{name}, {what}");
        }
        // Nothing else fails.
        let ids: std::collections::BTreeSet<String> =
            whole.iter().map(|row| solid(&row.what)).collect();
        let none = envelope.result.verdict == Verdict::Nothing;
        assert_eq!(
            failed.len(),
            ids.len() + usize::from(none),
            "{name}: {junit}"
        );
    }
}
