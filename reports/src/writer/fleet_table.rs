//! `table` of `fleet`: who is missing, then the groups of nodes: the majority, and of the
//! minorities what sets them apart.

use std::io::Write;

use hpcctl_model::doctor::{Status, Verdict};
use hpcctl_model::fleet::{Fact, Finding, Fleet, Group, Values};

use crate::fix;
use crate::report::{Error, Kind, Options, Report};
use crate::runtime;
use crate::terminal::{Style, counted, filled, heading, shortened, styled, visible};
use crate::writer::Writer;

pub mod summary;

use summary::summary;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Fleet],
    write,
};

/// The longest set of nodes where not every detail is wanted.
const SET: usize = 400;

/// How many groups are shown where not every detail is wanted.
const GROUPS: usize = 20;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let fleet = &report.fleet()?.result;
    for (label, text) in summary(fleet) {
        let first = format!("{label:11}");
        write!(
            out,
            "{}",
            filled(&first, &cut(&text, options), options.width)
        )?;
    }
    for unknown in &report.fleet()?.unknowns {
        let text = format!("{}: {}", unknown.what, unknown.why);
        write!(out, "{}", filled("unknown    ", &text, options.width))?;
    }
    let shown = if options.verbose { usize::MAX } else { GROUPS };
    for (place, group) in fleet.groups.iter().enumerate().take(shown) {
        write!(out, "{}", section(fleet, group, place, options))?;
    }
    let more = fleet.groups.len().saturating_sub(shown);
    if more > 0 {
        writeln!(out, "\nand {} (-v lists all)", counted(more, "more group"))?;
    }
    Ok(())
}

/// The runtimes that users of the group have and that have one of these verdicts on running.
fn with(group: &Group, verdicts: &[Verdict]) -> Vec<String> {
    let run = |name: &str| group.runtimes.get(name)?.get("run").copied();
    let counts = runtime::counting(group).into_iter();
    let counts = counts.filter(|name| verdicts.contains(&run(name).unwrap_or(Verdict::No)));
    counts.map(|name| visible(name).into_owned()).collect()
}

/// What is said of the runtimes with the group's verdict, and which others run containers.
fn partly(group: &Group, said: &str) -> String {
    match with(group, &[Verdict::Yes, Verdict::Degraded]).as_slice() {
        [] => said.to_owned(),
        running => {
            let these = with(group, &[group.run]).join(" and ");
            format!(
                "{said} with {these}; they do with {}",
                running.join(" and ")
            )
        }
    }
}

/// What the first group is: the majority where most nodes are of it.
fn first(fleet: &Fleet) -> &'static str {
    let most = fleet.groups.first().map_or(0, |group| group.nodes.count);
    match 2 * most > fleet.reported + fleet.unexpected.count {
        true => "the majority",
        false => "the first group",
    }
}

/// The nodes of a group in a line.
pub(super) fn title(fleet: &Fleet, group: &Group, place: usize) -> String {
    let run = match group.run {
        Verdict::Yes => "containers run".to_owned(),
        Verdict::Degraded => "containers run, with losses".to_owned(),
        Verdict::No => partly(group, "containers do NOT run"),
        Verdict::Unknown => partly(group, "not known whether containers run"),
    };
    let nodes = counted(group.nodes.count, "node");
    let rank = match (place, first(fleet)) {
        (0, "the majority") => ", the majority",
        _ => "",
    };
    format!("{nodes}{rank}: {run}")
}

/// The findings of a group that are told where not every detail is wanted: of the majority what
/// fails, of the others what the majority does not have.
pub(super) fn told(group: &Group, place: usize, verbose: bool) -> impl Iterator<Item = &Finding> {
    group.findings.iter().filter(move |finding| {
        let counts = match place {
            0 => finding.status == Status::Fail,
            _ => finding.minority,
        };
        counts || verbose
    })
}

/// How the runtimes of a group differ from those of the first.
pub(super) fn beside(fleet: &Fleet, group: &Group) -> Vec<String> {
    let Some(usual) = fleet.groups.first() else {
        return Vec::new();
    };
    let of_usual = first(fleet);
    let only = |one: &Group, other: &Group| -> Vec<String> {
        let names = one.runtimes.keys();
        let names = names.filter(|name| !other.runtimes.contains_key(*name));
        names.cloned().collect()
    };
    let mut lines = Vec::new();
    for (names, what, has) in [
        (only(usual, group), "lacks", "has"),
        (only(group, usual), "has", "lacks"),
    ] {
        if !names.is_empty() {
            let names = names.join(", ");
            lines.push(format!("{what} {names}, which {of_usual} {has}"));
        }
    }
    for (runtime, operations) in &group.runtimes {
        let Some(then) = usual.runtimes.get(runtime) else {
            continue;
        };
        let other = operations.iter().filter_map(|(op, verdict)| {
            let usual = then.get(op).filter(|usual| *usual != verdict)?;
            Some(format!("{op} {} ({})", verdict.as_str(), usual.as_str()))
        });
        let other: Vec<String> = other.collect();
        if !other.is_empty() {
            let other = other.join(", ");
            lines.push(format!("{runtime}: {other} in {of_usual}"));
        }
    }
    lines
}

