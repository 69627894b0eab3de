//! `junit` of a report as answers: a test case an answer. What is not known fails as what is bad does: it is
//! no pass.

use std::io::Write;

use crate::answers::{self, Answer, Answers, Level};
use crate::report::{Error, Options, Report};
use crate::writer::Writer;
use crate::writer::junit::{Case, Failed, Suite};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "junit",
    versions: &[],
    kinds: answers::KINDS,
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let answers = Answers::of(report)?;
    let unknowns = answers.report.unknowns.iter().map(|unknown| Case {
        name: unknown.what.clone(),
        failure: Some(Failed {
            kind: Level::Unknown.as_str().into(),
            message: format!("not known: {}", unknown.why),
            text: String::new(),
        }),
        ..Case::default()
    });
    let suite = Suite {
        of: &format!("hpcctl.{}", answers.of.replace(' ', ".")),
        subject: &answers.subject,
        at: &answers.report.started_at,
        cases: answers.rows.iter().map(case).chain(unknowns).collect(),
        told: format!("{}\n", answers.head),
    };
    Ok(out.write_all(suite.text().as_bytes())?)
}

fn case(row: &Answer) -> Case {
    let name = match row.place() {
        Some(on) => format!("{} on {on}", row.id),
        None => row.id.clone(),
    };
    let is_failed = matches!(row.level, Level::Bad | Level::Unknown);
    let failure = is_failed.then(|| Failed {
        kind: row.state.into(),
        message: format!("{}: {}", row.state, row.text),
        text: row.told(),
    });
    let told = match row.level {
        Level::Doubtful => format!("{}: {}\n", row.state, row.told()),
        _ => String::new(),
    };
    Case {
        name,
        failure,
        skipped: (row.level == Level::Skipped).then(|| row.text.clone()),
        told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::doctor_table::tests::{report, written};

    #[test]
    fn an_answer_is_a_case_and_what_is_not_known_is_no_pass() {
        let mut node = report();
        node.result.checks[3].status = hpcctl_model::doctor::Status::Unknown;
        // A check that is not known is one case.
        node.unknowns = vec![
            hpcctl_model::Unknown::new("podman", "it hung"),
            hpcctl_model::Unknown::new("cpu.arch", "fine"),
        ];
        let xml = written(&WRITER, &Report::Doctor(&node));
        assert!(
            xml.contains("tests=\"8\" failures=\"5\" skipped=\"2\""),
            "{xml}"
        );
        assert!(xml.contains("name=\"podman overlay\"/>"), "{xml}");
        assert!(xml.contains("message=\"not known: it hung\""), "{xml}");
        assert!(
            xml.contains("<skipped message=\"needs ns.user\"/>"),
            "{xml}"
        );
    }
}
