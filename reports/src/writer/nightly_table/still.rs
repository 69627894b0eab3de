//! What is as bad as it was, in a line: whole, and with what there is room for.

use hpcctl_model::doctor::Status;
use hpcctl_model::nightly::{Broken, Item, Nightly, Verdict};

use super::summary::{Part, by_status, short, still_of, what, with_cause};
use super::told::from;
use crate::terminal::counted;

/// The longest set of nodes where room is scarce.
const SCARCE: usize = 16;

/// The most findings that fail, and figures, that are named.
const NAMED: usize = 2;

/// What is as bad as it was: first where containers do not run, then who does not report.
pub(super) fn still(nightly: &Nightly) -> Vec<Part> {
    if nightly.verdict == Verdict::First {
        let text = "nothing yet: later nights are held against this one";
        return vec![Part::of(text.into())];
    }
    let broken = nightly.broken.iter();
    let broken = broken.filter(|one| !one.new && !one.first).map(|one| Part {
        long: format!(
            "{} since {}",
            what(one, &with_cause(one, usize::MAX)),
            from(&one.since, one.or_before)
        ),
        short: scarce(one),
    });
    let away = nightly.away.iter().filter(|one| !one.new).map(|one| Part {
        long: format!(
            "not reporting {} ({}) since {}",
            one.nodes.set, one.why, one.since
        ),
        short: format!(
            "not reporting {} since {}",
            short(&one.nodes, SCARCE),
            day(&one.since)
        ),
    });
    let retired = (nightly.retired.count > 0).then(|| Part {
        long: format!("retired, and reporting: {}", nightly.retired.set),
        short: format!(
            "retired, and reporting: {}",
            short(&nightly.retired, SCARCE)
        ),
    });
    let parts = broken.chain(away).chain(retired).chain(slow(nightly));
    parts.chain(findings(nightly)).collect()
}

/// Figures that are as much worse as they were.
fn slow(nightly: &Nightly) -> Option<Part> {
    let since = nightly.slow.iter().map(|one| &one.since).min()?;
    let named = nightly.slow.iter().map(|one| {
        let by = one.worse * 100.0;
        format!("{} (by {by:.0} %)", one.series)
    });
    let count = counted(nightly.slow.len(), "figure");
    let named = match nightly.slow.len() {
        0..=NAMED => named.collect::<Vec<_>>().join(", "),
        _ => count.clone(),
    };
    Some(Part {
        long: format!("slower: {named}, the oldest since {since}"),
        short: format!("slower: {count}, oldest {}", day(since)),
    })
}

/// How many findings are as bad as they were; of few that fail, which.
fn findings(nightly: &Nightly) -> Option<Part> {
    let oldest = still_of(nightly).min_by_key(|item| (&item.since, !item.or_before))?;
    let since = from(&oldest.since, oldest.or_before);
    let day = from(day(&oldest.since), oldest.or_before);
    let counts = by_status(still_of(nightly));
    // What keeps containers from running is named with them.
    let is_told = |id: &String| {
        id.starts_with("run.") || nightly.broken.iter().any(|one| one.because.contains(id))
    };
    let is_named =
        |item: &&Item| item.status == Status::Fail && item.follows.is_none() && !is_told(&item.id);
    let failing: Vec<String> = still_of(nightly)
        .filter(is_named)
        .map(|item| format!("{} on {}", item.id, short(&item.on, SCARCE)))
        .collect();
    let named = match failing.len() {
        1..=NAMED => format!(" ({})", failing.join(", ")),
        _ => String::new(),
    };
    let (fail, others) = match counts.split_once(", ") {
        Some((fail, others)) => (fail, format!(", {others}")),
        None => (counts.as_str(), String::new()),
    };
    Some(Part {
        long: format!("{fail}{named}{others}, the oldest since {since}"),
        short: format!("{counts}, oldest {day}"),
    })
}

/// What has been wrong since a day, where room is scarce.
fn scarce(one: &Broken) -> String {
    let nodes = with_cause(one, SCARCE);
    let day = from(day(&one.since), one.or_before);
    match (&one.gone, one.all, one.runtimes.as_slice()) {
        (Some(_), true, _) => format!("no runtime is left on {nodes} since {day}"),
        (Some(runtime), ..) => format!("{runtime} is gone from {nodes} since {day}"),
        (None, true, _) | (None, _, []) => format!("no container runs on {nodes} since {day}"),
        (None, false, [runtime]) => format!("{runtime} does not run on {nodes} since {day}"),
        (None, false, all) => format!("{} do not run on {nodes} since {day}", all.join(", ")),
    }
}

/// The day of a time.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}