/// Why runtimes of a group do not just run containers, a line each.
pub(crate) fn because(group: &Group) -> impl Iterator<Item = String> {
    let none = runtime::none_on(group).map(str::to_owned);
    let because = group.because.iter().map(|(runtime, ids)| {
        let verdict = group.runtimes.get(runtime).and_then(|of| of.get("run"));
        let verdict = verdict.map_or("unknown", |verdict| verdict.as_str());
        format!("{runtime} run: {verdict}, because {}", ids.join(", "))
    });
    none.into_iter().chain(because)
}

fn section(fleet: &Fleet, group: &Group, place: usize, options: &Options) -> String {
    let mut text = heading(&title(fleet, group, place), options.color);
    text += &filled("  ", &cut(&group.nodes.set, options), options.width);
    for line in because(group) {
        text += &filled("  ", &line, options.width);
    }
    for line in beside(fleet, group) {
        text += &filled("  ", &line, options.width);
    }
    for finding in told(group, place, options.verbose) {
        let style = match finding.status {
            Status::Fail => Style::Bad,
            _ => Style::Doubtful,
        };
        let word = styled(
            &format!("{:8}", finding.status.as_str()),
            style,
            options.color,
        );
        let line = format!("{}: {}", finding.id, most(&finding.values));
        // The word is written apart: a style has no width.
        let body = filled("          ", &line, options.width);
        text += &format!("  {word}{}", body.get(10..).unwrap_or_default());
        if options.verbose {
            text += &every(&finding.values, options);
        }
    }
    let more = group.findings.len() - told(group, place, options.verbose).count();
    if more > 0 {
        let others = match place {
            0 => String::new(),
            _ => format!(", as {} has", first(fleet)),
        };
        let line = format!("and {}{others}", counted(more, "more finding"));
        text += &filled("  ", &line, options.width);
    }
    if place > 0 && !group.absent.is_empty() {
        let line = format!("without {}", group.absent.join(", "));
        text += &filled("  ", &line, options.width);
    }
    for fact in &group.facts {
        if options.verbose || is_fix(fact) {
            text += &match is_fix(fact) {
                true => fixed(fact, options.width),
                false => {
                    let line = format!("{}: {}", fact.what, most(&fact.values));
                    filled("  ", &line, options.width)
                }
            };
            if options.verbose {
                text += &every(&fact.values, options);
            }
        }
    }
    text
}

/// Whether it makes a runtime run containers at all; of single images `fleet match` tells.
pub(super) fn is_fix(fact: &Fact) -> bool {
    fact.what.starts_with("fix.") && !fact.what.contains(':')
}

/// A fix: its steps in words, and the command of each in a line of its own, so that it can be pasted.
fn fixed(fact: &Fact, width: u16) -> String {
    let mut margin = format!("  {}: ", fact.what);
    let told = most(&fact.values);
    let mut text = String::new();
    for (words, command) in fix::steps(&told) {
        text += &filled(&margin, words, width);
        margin = " ".repeat(margin.len());
        if let Some(command) = command {
            text += &format!("{margin}  {}\n", visible(command));
        }
    }
    text
}

/// What most nodes of a group said, and how many said else.
pub(crate) fn most(values: &Values) -> String {
    let Some(first) = values.shown.first() else {
        return "no text".into();
    };
    let others: u64 = values.shown.iter().skip(1).map(|raw| raw.count).sum();
    match others + values.others {
        0 => first.text.clone(),
        more => format!("{} (another value on {more})", first.text),
    }
}

/// Every value that is known, with its nodes, where there is more than one.
pub(super) fn raw(values: &Values) -> Vec<String> {
    if values.shown.len() < 2 && values.others == 0 {
        return Vec::new();
    }
    let others = (values.others > 0).then(|| {
        let others = counted(values.others, "more node");
        format!("{others}: other values, of which there are too many to be kept")
    });
    let shown = values.shown.iter().map(|raw| {
        let nodes = raw.nodes.as_deref().unwrap_or("many nodes");
        format!("{} on {nodes}: {}", raw.count, raw.text)
    });
    shown.chain(others).collect()
}

/// Every value, a line each.
fn every(values: &Values, options: &Options) -> String {
    let lines = raw(values).into_iter();
    let line = |line: String| filled("            ", &line, options.width);
    lines.map(line).collect()
}

