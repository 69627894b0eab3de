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
        least: least(one),
    });
    let away = nightly.away.iter().filter(|one| !one.new).map(|one| {
        let (set, since) = (&one.nodes.set, &one.since);
        let long = format!("not reporting {set} ({}) since {since}", one.why);
        let (set, since) = (short(&one.nodes, SCARCE), day(since));
        Part::new(long, format!("not reporting {set} since {since}"))
    });
    let retired = (nightly.retired.count > 0).then(|| {
        let of = |set: &str| format!("retired, and reporting: {set}");
        Part::new(
            of(&nightly.retired.set),
            of(&short(&nightly.retired, SCARCE)),
        )
    });
    let parts = broken.chain(away).chain(retired).chain(slow(nightly));
    let mut parts: Vec<Part> = parts.collect();
    parts.extend(findings(nightly, parts.is_empty()));
    parts
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
    let long = format!("slower: {named}, the oldest since {since}");
    let short = format!("slower: {count}, oldest {}", day(since));
    Some(Part::new(long, short))
}

/// How many findings are as bad as they were; of few that fail, which: of one that stands alone where there is
/// little room, too.
fn findings(nightly: &Nightly, is_alone: bool) -> Option<Part> {
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
    let scarce = match failing.len() {
        1 if is_alone => format!("{fail}{named}{others}"),
        _ => counts.clone(),
    };
    let long = format!("{fail}{named}{others}, the oldest since {since}");
    Some(Part::new(long, format!("{scarce}, oldest {day}")))
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

/// The same with no cause, which has room in 80 columns whatever the nodes and the runtime are called.
fn least(one: &Broken) -> String {
    let (nodes, day) = (short(&one.nodes, SCARCE), day(&one.since));
    match (&one.gone, one.all, one.runtimes.as_slice()) {
        (Some(_), true, _) => format!("no runtime is left on {nodes} since {day}"),
        (Some(runtime), ..) => format!("gone: {runtime} on {nodes} since {day}"),
        (None, true, _) | (None, _, []) => format!("no container runs on {nodes} since {day}"),
        (None, false, [runtime]) => format!("{runtime} fails on {nodes} since {day}"),
        (None, false, all) => format!("{} runtimes fail on {nodes} since {day}", all.len()),
    }
}

/// The day of a time.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use hpcctl_model::fleet::Nodes;

    use super::*;
    use crate::writer::nightly_table::tests::report;

    #[test]
    fn the_least_has_room_in_a_line_with_what_stands_around_it() {
        let mut one = report(false).result.broken[0].clone();
        one.nodes = Nodes {
            count: 1,
            set: "a-node-with-a-very-long-name-in-a-rack".into(),
        };
        (one.or_before, one.all) = (true, false);
        let because = ["node.userns.max", "node.subid.range"].map(String::from);
        one.because = because.to_vec();
        let runtimes = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (gone, names) in [
            (None, runtimes(&["docker-rootless"])),
            (None, runtimes(&["podman", "docker-rootless", "apptainer"])),
            (None, Vec::new()),
            (Some("docker-rootless".to_owned()), Vec::new()),
        ] {
            (one.gone, one.runtimes) = (gone, names);
            let line = format!("still: {}; 12 more (-v)", least(&one));
            assert!(line.chars().count() <= 80, "{line}");
            assert!(line.contains("a-node-…n-a-rack"), "{line}");
        }
    }

    #[test]
    fn one_node_and_one_image_are_named_however_long_the_name() {
        let of = |set: &str, count| {
            let set = set.into();
            short(&Nodes { count, set }, SCARCE)
        };
        let image = "docker://registry.example.org/hpc/gromacs-2025.4-cuda12.6:prod";
        assert_eq!(of(image, 1), "gromacs…2.6:prod");
        assert_eq!(
            of("docker://registry.example.org/hpc/gromacs:1", 1),
            "gromacs:1"
        );
        assert_eq!(
            of("compute-rack12-node034.cluster.example", 1),
            "compute…-node034"
        );
        assert_eq!(of("node034.cluster.example.org", 1), "node034");
        assert_eq!(of(&format!("{image},{image}"), 2), "2 images");
        assert_eq!(of("n[001,003,005,007,009]", 5), "5 nodes");
        // Alone it is named where there is little room, too.
        let mut night = report(false).result;
        let mut item = night.still[0].clone();
        (item.id, item.status) = ("license.terms".into(), Status::Fail);
        item.on = Nodes {
            count: 1,
            set: image.into(),
        };
        night.still = vec![item];
        let last = |night: &Nightly| still(night).pop().map(|part| part.short);
        assert_eq!(last(&night).as_deref(), Some("1 fail, oldest 2026-11-25"));
        (night.broken, night.away) = (Vec::new(), Vec::new());
        let told = "1 fail (license.terms on gromacs…2.6:prod), oldest 2026-11-25";
        assert_eq!(last(&night).as_deref(), Some(told));
    }
}
