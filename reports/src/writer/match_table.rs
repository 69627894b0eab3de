//! `table` of `fleet match`: where the image runs and with what, then what the other nodes lack.

use std::io::Write;

use hpcctl_model::doctor::Verdict;
use hpcctl_model::fleet::Nodes;
use hpcctl_model::matched::{Match, Matched, Need, Runner};

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
    for group in &found.groups {
        text += &section(group, options);
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
        let text = format!("{}: {}", need.id, need.text);
        ("needs", text)
    }));
    if let Some(at) = &found.reported_at {
        lines.push(("as of", at.clone()));
    }
    lines
}

fn section(group: &Matched, options: &Options) -> String {
    let run = match group.run {
        Verdict::Yes => "it runs",
        Verdict::Degraded => "it runs, with losses",
        Verdict::No => "it does NOT run",
        Verdict::Unknown => "not known whether it runs",
    };
    let count = usize::try_from(group.nodes.count).unwrap_or(usize::MAX);
    let title = format!("{}: {run}", counted(count, "node"));
    let mut text = heading(&title, options.color);
    text += &filled("  ", &cut(&group.nodes.set, options), options.width);
    if let Some(why) = &group.why {
        text += &filled("  ", why, options.width);
    }
    let runs = |one: &&Runner| matches!(one.run, Verdict::Yes | Verdict::Degraded);
    let with: Vec<&str> = group
        .runtimes
        .iter()
        .filter(runs)
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
    text
}

#[cfg(test)]
mod tests {
    use hpcctl_model::matched::Machine;

    use super::*;
    use crate::writer::fleet_table;

    #[test]
    fn what_lacks_stands_with_its_fix() {
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
            runtimes: vec![runner(run, because)],
        };
        result.groups = vec![
            group("n1", Verdict::Yes, &[]),
            group("n2", Verdict::No, &["uid.subid.file"]),
        ];
        (result.runs, result.fails) = (nodes("n1", 1), nodes("n2", 1));
        result.unknown = Nodes::default();
        result.machines = vec![Machine {
            arch: "x86_64".into(),
            digest: None,
            lacks: None,
            needs: vec![Need {
                id: "image.ids".into(),
                met: Some(false),
                text: "/f belongs to 0:42".into(),
            }],
        }];
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        let report = fleet.map(result);
        let mut out = Vec::new();
        write(&Report::Match(&report), None, &options, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "image      oci:app
runs on    1: n1
fails on   1: n2
needs      image.ids: /f belongs to 0:42
as of      2026-11-25T02:00:00Z

1 node: it runs
  n1
  with podman

1 node: it does NOT run
  n2
  podman: no, because uid.subid.file
    fix: (admin) usermod
"
        );
    }
}
