//! `table` of `report`: the change first, then what is as it was; a night without change is three
//! lines.

use std::io::Write;

use hpcctl_model::doctor::Status;
use hpcctl_model::nightly::{Item, Nightly, Regression, Verdict};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{counted, filled, heading};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

/// The longest text where not every detail is wanted.
const LONG: usize = 600;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let text = text(&report.nightly()?.result, options);
    Ok(out.write_all(text.as_bytes())?)
}

/// The whole as text.
pub(super) fn text(nightly: &Nightly, options: &Options) -> String {
    let [head, still, unchecked] = summary(nightly);
    let mut text = filled("", &head, options.width);
    let cut = |line: &str| match options.verbose {
        true => line.to_owned(),
        false => crate::terminal::shortened(line, LONG).into_owned(),
    };
    for section in sections(nightly) {
        text += &heading(&section.title, options.color);
        for row in &section.rows {
            let first = format!("  {:8} ", row.state);
            let what = format!("{} on {}: {}", row.what, row.on, row.text);
            let what = if row.on.is_empty() {
                format!("{}: {}", row.what, row.text)
            } else {
                what
            };
            text += &filled(&first, &cut(&what), options.width);
            if let Some(fix) = &row.fix {
                text += &filled("           fix: ", &cut(fix), options.width);
            }
        }
    }
    if text.lines().count() > 1 {
        text.push('\n');
    }
    text += &filled("still: ", &cut(&still), options.width);
    text += &filled("not checked: ", &cut(&unchecked), options.width);
    if options.verbose {
        for item in &nightly.still {
            let row = row(item);
            let what = format!("{} on {}: {}", row.what, row.on, row.text);
            text += &filled(&format!("  {:8} ", row.state), &what, options.width);
        }
    }
    text
}

/// A part of the report.
pub(super) struct Section {
    pub title: String,
    /// Whether it tells of what is worse than it was.
    pub worse: bool,
    pub rows: Vec<Row>,
}

/// A line of a part.
pub(super) struct Row {
    pub state: String,
    pub what: String,
    pub on: String,
    pub text: String,
    pub fix: Option<String>,
}

/// The verdict in one line.
pub(super) fn verdict(nightly: &Nightly) -> String {
    let on = counted(
        usize::try_from(nightly.reported).unwrap_or(usize::MAX),
        "node",
    );
    match nightly.verdict {
        Verdict::Nothing => "no results".into(),
        Verdict::Unchanged => format!("no change on {on}"),
        Verdict::Worse | Verdict::Changed => {
            let parts = [
                (nightly.new.len(), "new"),
                (nightly.fixed.len(), "fixed"),
                (nightly.flapping.len(), "flapping"),
                (nightly.regressions.len(), "slower"),
                (
                    usize::try_from(nightly.lost.count).unwrap_or(usize::MAX),
                    "lost",
                ),
                (
                    usize::try_from(nightly.joined.count).unwrap_or(usize::MAX),
                    "joined",
                ),
                (nightly.waivers.len(), "waivers lapsing"),
            ];
            let parts = parts.iter().filter(|(count, _)| *count > 0);
            let parts: Vec<String> = parts.map(|(n, what)| format!("{n} {what}")).collect();
            format!("{}: {} on {on}", nightly.verdict.as_str(), parts.join(", "))
        }
    }
}

/// What is to be known of any night: three lines.
pub(super) fn summary(nightly: &Nightly) -> [String; 3] {
    let before = nightly.before_at.as_deref();
    let before = before.map_or("with none before".into(), |at| format!("since {at}"));
    let head = format!("{}, {before}", verdict(nightly));
    let oldest = nightly.still.iter().map(|item| &item.since).min();
    let still = match oldest {
        None => "nothing".into(),
        Some(since) => format!(
            "{}, the oldest since {since}",
            counted(nightly.still.len(), "finding")
        ),
    };
    let unchecked = nightly.not_checked.iter();
    let unchecked: Vec<String> = unchecked
        .map(|one| format!("{} ({})", one.what, one.why))
        .collect();
    let unchecked = match unchecked.as_slice() {
        [] => "nothing that was checked before".into(),
        some => some.join("; "),
    };
    [head, still, unchecked]
}

/// The parts that tell of change; those that tell of nothing are not there.
pub(super) fn sections(nightly: &Nightly) -> Vec<Section> {
    let part = |title: &str, worse, rows: Vec<Row>| Section {
        title: title.into(),
        worse,
        rows,
    };
    let items = |items: &[Item]| items.iter().map(row).collect();
    let set = |nodes: &hpcctl_model::fleet::Nodes, text: &str| {
        let some = (nodes.count > 0).then(|| plain("nodes", &nodes.set, text));
        some.into_iter().collect::<Vec<_>>()
    };
    let waivers = nightly.waivers.iter().map(|waiver| {
        let text = format!("its last day is {}; owner {}", waiver.expires, waiver.owner);
        plain(&waiver.id, "", &text)
    });
    let regressions = nightly.regressions.iter().map(regression).collect();
    let lost = set(
        &nightly.lost,
        "reported the night before, and not this night",
    );
    let all = [
        part("New", true, items(&nightly.new)),
        part("Lost", true, lost),
        part("Slower", true, regressions),
        part("Fixed", false, items(&nightly.fixed)),
        part("Flapping", false, items(&nightly.flapping)),
        part("Waivers that lapse", false, waivers.collect()),
        part(
            "Joined",
            false,
            set(&nightly.joined, "reported for the first time"),
        ),
    ];
    all.into_iter()
        .filter(|part| !part.rows.is_empty())
        .collect()
}

