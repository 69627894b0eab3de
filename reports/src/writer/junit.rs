//! `junit`: a test case a rule, so that CI systems show the green ones as well.

use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::gate::{Finding, Outcome, RuleResult};

use crate::remarks::remarks;
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "junit",
    versions: &[],
    kinds: &[Kind::Gate],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.gate()?;
    let remarks = remarks(&report.result);
    let told = remarks
        .iter()
        .map(|remark| format!("{} [{}]\n", remark.text, remark.policy));
    let suite = Suite {
        of: "hpcctl.gate",
        subject: &report.result.subject.reference,
        at: &report.started_at,
        cases: report.result.decision.rules.iter().map(case).collect(),
        told: told.collect(),
    };
    Ok(out.write_all(suite.text().as_bytes())?)
}

/// Test cases of one subject.
pub(super) struct Suite<'a> {
    /// The command, as a class of test cases.
    pub of: &'a str,
    /// What was judged.
    pub subject: &'a str,
    /// When (RFC 3339).
    pub at: &'a str,
    pub cases: Vec<Case>,
    /// What is to be told of no single case.
    pub told: String,
}

/// A test case; it passes where it neither failed nor was skipped.
#[derive(Default)]
pub(super) struct Case {
    pub name: String,
    pub failure: Option<Failed>,
    /// Why it was skipped.
    pub skipped: Option<String>,
    /// What else is to be told.
    pub told: String,
}

/// Why a test case failed.
pub(super) struct Failed {
    pub kind: String,
    pub message: String,
    pub text: String,
}

impl Suite<'_> {
    /// The file.
    pub fn text(&self) -> String {
        let count = |is: fn(&&Case) -> bool| self.cases.iter().filter(is).count();
        let failures = count(|case| case.failure.is_some());
        let skipped = count(|case| case.skipped.is_some());
        let counts = format!("tests=\"{}\" failures=\"{failures}\"", self.cases.len());
        let counts = match skipped {
            0 => counts,
            skipped => format!("{counts} skipped=\"{skipped}\""),
        };
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "<testsuites name=\"{}\" {counts}>",
            self.of.replace('.', " ")
        );
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" {counts} timestamp=\"{}\">",
            escaped(self.subject),
            escaped(self.at)
        );
        for case in &self.cases {
            text += &case.text(self.of);
        }
        text += &told("    ", &self.told);
        text + "  </testsuite>\n</testsuites>\n"
    }
}

impl Case {
    fn text(&self, class: &str) -> String {
        let name = escaped(&self.name);
        let head = format!("    <testcase classname=\"{class}\" name=\"{name}\"");
        let mut text = String::new();
        // Writing to a string does not fail.
        if let Some(failed) = &self.failure {
            let _ = writeln!(
                text,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                escaped(&failed.kind),
                escaped(&failed.message),
                escaped(&failed.text)
            );
        }
        if let Some(why) = &self.skipped {
            let _ = writeln!(text, "      <skipped message=\"{}\"/>", escaped(why));
        }
        text += &told("      ", &self.told);
        match text.is_empty() {
            true => format!("{head}/>\n"),
            false => format!("{head}>\n{text}    </testcase>\n"),
        }
    }
}

/// What is told beside the outcome.
fn told(indent: &str, told: &str) -> String {
    match told {
        "" => String::new(),
        told => format!("{indent}<system-out>{}</system-out>\n", escaped(told)),
    }
}

/// A rule of the gate.
fn case(rule: &RuleResult) -> Case {
    let counts = |finding: &&Finding| {
        finding.waived_by.is_none() && finding.level.outcome() > Outcome::Allow
    };
    let (failing, told): (Vec<&Finding>, Vec<&Finding>) = rule.findings.iter().partition(counts);
    let failed = rule.outcome > Outcome::Allow;
    Case {
        name: rule.id.clone(),
        failure: failed.then(|| Failed {
            kind: rule.outcome.as_str().into(),
            message: format!("{}: {}", rule.outcome.as_str(), rule.summary),
            text: lines(&failing),
        }),
        skipped: None,
        told: lines(&told),
    }
}

fn lines(findings: &[&Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let waived = finding.waived_by.as_ref();
        let waived = waived.map_or(String::new(), |waiver| format!(" (waived by {waiver})"));
        let (level, id) = (finding.level.as_str(), &finding.id);
        format!(
            "{level} {id} {}{waived} {} [{}]\n",
            finding.text, finding.remedy, finding.policy
        )
    });
    lines.collect()
}

/// A text as XML has it; characters that XML 1.0 does not know are replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\t' => escaped.push(character),
            character if character.is_control() => escaped.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use hpcctl_model::gate::Level;

    use super::*;
    use crate::writer::gate_table::tests::{finding, report, text};

    #[test]
    fn a_rule_is_a_case_and_a_refusal_a_failure() {
        let findings = vec![
            finding(Level::Deny, None),
            finding(Level::Deny, Some("W-1")),
        ];
        let xml = text(&WRITER, &report(Outcome::Deny, findings));
        assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
        assert!(xml.contains("<failure type=\"deny\""), "{xml}");
        assert!(xml.contains("&lt;never&gt; &quot;inside&quot;"), "{xml}");
        assert!(xml.contains("<system-out>deny 0a1b2c3d4e5f"), "{xml}");
        assert!(
            xml.contains("name=\"image.size\"/>"),
            "the green one is there: {xml}"
        );
        let noted = "    <system-out>waiver W-1 (unused, of a@example.org, until 2026-03-01): It covers nothing in this image. [site.toml:50]\n</system-out>\n  </testsuite>";
        assert!(xml.contains(noted), "{xml}");
    }

    #[test]
    fn what_xml_does_not_know_is_replaced() {
        assert_eq!(escaped("a\u{1b}\u{ffff}\n"), "a\u{fffd}\u{fffd}\n");
    }
}
