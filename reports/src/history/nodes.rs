//! What is kept of nodes: from a report of doctor, from many of them folded, and from lines.

use std::collections::BTreeSet;

use hpcctl_model::Envelope;
use hpcctl_model::doctor::{Check, Doctor, LEFT_OUT, NOT_ASKED, Status, Verdict};
use hpcctl_model::fleet::{self, Fleet, Looked, Raw};
use hpcctl_model::history::{Found, Kernel, NotChecked, Record, Said, Silent};
use jiff::Timestamp;

use super::observed::{Observed, empty, found, short, unknowns};
use crate::fix;
use crate::fleet::node_set::{Name, folded as folded_set};
use crate::fleet::{Merge, NodeSet, Table, Terms, UNREADABLE, USER, WITHIN};
use crate::runtime::{self, Others, presence};

/// What a verdict is as the outcome of a check.
fn status(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Yes => Status::Pass,
        Verdict::Degraded => Status::Warn,
        Verdict::No => Status::Fail,
        Verdict::Unknown => Status::Unknown,
    }
}

/// Puts in whether a runtime runs a container.
fn judged<'a>(
    said: &mut Said,
    runtime: &str,
    (run, because): (Verdict, &[String]),
    refused: impl Iterator<Item = &'a str>,
    fix: Option<&str>,
) {
    said.judged.push(runtime.into());
    let id = format!("run.{runtime}");
    // A check of that name has said more.
    if run == Verdict::Yes || said.found.iter().any(|known| known.id == id) {
        return;
    }
    let checks = because.join(", ");
    let text = match run {
        Verdict::Degraded => {
            let refused: Vec<&str> = refused.collect();
            let images = match refused.as_slice() {
                [] => String::new(),
                ids => format!("; no image runs that does not meet {}", ids.join(", ")),
            };
            format!("runs, with losses because of {checks}{images}")
        }
        Verdict::Yes | Verdict::No | Verdict::Unknown => format!("because of {checks}"),
    };
    said.found.push(Found {
        because: because.to_vec(),
        ..found(id, status(run), &text, fix)
    });
}

/// Puts in which checks were not looked at, and which runtimes are not there.
fn looked<'a>(
    said: &mut Said,
    left_out: impl Iterator<Item = &'a str>,
    idle: impl Iterator<Item = &'a str>,
) {
    said.left_out.extend(left_out.map(str::to_owned));
    said.skipped.extend(said.left_out.iter().cloned());
    for id in idle {
        match presence(id) {
            Some(runtime) => said.lacking.push(runtime.into()),
            None => said.skipped.push(id.into()),
        }
    }
    // One that is there, and that the caller may not start.
    let refused = said.found.iter().filter(|one| one.status == Status::Fail);
    let refused = refused.filter_map(|one| presence(&one.id).map(str::to_owned));
    said.lacking.extend(refused);
    said.whole = !said.cut;
}

/// Whether a check was left out, or not asked for.
pub(crate) fn is_left_out(check: &Check) -> bool {
    check.status == Status::Skipped && [LEFT_OUT, NOT_ASKED].contains(&check.summary.as_str())
}

/// What is kept of a node.
pub(super) fn doctor(report: &Envelope<Doctor>) -> Record {
    let mut record = empty("doctor", &report.finished_at);
    let caller = report.result.caller.as_ref();
    record.user = caller.map(|caller| short(&caller.name));
    let checks = &report.result.checks;
    let is_idle = |check: &&Check| check.status == Status::Skipped && !is_left_out(check);
    let bad = checks
        .iter()
        .filter(|check| !matches!(check.status, Status::Pass | Status::Skipped));
    let bad = bad.map(|check| {
        let fix = check.remedy.admin.as_ref().or(check.remedy.user.as_ref());
        let (id, fix) = (check.id.clone(), fix.map(String::as_str));
        found(id, check.status, &check.summary, fix)
    });
    let mut said = Said {
        on: report.host.name.clone(),
        found: bad.collect(),
        ..Said::default()
    };
    let runs = runs(&mut said, &report.result);
    let ids = |check: &'_ Check| check.id.clone();
    let left_out: Vec<String> = checks
        .iter()
        .filter(|it| is_left_out(it))
        .map(ids)
        .collect();
    let idle: Vec<String> = checks.iter().filter(is_idle).map(ids).collect();
    looked(
        &mut said,
        left_out.iter().map(String::as_str),
        idle.iter().map(String::as_str),
    );
    let made = checks.iter().filter(|check| !is_left_out(check));
    let made = made.map(|check| check.id.as_str());
    let others = Others::of(left_out.iter().map(String::as_str), made);
    let is_told = !runs.is_empty() || matches!(others, Others::Absent | Others::Partly);
    said.run = is_told.then(|| runtime::run(runs.into_iter(), others));
    record.not_checked.extend(unknowns(&report.unknowns));
    record.kernels.push(Kernel {
        on: report.host.name.clone(),
        release: short(&report.host.kernel),
    });
    record.said.push(said);
    record
}

