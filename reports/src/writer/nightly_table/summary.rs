//! What every format of `report` tells of any night: the verdict in a line, what is as bad as it was, and
//! what was not checked.

use std::collections::BTreeSet;

use hpcctl_model::bench;
use hpcctl_model::doctor::Status;
use hpcctl_model::fleet::Nodes;
use hpcctl_model::nightly::{Away, Broken, Item, Nightly, NotChecked, Verdict};

use super::still::still;
use super::told::is;
use crate::fleet::node_set::union;
use crate::terminal::{counted, without_middle};

/// The longest set of nodes in the verdict; of a longer one how many they are.
const SET: usize = 48;

/// The most causes in the verdict.
const CAUSES: usize = 4;

/// The verdict in one line.
pub fn verdict(nightly: &Nightly) -> String {
    let (word, mut parts) = match nightly.verdict {
        Verdict::Nothing => return "no results".into(),
        Verdict::Unchanged => {
            let of = place(nightly).map_or_else(String::new, |place| format!(" on {place}"));
            return format!("no change{of}");
        }
        Verdict::First => {
            let mut parts = broken(nightly.broken.iter());
            parts.extend(running(nightly));
            parts.extend(away(&nightly.away, false));
            parts.push(by_status(nightly.still.iter()));
            ("first night", parts)
        }
        Verdict::Worse | Verdict::Changed => {
            let found = nightly.broken.iter();
            let mut parts = broken(found.clone().filter(|one| one.new));
            parts.extend(broken(found.filter(|one| one.first)));
            parts.extend(away(&nightly.away, true));
            parts.push(counts(nightly));
            (nightly.verdict.as_str(), parts)
        }
    };
    parts.extend(place(nightly).map(|place| format!("{place} examined")));
    parts.retain(|part| !part.is_empty());
    format!("{word}: {}", parts.join("; "))
}

/// How many findings of each kind of change there are.
fn counts(nightly: &Nightly) -> String {
    let size = |nodes: &Nodes| usize::try_from(nodes.count).unwrap_or(usize::MAX);
    let (again, flapping): (Vec<&Item>, Vec<&Item>) = nightly
        .flapping
        .iter()
        .partition(|item| item.status == Status::Fail);
    let kernels = nightly.kernels.iter().map(|one| size(&one.nodes)).sum();
    let lapsed = nightly.waivers.iter().filter(|one| one.lapsed).count();
    let parts = [
        (causes(nightly.new.iter()), "new"),
        (causes(again.into_iter()), "failing again"),
        (fixed(nightly), "fixed"),
        (causes(nightly.eased.iter()), "better"),
        (causes(flapping.into_iter()), "flapping"),
        (slower(nightly), "slower"),
        (of_costs(nightly, bench::Verdict::Faster), "faster"),
        (size(&nightly.returned), "back"),
        (size(&nightly.joined), "joined"),
        (kernels, "with another kernel"),
        (causes(first_of(nightly)), "looked at for the first time"),
        (nightly.waivers.len() - lapsed, "lapsing"),
        (lapsed, "lapsed"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(n, what)| format!("{n} {what}")).collect();
    parts.join(", ")
}

/// How many findings are fixed, and figures as usual again.
pub fn fixed(nightly: &Nightly) -> usize {
    causes(nightly.fixed.iter()) + nightly.recovered.len()
}

/// How many figures, and costs of a container, are worse than they were.
pub fn slower(nightly: &Nightly) -> usize {
    nightly.regressions.len() + of_costs(nightly, bench::Verdict::Slower)
}

fn of_costs(nightly: &Nightly, verdict: bench::Verdict) -> usize {
    let costs = nightly.costs.iter();
    costs.filter(|one| is(one, verdict)).count()
}

/// How many findings there are, without those that follow from another.
pub fn causes<'a>(items: impl Iterator<Item = &'a Item>) -> usize {
    items.filter(|item| item.follows.is_none()).count()
}

