//! `junit`: a test case a rule, so that CI systems show the green ones as well.

use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::gate::{Finding, Outcome, RuleResult};

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
    let rules = &report.result.decision.rules;
    let failures = rules.iter().filter(|rule| rule.outcome > Outcome::Allow);
    let counts = format!(
        "tests=\"{}\" failures=\"{}\"",
        rules.len(),
        failures.count()
    );
    let name = escaped(&report.result.subject.reference);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string does not fail.
    let _ = writeln!(text, "<testsuites name=\"hpcctl gate\" {counts}>");
    let _ = writeln!(
        text,
        "  <testsuite name=\"{name}\" {counts} timestamp=\"{}\">",
        escaped(&report.started_at)
    );
    for rule in rules {
        text += &case(rule);
    }
    text += "  </testsuite>\n</testsuites>\n";
    Ok(out.write_all(text.as_bytes())?)
}

fn case(rule: &RuleResult) -> String {
    let head = format!(
        "    <testcase classname=\"hpcctl.gate\" name=\"{}\"",
        escaped(&rule.id)
    );
    let counts = |finding: &&Finding| {
        finding.waived_by.is_none() && finding.level.outcome() > Outcome::Allow
    };
    let (failing, told): (Vec<&Finding>, Vec<&Finding>) = rule.findings.iter().partition(counts);
    if rule.findings.is_empty() {
        return format!("{head}/>\n");
    }
    let mut text = format!("{head}>\n");
    if rule.outcome > Outcome::Allow {
        let message = format!("{}: {}", rule.outcome.as_str(), rule.summary);
        let _ = writeln!(
            text,
            "      <failure type=\"{}\" message=\"{}\">{}</failure>",
            rule.outcome.as_str(),
            escaped(&message),
            escaped(&lines(&failing))
        );
    }
    if !told.is_empty() {
        let _ = writeln!(
            text,
            "      <system-out>{}</system-out>",
            escaped(&lines(&told))
        );
    }
    text + "    </testcase>\n"
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
    }

    #[test]
    fn what_xml_does_not_know_is_replaced() {
        assert_eq!(escaped("a\u{1b}\u{ffff}\n"), "a\u{fffd}\u{fffd}\n");
    }
}
