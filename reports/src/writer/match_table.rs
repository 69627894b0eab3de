//! `table` of `fleet match`: where the image runs and with what, then what the other nodes lack.

use std::io::Write;

use hpcctl_model::doctor::Verdict;
use hpcctl_model::fleet::Nodes;
use hpcctl_model::matched::{Match, Matched, Need, Runner};

use crate::fleet::node_set::union;
use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{counted, filled, heading};
use crate::writer::Writer;
use crate::writer::fleet_table::cut;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Match],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.matched()?;
    let found = &report.result;
    let mut text = String::new();
    for (label, line) in summary(found) {
        text += &filled(&format!("{label:11}"), &cut(&line, options), options.width);
    }
    for unknown in &report.unknowns {
        let line = format!("{}: {}", unknown.what, unknown.why);
        text += &filled("unknown    ", &line, options.width);
    }
    for (nodes, run, body) in alike(found, options) {
        let title = format!("{}: {run}", counted(nodes.count, "node"));
        text += &heading(&title, options.color);
        text += &filled("  ", &cut(&nodes.set, options), options.width);
        text += &body;
    }
    Ok(out.write_all(text.as_bytes())?)
}

/// What is to be known of the whole, a line each.
fn summary(found: &Match) -> Vec<(&'static str, String)> {
    let named = |nodes: &Nodes| match nodes.count {
        0 => "no node".into(),
        count => format!("{count}: {}", nodes.set),
    };
    let mut lines = vec![
        ("image", found.image.clone()),
        ("runs on", named(&found.runs)),
    ];
    for (label, nodes) in [("fails on", &found.fails), ("unknown", &found.unknown)] {
        if nodes.count > 0 {
            lines.push((label, named(nodes)));
        }
    }
    let needs = found.machines.iter().flat_map(|machine| &machine.needs);
    let asks = needs.filter(|need| need.met != Some(true));
    let mut asks: Vec<&Need> = asks.collect();
    asks.dedup();
    lines.extend(asks.iter().map(|need| {
        let text = format!("{}: {}{}", need.id, need.text, met_by(found));
        ("needs", text)
    }));
    if let Some(at) = &found.reported_at {
        lines.push(("as of", at.clone()));
    }
    lines
}

/// How what the image asks for is met where it runs.
fn met_by(found: &Match) -> String {
    let runtimes = found.groups.iter().flat_map(|group| &group.runtimes);
    let mut with: Vec<&str> = runtimes
        .filter(|one| runs(one))
        .map(|one| one.runtime.as_str())
        .collect();
    with.sort_unstable();
    with.dedup();
    match with.is_empty() {
        true => String::new(),
        false => format!(
            "; where it runs, {} can give it or does without",
            with.join(", ")
        ),
    }
}

fn runs(one: &Runner) -> bool {
    matches!(one.run, Verdict::Yes | Verdict::Degraded)
}

/// The groups of which the same is told, as one each.
fn alike(found: &Match, options: &Options) -> Vec<(Nodes, &'static str, String)> {
    let mut all: Vec<(Nodes, &str, String)> = Vec::new();
    for group in &found.groups {
        let (run, body) = section(group, options);
        match all
            .iter_mut()
            .find(|(_, as_run, of)| (*as_run, of.as_str()) == (run, &body))
        {
            Some((nodes, _, _)) => *nodes = union(nodes, &group.nodes),
            None => all.push((group.nodes.clone(), run, body)),
        }
    }
    all
}

/// Whether the image runs on nodes, and with what, or what they lack.
fn section(group: &Matched, options: &Options) -> (&'static str, String) {
    let run = match group.run {
        Verdict::Yes => "it runs",
        Verdict::Degraded => "it runs, with losses",
        Verdict::No => "it does NOT run",
        Verdict::Unknown => "not known whether it runs",
    };
    let mut text = String::new();
    if let Some(why) = &group.why {
        text += &filled("  ", why, options.width);
    }
    if let Some(fix) = &group.fix {
        text += &filled("    fix: ", fix, options.width);
    }
    let with: Vec<&str> = group
        .runtimes
        .iter()
        .filter(|one| runs(one))
        .map(|one| one.runtime.as_str())
        .collect();
    if !with.is_empty() {
        text += &filled("  with ", &with.join(", "), options.width);
    }
    // Where one runs it, what the others lack is a detail.
    let others = group.runtimes.iter().filter(|one| {
        let lacks = !one.because.is_empty();
        lacks && (with.is_empty() || one.run == Verdict::Degraded || options.verbose)
    });
    for one in others {
        let line = format!(
            "{}: {}, because {}",
            one.runtime,
            one.run.as_str(),
            one.because.join(", ")
        );
        text += &filled("  ", &line, options.width);
        if let Some(fix) = &one.fix {
            text += &filled("    fix: ", fix, options.width);
        }
    }
    (run, text)
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::Envelope;
    use hpcctl_model::matched::Machine;

    use super::*;
    use crate::writer::fleet_table;

    /// Three nodes, of which one lacks something.
    pub(crate) fn report() -> Envelope<Match> {
        let fleet = fleet_table::tests::report();
        let mut result = crate::fleet::matched("oci:app", Vec::new(), &fleet.result).unwrap();
        let nodes = |set: &str, count| Nodes {
            count,
            set: set.into(),
        };
        let runner = |run, because: &[&str]| Runner {
            runtime: "podman".into(),
            run,
            because: because.iter().map(|id| (*id).to_owned()).collect(),
            fix: Some("(admin) usermod".into()),
        };
        let group = |set: &str, run, because: &[&str]| Matched {
            nodes: nodes(set, 1),
            run,
            why: None,
            fix: None,
            runtimes: vec![runner(run, because)],
        };
        result.groups = vec![
            group("n1", Verdict::Yes, &[]),
            // What another runtime lacks there is a detail.
            Matched {
                runtimes: vec![
                    runner(Verdict::Yes, &[]),
                    Runner {
                        runtime: "charliecloud".into(),
                        ..runner(Verdict::No, &["env.user"])
                    },
                ],
                ..group("n3", Verdict::Yes, &[])
            },
            group("n2", Verdict::No, &["uid.subid.file"]),
        ];
        (result.runs, result.fails) = (nodes("n[1,3]", 2), nodes("n2", 1));
        result.unknown = Nodes::default();
        result.machines = vec![Machine {
            arch: "x86_64".into(),
            digest: None,
            lacks: None,
            needs: vec![Need {
                id: "image.ids".into(),
                met: Some(false),
                text: "/f belongs to 0:42".into(),
                highest: None,
            }],
        }];
        fleet.map(result)
    }

    #[test]
    fn what_lacks_stands_with_its_fix() {
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        let mut out = Vec::new();
        write(&Report::Match(&report()), None, &options, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "image      oci:app
runs on    2: n[1,3]
fails on   1: n2
needs      image.ids: /f belongs to 0:42; where it runs, podman can give it or
           does without
as of      2026-11-25T02:00:00Z

2 nodes: it runs
  n[1,3]
  with podman

1 node: it does NOT run
  n2
  podman: no, because uid.subid.file
    fix: (admin) usermod
"
        );
    }
}