/// What was looked at for the first time.
pub(super) fn first_of(nightly: &Nightly) -> impl Iterator<Item = &Item> + Clone {
    nightly.still.iter().filter(|item| item.first)
}

/// What is as bad as it was.
pub(super) fn still_of(nightly: &Nightly) -> impl Iterator<Item = &Item> + Clone {
    nightly.still.iter().filter(|item| !item.first)
}

/// What the results are of.
fn place(nightly: &Nightly) -> Option<String> {
    let count = |count: u64, noun| (count > 0).then(|| counted(count, noun));
    let nodes = count(nightly.reported.saturating_sub(nightly.images), "node");
    match (nodes, count(nightly.images, "image")) {
        (Some(nodes), Some(images)) => return Some(format!("{nodes} and {images}")),
        (Some(some), None) | (None, Some(some)) => return Some(some),
        (None, None) => {}
    }
    (nightly.measured.count > 0).then(|| short(&nightly.measured, SET))
}

/// The nodes or images, or how many they are where that would be longer than so many characters; of one the
/// name without where it is, and where that is too long without its middle.
pub(super) fn short(nodes: &Nodes, most: usize) -> String {
    let set = nodes.set.as_str();
    if set.chars().count() <= most {
        return set.into();
    }
    let is_image = set.contains([':', '/']);
    let name = match is_image {
        true => set.rsplit('/').find(|part| !part.is_empty()),
        false => set.split('.').next(),
    };
    match nodes.count {
        0 | 1 => without_middle(name.unwrap_or(set), most).into_owned(),
        count => {
            let noun = if is_image { "image" } else { "node" };
            counted(count, noun)
        }
    }
}

/// What is wrong with the runtimes there, and with which nodes.
pub(super) fn what(one: &Broken, nodes: &str) -> String {
    match &one.gone {
        Some(_) if one.all => return format!("no runtime is left on {nodes}"),
        Some(runtime) => return format!("{runtime} is gone from {nodes}"),
        None => {}
    }
    let runtimes = match (one.all, one.runtimes.as_slice()) {
        (true, _) | (_, []) => "containers".into(),
        (false, runtimes) => format!("containers of {}", runtimes.join(" and ")),
    };
    let longer = if one.new && one.ran {
        "no longer"
    } else {
        "do not"
    };
    format!("{runtimes} {longer} run on {nodes}")
}

/// The nodes with the cause, where the nodes do not say it.
pub(super) fn with_cause(one: &Broken, most: usize) -> String {
    let nodes = short(&one.nodes, most);
    match &one.gone {
        Some(runtimes) if one.all => format!("{nodes} (without {runtimes})"),
        Some(_) => nodes,
        None if one.because.is_empty() => format!("{nodes} ({})", one.text),
        None => format!("{nodes} ({})", one.because.join(", ")),
    }
}

/// Nodes on which runtimes run no container, and why.
fn broken<'a>(all: impl Iterator<Item = &'a Broken>) -> Vec<String> {
    let mut by_what: Vec<(String, Vec<String>)> = Vec::new();
    for one in all {
        let (what, named) = (what(one, ""), with_cause(one, SET));
        match by_what.iter_mut().find(|(known, _)| *known == what) {
            Some((_, known)) => known.push(named),
            None => by_what.push((what, vec![named])),
        }
    }
    let parts = by_what.into_iter().take(CAUSES).map(|(what, named)| {
        let more = match named.len().saturating_sub(CAUSES) {
            0 => String::new(),
            more => format!(" and of {}", counted(more, "more cause")),
        };
        let named = &named[..named.len().min(CAUSES)];
        format!("{what}{}{more}", named.join(", "))
    });
    parts.collect()
}