/// A set of nodes, shortened where not every detail is wanted.
pub(super) fn cut(set: &str, options: &Options) -> String {
    let most = if options.verbose { usize::MAX } else { SET };
    shortened(set, most.saturating_sub(1)).into_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::Envelope;
    use hpcctl_model::fleet::Raw;

    use std::collections::BTreeMap;

    use super::*;
    use crate::fleet::line::tests::line;
    use crate::fleet::{Merge, NodeSet, Table, Terms};

    /// Ninety-eight nodes that work, one that is broken and one that is missing.
    pub fn report() -> Envelope<Fleet> {
        let mut merge = Merge::new(Table::default());
        for n in 1..=98 {
            let text = line(&format!("n{n:03}"), &[], "yes", "");
            merge.read(text.as_bytes()).unwrap();
        }
        let broken = line("n099", &["ns.user"], "no", "user.max_user_namespaces is 0");
        merge.read(broken.as_bytes()).unwrap();
        let doctor = crate::writer::doctor_table::tests::report();
        Envelope {
            schema: "hpcctl.fleet/1".into(),
            kind: "fleet".into(),
            tool: doctor.tool,
            host: doctor.host,
            started_at: doctor.started_at,
            finished_at: doctor.finished_at,
            result: merge.report(&Terms {
                expected: Some(&NodeSet::parse("n[001-100]").unwrap()),
                ..Terms::default()
            }),
            unknowns: Vec::new(),
        }
    }

    #[test]
    fn what_runs_beside_what_does_not_is_told() {
        let fleet = report().result;
        let mut group = fleet.groups[1].clone();
        let title = |group: &Group| title(&fleet, group, 1);
        assert_eq!(title(&group), "1 node: containers do NOT run");
        let run = |verdict| BTreeMap::from([("run".to_owned(), verdict)]);
        let of = |name: &str, verdict| (name.to_owned(), run(verdict));
        group.runtimes = BTreeMap::from([
            of("builtin", Verdict::Yes),
            of("charliecloud", Verdict::Yes),
            of("podman", Verdict::No),
        ]);
        assert_eq!(
            title(&group),
            "1 node: containers do NOT run with podman; they do with charliecloud"
        );
    }

    #[test]
    fn what_a_group_lacks_beside_the_majority_is_said() {
        let mut fleet = report().result;
        fleet.groups[1].runtimes.remove("podman");
        let lacks = "lacks podman, which the majority has";
        assert_eq!(beside(&fleet, &fleet.groups[1]), [lacks]);
        // One node of six is no majority.
        fleet.groups[0].nodes.count = 1;
        fleet.reported = 6;
        let title = title(&fleet, &fleet.groups[0], 0);
        assert_eq!(title, "1 node: containers run");
    }

    #[test]
    fn every_value_is_told_and_how_many_are_not_kept() {
        let mut report = report();
        let value = |n: usize| Raw {
            text: format!("{n} KiB"),
            count: 1,
            nodes: Some(format!("n{n:03}")),
        };
        let values = Values {
            shown: (1..=20).map(value).collect(),
            others: 77,
            unsaid: 1,
        };
        let group = &mut report.result.groups[0];
        group.findings[0].values = values.clone();
        group.facts[0].values = values;
        let written = |verbose: bool, writer: &Writer| {
            let options = Options {
                verbose,
                width: 80,
                color: false,
            };
            let mut out = Vec::new();
            (writer.write)(&Report::Fleet(&report), None, &options, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        for (writer, told) in [(&WRITER, 2), (&crate::writer::fleet_markdown::WRITER, 1)] {
            let text = written(true, writer);
            for part in ["1 on n020: 20 KiB", "77 more nodes: other values"] {
                assert_eq!(text.matches(part).count(), told, "{text}");
            }
            assert!(!written(false, writer).contains("n020: 20 KiB"));
        }
    }

    #[test]
    fn the_steps_of_a_fix_are_lines() {
        let mut group = report().result.groups[1].clone();
        let mut fact = group.facts.remove(0);
        fact.what = "fix.podman".into();
        fact.values.shown[0].text = "(admin) load it: modprobe tun; (user) log in again".into();
        assert_eq!(
            fixed(&fact, 80),
            "  fix.podman: (admin) load it\n                modprobe tun\n              (user) log in again\n"
        );
    }

    #[test]
    fn the_minority_stands_out() {
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        let mut out = Vec::new();
        write(&Report::Fleet(&report()), None, &options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "nodes      99 of 100 expected reported, in 2 groups
           1 where containers do not run
missing    1: n100
           n100: no line came from it
reported   2026-11-25T02:00:00Z to 2026-11-25T02:00:00Z

98 nodes, the majority: containers run
  n[001-098]
  and 1 more finding

1 node: containers do NOT run
  n099
  podman run: no, because ns.user
  podman: run no (yes) in the majority
  fail    ns.user: user.max_user_namespaces is 0
  and 1 more finding, as the majority has
"
        );
    }
}
