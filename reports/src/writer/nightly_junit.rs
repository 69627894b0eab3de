//! `junit` of `report`: a test case a check, so that CI systems show what broke in the night as
//! failures. What is as bad as it was is skipped: it failed in the night that it broke. Names are the same
//! every night.

use std::io::Write;

use hpcctl_model::nightly::{Nightly, Verdict};

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::junit::{Case, Failed, Suite};
use crate::writer::nightly_table::summary::summary;
use crate::writer::nightly_table::told::{Row, sections, still};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "junit",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.nightly()?;
    let suite = Suite {
        of: "hpcctl.report",
        subject: "night",
        at: &report.started_at,
        cases: cases(&report.result),
        told: String::new(),
    };
    Ok(out.write_all(suite.text().as_bytes())?)
}

/// A case for the night as a whole, then one a check: the same name every night.
fn cases(nightly: &Nightly) -> Vec<Case> {
    let [head, _, unchecked] = summary(nightly).whole();
    let failed = |message: &str, text: String| Failed {
        kind: nightly.verdict.as_str().into(),
        message: message.into(),
        text,
    };
    let none = (nightly.verdict == Verdict::Nothing).then(|| failed(&head, String::new()));
    let mut cases = vec![Case {
        name: "results".into(),
        failure: none,
        skipped: None,
        told: format!("{head}\nnot checked: {unchecked}\n"),
    }];
    let mut of = |name: &str| -> usize {
        let known = cases.iter().position(|case| case.name == name);
        known.unwrap_or_else(|| {
            cases.push(Case {
                name: name.into(),
                ..Case::default()
            });
            cases.len() - 1
        })
    };
    let mut rows: Vec<(usize, Option<&str>, Row)> = Vec::new();
    for part in sections(nightly, true) {
        let rows_of = part.rows.into_iter();
        rows.extend(rows_of.map(|row| (of(&row.what), Some(part.title), row)));
    }
    for row in still(nightly, true) {
        rows.push((of(&row.what), None, row));
    }
    for (place, title, row) in rows {
        let case = &mut cases[place];
        match (title, &mut case.failure) {
            (Some(title), None) if row.worse => {
                let message = format!("{} {}", title.to_lowercase(), row.told());
                case.failure = Some(failed(&message, line(&row)));
            }
            (Some(_), Some(known)) if row.worse => known.text += &line(&row),
            _ => case.told += &line(&row),
        }
        // What is fixed, or no finding, is none of them; what fails is not skipped.
        let is_bad = title.is_none() || !["", "pass"].contains(&row.state.as_str());
        if is_bad {
            case.skipped = Some("does not pass, and is no worse than it was".into());
        }
    }
    for case in cases.iter_mut().filter(|case| case.failure.is_some()) {
        case.skipped = None;
    }
    cases
}

fn line(row: &Row) -> String {
    let fix = row.fix.as_ref();
    let fix = fix.map_or_else(String::new, |fix| format!(" fix: {fix}"));
    let line = format!("{} {} {}{fix}", row.state, row.what, row.told());
    format!("{}\n", line.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::nightly_table::tests::written;

    #[test]
    fn what_broke_is_a_failure_and_what_is_as_bad_as_it_was_is_skipped() {
        let xml = written(&WRITER, true);
        assert!(
            xml.contains("tests=\"7\" failures=\"3\" skipped=\"1\""),
            "{xml}"
        );
        let failure = "name=\"ns.user\">\n      <failure type=\"worse\" message=\"new on n[001-002,007] (3): ";
        assert!(xml.contains(failure), "{xml}");
        assert!(xml.contains("fix: sysctl user"), "{xml}");
        let lost =
            "name=\"node.reports\">\n      <failure type=\"worse\" message=\"not reporting on n100";
        assert!(xml.contains(lost), "{xml}");
        let still = "name=\"net.mtu\">\n      <skipped message=\"does not pass, and is no worse than it was\"/>";
        assert!(xml.contains(still), "{xml}");
        let fixed = "name=\"fuse.open\">\n      <system-out>pass fuse.open";
        assert!(xml.contains(fixed), "{xml}");
    }

    #[test]
    fn a_night_without_change_fails_nothing() {
        let xml = written(&WRITER, false);
        // The night, a check and a node that are as they were.
        assert!(
            xml.contains("tests=\"3\" failures=\"0\" skipped=\"2\""),
            "{xml}"
        );
        assert!(!xml.contains("<failure"), "{xml}");
    }
}