fn plain(what: &str, on: &str, text: &str) -> Row {
    Row {
        state: String::new(),
        what: what.into(),
        on: on.into(),
        text: text.into(),
        fix: None,
    }
}

fn regression(one: &Regression) -> Row {
    let text = format!(
        "{:.4} and {:.4} {} in the last two nights, usually {:.4} (spread {:.4}, {} nights): \
         worse by {:.0} %",
        one.last[0],
        one.last[1],
        one.unit,
        one.usual,
        one.spread,
        one.nights,
        one.worse * 100.0
    );
    plain(&one.series, "", &text)
}

/// A finding as a line.
pub(super) fn row(item: &Item) -> Row {
    let was = item.was.filter(|was| *was != item.status);
    let was = was.map_or_else(String::new, |was| format!("; was {}", was.as_str()));
    let others = match item.others {
        0 => String::new(),
        count => format!(" (and {count} other texts)"),
    };
    let count = match item.on.count {
        0 | 1 => String::new(),
        count => format!(" ({count})"),
    };
    Row {
        state: item.status.as_str().into(),
        what: item.id.clone(),
        on: format!("{}{count}", item.on.set),
        text: format!("{}{others}{was}; since {}", item.text, item.since),
        fix: item.fix.clone().filter(|_| item.status != Status::Pass),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::fleet::Nodes;
    use hpcctl_model::nightly::{Lapsing, NotChecked, Point, Trend};
    use hpcctl_model::{Envelope, HostInfo, Tool};

    use super::*;

    fn item(id: &str, status: Status, was: Status) -> Item {
        Item {
            id: id.into(),
            status,
            was: Some(was),
            on: Nodes {
                count: 3,
                set: "n[001-002,007]".into(),
            },
            text: "it is <b>0</b> & broken".into(),
            others: 1,
            since: "2026-11-25T02:00:00Z".into(),
            fix: Some("sysctl user.max_user_namespaces=10000".into()),
        }
    }

    /// A night with a change of each kind, or none.
    pub fn report(changed: bool) -> Envelope<Nightly> {
        let mut nightly = Nightly {
            verdict: Verdict::Unchanged,
            before_at: Some("2026-11-24T02:00:00Z".into()),
            at: Some("2026-11-25T02:00:00Z".into()),
            reported: 128,
            new: Vec::new(),
            fixed: Vec::new(),
            flapping: Vec::new(),
            still: vec![item("net.mtu", Status::Warn, Status::Warn)],
            joined: Nodes::default(),
            lost: Nodes::default(),
            waivers: Vec::new(),
            regressions: Vec::new(),
            trends: vec![Trend {
                what: "nodes".into(),
                unit: String::new(),
                points: [127.0, 128.0]
                    .map(|value| Point {
                        at: "2026-11-25T02:00:00Z".into(),
                        value,
                    })
                    .to_vec(),
            }],
            not_checked: vec![NotChecked {
                what: "n100".into(),
                why: "did not report".into(),
            }],
        };
        if changed {
            nightly.verdict = Verdict::Worse;
            nightly.new = vec![item("ns.user", Status::Fail, Status::Pass)];
            nightly.fixed = vec![item("fuse.open", Status::Pass, Status::Fail)];
            nightly.lost = Nodes {
                count: 1,
                set: "n100".into(),
            };
            nightly.waivers = vec![Lapsing {
                id: "W-1".into(),
                owner: "o".into(),
                expires: "2026-12-01".into(),
            }];
        }
        Envelope {
            schema: "hpcctl.nightly/1".into(),
            kind: "nightly".into(),
            tool: Tool {
                name: "hpcctl".into(),
                version: "0".into(),
            },
            host: HostInfo {
                name: "head".into(),
                kernel: "6".into(),
                arch: "x86_64".into(),
            },
            started_at: "2026-11-25T06:00:00Z".into(),
            finished_at: "2026-11-25T06:00:01Z".into(),
            result: nightly,
            unknowns: Vec::new(),
        }
    }

    /// What a writer makes of it.
    pub fn written(writer: &Writer, changed: bool) -> String {
        let options = Options {
            verbose: false,
            width: 100,
            color: false,
        };
        let mut out = Vec::new();
        (writer.write)(&Report::Nightly(&report(changed)), None, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_night_without_change_is_three_lines() {
        assert_eq!(
            written(&WRITER, false),
            "no change on 128 nodes, since 2026-11-24T02:00:00Z\n\
             still: 1 finding, the oldest since 2026-11-25T02:00:00Z\n\
             not checked: n100 (did not report)\n"
        );
    }

    #[test]
    fn the_change_comes_first() {
        let text = written(&WRITER, true);
        let head = "worse: 1 new, 1 fixed, 1 lost, 1 waivers lapsing on 128 nodes";
        assert!(text.starts_with(head), "{text}");
        let places = [
            "New",
            "ns.user",
            "Lost",
            "Fixed",
            "fuse.open",
            "W-1",
            "still:",
        ];
        let places = places.map(|word| text.find(word).unwrap());
        assert!(places.is_sorted(), "{text}");
        assert!(text.contains("fix: sysctl"), "{text}");
    }
}