/// Puts in whether each installed runtime runs a container, and hands it over.
fn runs<'r>(said: &mut Said, report: &'r Doctor) -> Vec<(&'r str, Option<Verdict>)> {
    let mut runs = Vec::new();
    for runtime in report.runtimes.iter().filter(|one| one.installed) {
        for one in runtime.operations.iter().filter(|one| one.op == "run") {
            let fix = one.fix.first().map(|steps| fix::told(steps));
            let run = (one.verdict, one.because.as_slice());
            // Every range of ids ends somewhere.
            let images = one.images.iter().flatten();
            let refused = images.filter(|unmet| unmet.up_to.is_none());
            let refused = refused.filter(|unmet| unmet.verdict == Verdict::No);
            let refused = refused.map(|unmet| unmet.unmet.as_str());
            judged(said, &runtime.runtime, run, refused, fix.as_deref());
            runs.push((runtime.runtime.as_str(), Some(one.verdict)));
        }
    }
    runs
}

/// What is kept of lines of nodes.
pub(super) fn lines(
    bytes: &[u8],
    table: Table,
    now: Timestamp,
) -> Result<(Record, Vec<String>), Observed> {
    let mut merge = Merge::new(table);
    // A slice does not break off.
    let _ = merge.read(bytes);
    let fleet = merge.report(&Terms {
        now: Some(now),
        within: Some(WITHIN),
        ..Terms::default()
    });
    let Some(at) = fleet.median_at.clone() else {
        return Err(Observed::Nothing(fleet.lines.read));
    };
    Ok((folded(&fleet, &at), doubts(&fleet)))
}

/// What is kept of many nodes.
pub(super) fn fleet(report: &Envelope<Fleet>) -> (Record, Vec<String>) {
    let (fleet, merged) = (&report.result, &report.finished_at);
    // Earlier versions tell the time of the latest line, whose clock may have been ahead.
    let at = fleet.median_at.as_ref().or(fleet.last_at.as_ref());
    let at = at.filter(|at| at.as_str() <= merged.as_str());
    let mut record = folded(fleet, at.unwrap_or(merged));
    record.not_checked.extend(unknowns(&report.unknowns));
    (record, doubts(fleet))
}

