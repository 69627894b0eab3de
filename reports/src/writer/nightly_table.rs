//! `table` of `report`: the change first, then what is as it was, how things went, and what was not checked;
//! a night without change is three lines.

use std::io::Write;

use hpcctl_model::nightly::{NODES, Nightly};

use crate::fix;
use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{advised, filled, heading, visible};
use crate::writer::Writer;
use alike::{Alike, alike};
use summary::{Part, joined, summary};
use told::{Row, sections, still};

pub mod alike;
mod still;
pub mod summary;
pub mod told;
pub mod trends;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

/// The longest set of nodes where not every detail is wanted.
const LONG: usize = 400;

/// How the rest is had of what has no room in a line.
const REST: &str = " (-v)";

/// At which column the text of a row begins.
pub(super) const TEXT: usize = 11;

/// What stands in front of a fix.
pub(super) const FIX: &str = "           fix: ";

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let text = text(&report.nightly()?.result, options, REST);
    Ok(out.write_all(text.as_bytes())?)
}

/// The whole as text; it is told how the rest is had of what has no room.
pub(super) fn text(nightly: &Nightly, options: &Options, rest: &str) -> String {
    let summary = summary(nightly);
    let mut text = filled("", &summary.head, options.width);
    for section in sections(nightly, options.verbose) {
        text += &heading(section.title, options.color);
        text += &lines(section.rows, options);
    }
    if text.contains("\n\n") {
        text.push('\n');
    }
    let of = |label, parts: &[Part]| match options.verbose {
        true => filled(label, &joined(parts), options.width),
        false => in_a_line(label, parts, options.width, rest),
    };
    text += &of("still: ", &summary.still);
    if options.verbose {
        text += &lines(still(nightly, true), options);
    }
    let trends = trends::lines(nightly, options.verbose, rest);
    if !trends.is_empty() {
        text += &heading("Trends", options.color);
        for line in trends {
            text += &filled(&format!("  {:15}", line.drawn), &line.words, options.width);
        }
        text.push('\n');
    }
    text + &of("not checked: ", &summary.unchecked)
}

/// The parts in a line: whole, or short, or as many of the short ones as it has room for, and how many more
/// there are, or the least of the first. No part is cut: where that has no room, it takes more lines.
fn in_a_line(label: &str, parts: &[Part], width: u16, rest: &str) -> String {
    let fits = |text: &String| label.len() + visible(text).chars().count() <= width.into();
    let with_left = |told: String, shown: usize| match parts.len() - shown {
        0 => told,
        left => format!("{told}; {left} more{rest}"),
    };
    let shorts: Vec<&str> = parts.iter().map(|part| part.short.as_str()).collect();
    let shown = (1..=parts.len()).rev();
    let some = shown.map(|shown| with_left(shorts[..shown].join("; "), shown));
    let least = parts.first().map(|part| with_left(part.least.clone(), 1));
    let some = some.chain(least);
    let mut all = std::iter::once(joined(parts)).chain(some).peekable();
    let mut text = String::new();
    while let Some(one) = all.next_if(|one| !fits(one)) {
        text = one;
    }
    filled(label, &all.next().unwrap_or(text), width)
}

/// The rows of a part, the findings of the same nodes below them.
fn lines(rows: Vec<Row>, options: &Options) -> String {
    let most = if options.verbose { usize::MAX } else { LONG };
    let of = |one: Alike| match one.only() {
        Some(row) => line(row, &row.on(most), options),
        None => {
            let first = filled("  ", &format!("on {}:", one.on(most)), options.width);
            let each = one.rows.iter().map(|row| line(row, "", options));
            first + &each.collect::<String>()
        }
    };
    alike(rows).into_iter().map(of).collect()
}

/// A finding on nodes, and what to do. What holds a command is neither cut nor broken, so that it can be
/// pasted.
fn line(row: &Row, on: &str, options: &Options) -> String {
    let what = match on {
        on if row.what == NODES && row.state.is_empty() => format!("{on}: {}", row.text),
        "" => format!("{}: {}", row.what, row.text),
        on => format!("{} on {on}: {}", row.what, row.text),
    };
    let first = format!("  {:8} ", row.state);
    let mut text = filled(&first, &what, options.width);
    if let Some(fix) = &row.fix {
        text += &match fix::is_told(fix) {
            true => format!("{FIX}{}\n", visible(fix)),
            false => advised(FIX, fix, options.width),
        };
    }
    text
}