/// On how many of the nodes containers run.
fn running(nightly: &Nightly) -> Option<String> {
    let nodes = nightly.reported.saturating_sub(nightly.images);
    let run = nightly.containers.yes + nightly.containers.degraded;
    (nodes > 0).then(|| match run == nodes {
        true => "containers run on all".into(),
        false => format!("containers run on {run} of {nodes}"),
    })
}

/// Nodes that do not report: those of which that is new, or the others.
fn away(all: &[Away], new: bool) -> Option<String> {
    let some = all.iter().filter(|away| away.new == new);
    let nodes = some.map(|away| away.nodes.clone());
    let nodes = nodes.reduce(|one, other| union(&one, &other))?;
    Some(format!("not reporting: {}", short(&nodes, SET)))
}

/// How many findings fail, warn or are unknown.
pub(super) fn by_status<'a>(items: impl Iterator<Item = &'a Item> + Clone) -> String {
    let parts = [Status::Fail, Status::Warn, Status::Unknown].map(|status| {
        let count = causes(items.clone().filter(|item| item.status == status));
        (count > 0).then(|| format!("{count} {}", status.as_str()))
    });
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.as_slice() {
        [] => "no finding".into(),
        some => some.join(", "),
    }
}

/// What is to be known of any night: three lines.
pub struct Summary {
    /// The verdict, and since when.
    pub head: String,
    /// What is as bad as it was.
    pub still: Vec<Part>,
    /// What was not checked.
    pub unchecked: Vec<Part>,
}

/// A part of a line.
pub struct Part {
    /// All of it.
    pub long: String,
    /// What there is room for in a line.
    pub short: String,
    /// What has to be said of it where even that has no room.
    pub least: String,
}

impl Part {
    pub(super) fn of(long: String) -> Self {
        let short = long.clone();
        Self::new(long, short)
    }

    pub(super) fn new(long: String, short: String) -> Self {
        let least = short.clone();
        Self { long, short, least }
    }
}

/// The parts, whole.
pub(super) fn joined(parts: &[Part]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.long.as_str()).collect();
    parts.join("; ")
}

impl Summary {
    /// The lines of a night, whole.
    pub fn whole(&self) -> [String; 3] {
        [
            self.head.clone(),
            joined(&self.still),
            joined(&self.unchecked),
        ]
    }
}

/// What is to be known of any night.
pub fn summary(nightly: &Nightly) -> Summary {
    let before = match (nightly.before_at.as_deref(), nightly.verdict) {
        (None, _) => "with none before".into(),
        (Some(at), Verdict::First) => format!("with none to compare with: the last are of {at}"),
        (Some(at), Verdict::Nothing) => format!("the last are of {at}"),
        (Some(at), _) => format!("since {at}"),
    };
    let or = |mut parts: Vec<Part>, nothing: &str| {
        if parts.is_empty() {
            parts.push(Part::of(nothing.into()));
        }
        parts
    };
    Summary {
        head: format!("{}, {before}", verdict(nightly)),
        still: or(still(nightly), "nothing"),
        unchecked: or(unchecked(nightly), "nothing that was checked before"),
    }
}

/// What was not checked; the checks that were not before either are one part.
fn unchecked(nightly: &Nightly) -> Vec<Part> {
    let all = nightly.not_checked.iter();
    let (others, listed): (Vec<&NotChecked>, Vec<&NotChecked>) =
        all.partition(|one| one.checks.is_empty());
    let others = others.into_iter();
    let others = others.map(|one| Part::of(format!("{} ({})", one.what, one.why)));
    let checks: BTreeSet<&String> = listed.iter().flat_map(|one| &one.checks).collect();
    let listed = listed.iter().map(|one| {
        let checks = one.checks.join(", ");
        format!("{} ({}): {checks}", one.what, one.why)
    });
    let listed: Vec<String> = listed.collect();
    let listed = (!listed.is_empty()).then(|| {
        let short = format!("{} (-v lists them)", counted(checks.len(), "check"));
        Part::new(listed.join("; "), short)
    });
    others.chain(listed).collect()
}
