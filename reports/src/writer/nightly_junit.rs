//! `junit` of `report`: a test case a check, so that CI systems show what broke in the night as
//! failures. What is as bad as it was is skipped: it failed in the night that it broke.

use std::io::Write;

use hpcctl_model::nightly::{Nightly, Verdict};

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::junit::{Case, Failed, Suite};
use crate::writer::nightly_table::summary::{still_of, summary, verdict};
use crate::writer::nightly_table::told::{Row, row, sections};

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
    let subject = verdict(&report.result);
    let suite = Suite {
        of: "hpcctl.report",
        subject: &subject,
        at: &report.started_at,
        cases: cases(&report.result),
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
    let mut rows: Vec<(usize, Option<String>, Row)> = Vec::new();
    for part in sections(nightly, true) {
        let worse = part.worse.then(|| part.title.to_lowercase());
        rows.extend(
            part.rows
                .into_iter()
                .map(|row| (of(&row.what), worse.clone(), row)),
        );
    }
    // What was looked at for the first time is among the parts.
    for still in still_of(nightly) {
        rows.push((of(&still.id), None, row(still)));
    }
    let is_first = nightly.verdict == Verdict::First;
    let still = |id: &str| {
        let mut still = nightly.still.iter();
        still.any(|item| item.id == id && (is_first || !item.first))
    };
    for (place, worse, row) in rows {
        let case = &mut cases[place];
        match (worse, &mut case.failure) {
            (Some(what), None) => {
                let message = format!("{what} on {}: {}", row.on, row.text);
                case.failure = Some(failed(&message, line(&row)));
            }
            (Some(_), Some(known)) => known.text += &line(&row),
            (None, _) => case.told += &line(&row),
        }
    }
    for case in cases.iter_mut().filter(|case| case.failure.is_none()) {
        case.skipped = still(&case.name).then(|| "as bad as it was".into());
    }
    cases
}

fn line(row: &Row) -> String {
    let fix = row.fix.as_ref();
    let fix = fix.map_or_else(String::new, |fix| format!(" fix: {fix}"));
    format!(
        "{} {} on {}: {}{fix}\n",
        row.state, row.what, row.on, row.text
    )
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
        let still = "name=\"net.mtu\">\n      <skipped message=\"as bad as it was\"/>";
        assert!(xml.contains(still), "{xml}");
        let fixed = "name=\"fuse.open\">\n      <system-out>pass fuse.open";
        assert!(xml.contains(fixed), "{xml}");
    }

    #[test]
    fn a_night_without_change_fails_nothing() {
        let xml = written(&WRITER, false);
        assert!(xml.contains("tests=\"2\" failures=\"0\""), "{xml}");
        assert!(!xml.contains("<failure"), "{xml}");
    }
}