/// What is to be known of lines before one relies on what is kept of them.
fn doubts(fleet: &Fleet) -> Vec<String> {
    let lines = &fleet.lines;
    let counts = [
        (lines.truncated, "truncated"),
        (lines.damaged, "damaged"),
        (lines.other_version, "of another version of hpcctl"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let mut doubts: Vec<String> = counts
        .map(|(count, what)| format!("lines that are {what}, and do not count: {count}"))
        .collect();
    let sets = [
        (
            &fleet.stale,
            "last lines that are old, of nodes that count as silent",
        ),
        (&fleet.clock, "clocks that are off"),
    ];
    let sets = sets.into_iter().filter(|(nodes, _)| nodes.count > 0);
    doubts.extend(sets.map(|(nodes, what)| format!("{what}: {}", nodes.set)));
    doubts
}

pub(super) fn folded(fleet: &Fleet, at: &str) -> Record {
    let mut record = empty("fleet", at);
    record.user = user(fleet);
    record.said = fleet.groups.iter().flat_map(group).collect();
    record.kernels = fleet.groups.iter().flat_map(kernels).collect();
    record.silent = fleet.silent.iter().map(silent).collect();
    // What earlier versions wrote has no causes.
    if fleet.silent.is_empty() && fleet.missing.count > 0 {
        record.silent.push(Silent {
            on: fleet.missing.set.clone(),
            why: "did not report".into(),
        });
    }
    if fleet.clock.count > 0 {
        record.not_checked.push(NotChecked {
            what: fleet.clock.set.clone(),
            why: "the clock there is off".into(),
        });
    }
    // Where a set was given, they are among those that did not report.
    if fleet.expected.is_none() && fleet.unreadable.count > 0 {
        record.silent.push(Silent {
            on: fleet.unreadable.set.clone(),
            why: UNREADABLE.into(),
        });
    }
    record
}

/// Who asked, where every node says the same.
fn user(fleet: &Fleet) -> Option<String> {
    let mut users = BTreeSet::new();
    for group in &fleet.groups {
        let values = group.facts.iter().find(|fact| fact.what == USER);
        let values = &values?.values;
        if values.others + values.unsaid > 0 {
            return None;
        }
        users.extend(values.shown.iter().map(|raw| raw.text.as_str()));
    }
    let one = users.pop_first().filter(|_| users.is_empty());
    one.map(str::to_owned)
}

fn silent(silent: &fleet::Silent) -> Silent {
    Silent {
        on: silent.nodes.set.clone(),
        why: silent.why.clone(),
    }
}

/// The kernels of a group, as far as it is told which nodes have them.
fn kernels(group: &fleet::Group) -> Vec<Kernel> {
    let fact = group.facts.iter().find(|fact| fact.what == "kernel");
    let Some(values) = fact.map(|fact| &fact.values) else {
        return Vec::new();
    };
    let (named, rest): (Vec<&Raw>, Vec<&Raw>) =
        values.shown.iter().partition(|raw| raw.nodes.is_some());
    let kernel = |on: String, raw: &Raw| Kernel {
        on,
        release: short(&raw.text),
    };
    let mut all: Vec<Kernel> = named
        .iter()
        .filter_map(|raw| Some(kernel(raw.nodes.clone()?, raw)))
        .collect();
    // A set that would be long is left out: all that have no other.
    if let [raw] = rest.as_slice()
        && values.others + values.unsaid == 0
    {
        let others: BTreeSet<String> = all.iter().flat_map(|one| expanded(&one.on)).collect();
        let names = expanded(&group.nodes.set);
        let names = names.iter().filter(|name| !others.contains(*name));
        all.push(kernel(folded_set(names.map(|name| Name::of(name))), raw));
    }
    all
}

/// The names of a set.
fn expanded(set: &str) -> Vec<String> {
    let set = NodeSet::parse(set).unwrap_or_default();
    set.names().map(str::to_owned).collect()
}

/// What the nodes of a group said, once for those that looked at the same.
fn group(group: &fleet::Group) -> Vec<Said> {
    let most = |values: &fleet::Values| {
        let first = values.shown.first();
        first.map_or_else(String::new, |raw| raw.text.clone())
    };
    let checks = group
        .findings
        .iter()
        .map(|one| found(one.id.clone(), one.status, &most(&one.values), None));
    let mut said = Said {
        on: group.nodes.set.clone(),
        found: checks.collect(),
        cut: group.cut,
        run: Some(runtime::on_group(group)),
        ..Said::default()
    };
    for (runtime, operations) in &group.runtimes {
        let Some(run) = operations.get("run") else {
            continue;
        };
        let because = group.because.get(runtime).map_or(&[][..], Vec::as_slice);
        let fix = format!("fix.{runtime}");
        let fix = group.facts.iter().find(|fact| fact.what == fix);
        let fix = fix.map(|fact| most(&fact.values));
        let images = group.images.iter().filter_map(|of| of.get(runtime));
        let refused = images
            .flatten()
            .filter(|(_, unmet)| unmet.run == Verdict::No && unmet.up_to.is_none());
        let refused = refused.map(|(id, _)| id.as_str());
        judged(&mut said, runtime, (*run, because), refused, fix.as_deref());
    }
    let of = |part: &Looked| {
        let mut said = Said {
            on: part.nodes.set.clone(),
            ..said.clone()
        };
        if let Some(left_out) = &part.left_out {
            let [left_out, idle] = [left_out, &part.idle].map(|ids| ids.iter().map(String::as_str));
            looked(&mut said, left_out, idle);
        }
        said
    };
    match group.looked.as_slice() {
        [] => vec![said],
        parts => parts.iter().map(of).collect(),
    }
}