#[cfg(test)]
mod agree;
#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::doctor::Status;
    use hpcctl_model::fleet::Nodes;
    use hpcctl_model::nightly::{
        Away, Broken, Containers, Item, Lapsing, NotChecked, Point, Trend, Verdict,
    };
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
            or_before: false,
            fix: Some("sysctl user.max_user_namespaces=10000".into()),
            follows: None,
            first: false,
            part: false,
        }
    }

    fn nodes(set: &str, count: u64) -> Nodes {
        Nodes {
            count,
            set: set.into(),
        }
    }

    fn broken(new: bool) -> Broken {
        Broken {
            nodes: nodes("n[001-002,007]", 3),
            new,
            first: false,
            gone: None,
            runtimes: vec!["podman".into()],
            all: true,
            ran: new,
            because: vec!["ns.user".into()],
            text: "it is 0".into(),
            fix: None,
            since: "2026-11-25T02:00:00Z".into(),
            or_before: false,
        }
    }

    /// A night of which only what stays is told.
    fn night(changed: bool) -> Nightly {
        Nightly {
            verdict: Verdict::Unchanged,
            before_at: Some("2026-11-24T02:00:00Z".into()),
            at: Some("2026-11-25T02:00:00Z".into()),
            last_at: Some("2026-11-25T02:00:00Z".into()),
            reported: 128,
            images: 0,
            measured: Nodes::default(),
            containers: Containers {
                yes: 125,
                no: 3,
                missing: 1,
                ..Containers::default()
            },
            broken: vec![broken(changed)],
            away: vec![Away {
                nodes: nodes("n100", 1),
                new: changed,
                why: "ssh: no route to the node".into(),
                since: "2026-11-25T02:00:00Z".into(),
            }],
            new: Vec::new(),
            fixed: Vec::new(),
            eased: Vec::new(),
            flapping: Vec::new(),
            still: vec![item("net.mtu", Status::Warn, Status::Warn)],
            joined: Nodes::default(),
            returned: Nodes::default(),
            lost: Nodes::default(),
            retired: Nodes::default(),
            kernels: Vec::new(),
            waivers: Vec::new(),
            regressions: Vec::new(),
            slow: Vec::new(),
            recovered: Vec::new(),
            costs: Vec::new(),
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
            not_checked: vec![NotChecked::of(
                "net.mtu on n7",
                "was bad, and was not looked at this night",
            )],
        }
    }

    /// A night with a change of each kind, or none.
    pub fn report(changed: bool) -> Envelope<Nightly> {
        let mut nightly = night(changed);
        if changed {
            nightly.verdict = Verdict::Worse;
            let follows = Item {
                follows: Some("ns.user".into()),
                ..item("run.podman", Status::Fail, Status::Pass)
            };
            nightly.new = vec![item("ns.user", Status::Fail, Status::Pass), follows];
            nightly.fixed = vec![item("fuse.open", Status::Pass, Status::Fail)];
            nightly.lost = nodes("n100", 1);
            nightly.waivers = vec![Lapsing {
                id: "W-1".into(),
                owner: "o".into(),
                expires: "2026-12-01".into(),
                lapsed: false,
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

    const OPTIONS: Options = Options {
        verbose: false,
        width: 100,
        color: false,
    };

    /// What a writer makes of it.
    pub fn written(writer: &Writer, changed: bool) -> String {
        let mut out = Vec::new();
        (writer.write)(&Report::Nightly(&report(changed)), None, &OPTIONS, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_night_without_change_is_three_lines() {
        let options = Options {
            width: 300,
            ..OPTIONS
        };
        assert_eq!(
            text(&report(false).result, &options, REST),
            "no change on 128 nodes, since 2026-11-24T02:00:00Z\n\
             still: containers do not run on n[001-002,007] (ns.user) since 2026-11-25T02:00:00Z; not \
             reporting n100 (ssh: no route to the node) since 2026-11-25T02:00:00Z; 1 warn, the oldest \
             since 2026-11-25T02:00:00Z\n\
             not checked: net.mtu on n7 (was bad, and was not looked at this night)\n"
        );
    }

    #[test]
    fn checks_that_are_never_looked_at_cost_no_line_more() {
        let mut night = report(false).result;
        let ids: Vec<String> = (0..22).map(|n| format!("net.check{n}")).collect();
        let of = |set: &str| NotChecked {
            checks: ids.clone(),
            ..NotChecked::of(format!("22 checks on {set}"), "left out")
        };
        night.not_checked = vec![of("n[001-128]"), of(&"x".repeat(80))];
        night.still.clear();
        night.away.clear();
        let told = |verbose| {
            let options = Options {
                verbose,
                width: 80,
                color: false,
            };
            text(&night, &options, "")
        };
        let short = told(false);
        assert!(
            short.ends_with("\nnot checked: 22 checks (-v lists them)\n"),
            "{short}"
        );
        assert_eq!(short.lines().count(), 3, "{short}");
        let long = told(true);
        assert!(ids.iter().all(|id| long.contains(id)), "{long}");
    }

    #[test]
    fn what_is_found_on_the_same_nodes_is_told_once() {
        let mut night = report(true).result;
        night.new = ["a.b", "c.d"]
            .map(|id| item(id, Status::Fail, Status::Pass))
            .to_vec();
        let options = Options {
            width: 300,
            ..OPTIONS
        };
        let text = text(&night, &options, REST);
        let expected = "New\n  on n[001-002,007] (3):\n  fail     a.b: it is <b>0</b> & broken (and 1 other text); \
                        was pass; since 2026-11-25T02:00:00Z\n           fix: sysctl user.max_user_namespaces=10000\n  \
                        fail     c.d: it is";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn what_has_no_room_in_a_line_is_shorter_or_counted_and_never_cut() {
        let part = |(long, short): (&str, &str)| Part::new(long.into(), short.into());
        let parts = [("one of them", "one"), ("two of them", "two")].map(part);
        for (width, expected) in [
            (80, "still: one of them; two of them\n"),
            (22, "still: one; two\n"),
        ] {
            assert_eq!(in_a_line("still: ", &parts, width, REST), expected);
        }
        let parts = [("one", "one"), ("another", "another")].map(part);
        let told = |rest| in_a_line("not checked: ", &parts, 24, rest);
        assert_eq!(told(""), "not checked: one; 1 more\n");
        // What has no room at all goes on in the next line.
        let quiet = report(false).result;
        for (width, expected) in [
            (
                80,
                "still: no container runs on n[001-002,007] (ns.user) since 2026-11-25; 2 more\n",
            ),
            (
                60,
                "still: no container runs on n[001-002,007] since 2026-11-25;\n       2 more\n",
            ),
            (
                70,
                "still: no container runs on n[001-002,007] since 2026-11-25; 2 more\n",
            ),
        ] {
            let options = Options { width, ..OPTIONS };
            let text = text(&quiet, &options, "");
            assert!(text.contains(expected), "{text}");
            let mut lines = text.lines();
            assert!(lines.all(|line| line.chars().count() <= width.into()));
        }
    }

    #[test]
    fn the_change_comes_first() {
        let text = written(&WRITER, true);
        let head = "worse: containers no longer run on n[001-002,007] (ns.user); not reporting: n100; 1 new, 1 fixed, 1\n\
                    lapsing; 128 nodes examined";
        assert!(text.starts_with(head), "{text}");
        let places = [
            "\nNew",
            "fail     ns.user",
            "\nNot reporting",
            "Fixed",
            "passes now; was fail",
            "W-1",
            "still:",
        ];
        let places = places.map(|word| text.find(word).unwrap());
        assert!(places.is_sorted(), "{text}");
        assert!(text.contains("fix: sysctl"), "{text}");
        assert!(!text.contains("run.podman"), "{text}");
        assert!(text.contains("1 more finding of the same"), "{text}");
        let verbose = Options {
            verbose: true,
            ..OPTIONS
        };
        let text = super::text(&report(true).result, &verbose, REST);
        assert!(text.contains("fail     run.podman: "), "{text}");
    }
}
