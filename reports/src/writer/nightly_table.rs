//! `table` of `report`: the change first, then what is as it was; a night without change is three
//! lines.

use std::io::Write;

use hpcctl_model::nightly::{Item, Nightly};

use crate::fix;
use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{advised, filled, heading, in_words, visible};
use crate::writer::Writer;
use summary::{still_of, summary};
use told::{NODES, Row, rows, sections};

pub mod summary;
pub mod told;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

/// The longest text where not every detail is wanted.
const LONG: usize = 600;

/// What stands in front of a fix.
pub(super) const FIX: &str = "           fix: ";

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
    let summary = summary(nightly);
    let mut text = filled("", &summary.head, options.width);
    for section in sections(nightly, options.verbose) {
        text += &heading(section.title, options.color);
        for row in &section.rows {
            text += &line(row, options);
        }
    }
    if text.contains("\n\n") {
        text.push('\n');
    }
    for (label, parts) in [
        ("still: ", &summary.still),
        ("not checked: ", &summary.unchecked),
    ] {
        text += &match options.verbose {
            true => filled(label, &parts.join("; "), options.width),
            false => in_a_line(label, parts, options.width.into()) + "\n",
        };
    }
    if options.verbose {
        let still: Vec<Item> = still_of(nightly).cloned().collect();
        for row in rows(&still, true) {
            text += &line(&row, options);
        }
    }
    text
}

/// As many parts as a line has room for, and how many more there are.
fn in_a_line(label: &str, parts: &[String], width: usize) -> String {
    let more = |left: usize| match left {
        0 => String::new(),
        left => format!("; and {left} more (-v)"),
    };
    let of = |shown: usize| {
        let shown_parts = parts[..shown].join("; ");
        visible(&format!(
            "{label}{shown_parts}{}",
            more(parts.len() - shown)
        ))
        .into_owned()
    };
    let fits = |shown: &usize| of(*shown).chars().count() <= width;
    let shown = (1..=parts.len()).rev().find(fits);
    shown.map_or_else(
        || {
            // Not even the first has room.
            let more = more(parts.len().saturating_sub(1));
            let room = width.saturating_sub(label.len() + more.len());
            let first = parts.first().map_or("", String::as_str);
            format!("{label}{}{more}", in_words(&visible(first), room))
        },
        of,
    )
}

/// A text, shortened where not every detail is wanted.
fn cut(text: &str, options: &Options) -> String {
    match options.verbose {
        true => text.to_owned(),
        false => in_words(text, LONG).into_owned(),
    }
}

/// A finding, and what to do. What holds a command is neither cut nor broken, so that it can be
/// pasted.
fn line(row: &Row, options: &Options) -> String {
    let what = match row.on.as_str() {
        on if row.what == NODES && row.state.is_empty() => format!("{on}: {}", row.text),
        "" => format!("{}: {}", row.what, row.text),
        on => format!("{} on {on}: {}", row.what, row.text),
    };
    let first = format!("  {:8} ", row.state);
    let mut text = filled(&first, &cut(&what, options), options.width);
    if let Some(fix) = &row.fix {
        text += &match fix::is_told(fix) {
            true => format!("{FIX}{}\n", visible(fix)),
            false => advised(FIX, fix, options.width),
        };
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::doctor::Status;
    use hpcctl_model::fleet::Nodes;
    use hpcctl_model::nightly::{
        Away, Broken, Containers, Lapsing, NotChecked, Point, Trend, Verdict,
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
            fix: Some("sysctl user.max_user_namespaces=10000".into()),
            follows: None,
            first: false,
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
            because: vec!["ns.user".into()],
            text: "it is 0".into(),
            fix: None,
            since: "2026-11-25T02:00:00Z".into(),
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
            flapping: Vec::new(),
            still: vec![item("net.mtu", Status::Warn, Status::Warn)],
            joined: Nodes::default(),
            returned: Nodes::default(),
            lost: Nodes::default(),
            waivers: Vec::new(),
            regressions: Vec::new(),
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
            not_checked: vec![NotChecked {
                what: "net.mtu on n7".into(),
                why: "was bad, and was not looked at this night".into(),
            }],
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
            text(&report(false).result, &options),
            "no change on 128 nodes, since 2026-11-24T02:00:00Z\n\
             still: containers do not run on n[001-002,007] (ns.user) since 2026-11-25T02:00:00Z; not \
             reporting n100 (ssh: no route to the node) since 2026-11-25T02:00:00Z; 1 warn, the oldest \
             since 2026-11-25T02:00:00Z\n\
             not checked: net.mtu on n7 (was bad, and was not looked at this night)\n"
        );
    }

    #[test]
    fn what_has_no_room_in_a_line_is_counted() {
        let parts = ["one of them", "two of them", "three"].map(str::to_owned);
        let line = |width| in_a_line("still: ", &parts, width);
        assert_eq!(line(80), "still: one of them; two of them; three");
        assert_eq!(line(36), "still: one of them; and 2 more (-v)");
        assert_eq!(line(33), "still: one of …; and 2 more (-v)");
        let quiet = report(false).result;
        for width in [40, 80] {
            let options = Options { width, ..OPTIONS };
            let text = text(&quiet, &options);
            assert!(
                text.lines()
                    .skip(1)
                    .all(|line| line.chars().count() <= width.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn the_change_comes_first() {
        let text = written(&WRITER, true);
        let head = "worse: containers no longer run on n[001-002,007] (ns.user); not reporting: n100; 1 new, 1 fixed, 1\n\
                    lapsing on 128 nodes";
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
        let text = super::text(&report(true).result, &verbose);
        assert!(text.contains("fail     run.podman on"), "{text}");
    }
}
