//! `markdown`: the decision as a comment of a merge request.

use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::gate::{Finding, Gate, Outcome, RuleResult};

use crate::remarks::remarks;
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::gate_table::platform;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "markdown",
    versions: &[],
    kinds: &[Kind::Gate],
    write,
};

/// How many findings of a rule are shown where not every detail is wanted: hosts cut comments.
const FINDINGS: usize = 20;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let gate = &report.gate()?.result;
    let mut text = head(gate);
    let shown = if options.verbose {
        usize::MAX
    } else {
        FINDINGS
    };
    for rule in gate
        .decision
        .rules
        .iter()
        .filter(|rule| !rule.findings.is_empty())
    {
        text += &section(rule, shown);
    }
    text += &exceptions(gate);
    Ok(out.write_all(text.as_bytes())?)
}

fn head(gate: &Gate) -> String {
    let mut text = format!("## hpcctl gate: {}\n\n", gate.decision.outcome.as_str());
    let digest = gate.subject.digest.as_deref().unwrap_or("no digest");
    let to = gate.destination.name.as_deref().unwrap_or("not named");
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{} ({}) to {}, of the class {}, as of {}.\n",
        code(&gate.subject.reference),
        code(digest),
        code(to),
        code(&gate.destination.class),
        cell(&gate.now)
    );
    let subject = &gate.subject;
    if let Some(platform) = platform(subject.platform.as_deref(), &subject.other_platforms) {
        let _ = writeln!(text, "Platform: {}.\n", cell(&platform));
    }
    text += "| rule | outcome | |\n|---|---|---|\n";
    for rule in &gate.decision.rules {
        let outcome = match rule.outcome {
            Outcome::Allow => "allow".to_owned(),
            outcome => format!("**{}**", outcome.as_str()),
        };
        let _ = writeln!(
            text,
            "| {} | {outcome} | {} |",
            code(&rule.id),
            cell(&rule.summary)
        );
    }
    text
}

fn section(rule: &RuleResult, shown: usize) -> String {
    let mut text = format!("\n### {}: {}\n\n", rule.id, cell(&rule.title));
    text += "| | finding | where | policy | do |\n|---|---|---|---|---|\n";
    for finding in rule.findings.iter().take(shown) {
        let level = match &finding.waived_by {
            Some(waiver) => format!("waived by {}", cell(waiver)),
            None => finding.level.as_str().to_owned(),
        };
        let _ = writeln!(
            text,
            "| {level} | {} | {} | {} | {} |",
            cell(&finding.text),
            place(finding),
            code(&finding.policy),
            cell(&finding.remedy)
        );
    }
    match rule.findings.len().saturating_sub(shown) {
        0 => text,
        more => text + &format!("\nand {more} more.\n"),
    }
}

/// What is to be said of waivers and their like.
fn exceptions(gate: &Gate) -> String {
    let remarks = remarks(gate);
    if remarks.is_empty() {
        return String::new();
    }
    let lines = remarks
        .iter()
        .map(|remark| format!("- {} ({})\n", cell(&remark.text), code(remark.policy)));
    format!("\n### Exceptions\n\n{}", lines.collect::<String>())
}

fn place(finding: &Finding) -> String {
    let layer = finding.created_by.as_ref().or(finding.layer.as_ref());
    let parts = [finding.path.as_ref(), finding.package.as_ref(), layer];
    let parts: Vec<String> = parts.into_iter().flatten().map(|part| code(part)).collect();
    parts.join("<br>")
}

/// A text in a cell of a table: no markup of its own.
pub(super) fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => cell += "&amp;",
            '<' => cell += "&lt;",
            '>' => cell += "&gt;",
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '!' | '@' => {
                cell.push('\\');
                cell.push(character);
            }
            character if character.is_control() => cell.push(' '),
            character => cell.push(character),
        }
    }
    cell
}

/// A text as code; a backtick cannot end it.
pub(super) fn code(text: &str) -> String {
    let text = text.replace('`', "'").replace('|', "\\|");
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use hpcctl_model::gate::Level;

    use super::*;
    use crate::writer::gate_table::tests::{finding, report, text};

    #[test]
    fn the_decision_is_the_title_and_nothing_breaks_the_table() {
        let mut hostile = finding(Level::Deny, None);
        hostile.text = "a | b\n@all [x](y) `z`".into();
        let text = text(&WRITER, &report(Outcome::Deny, vec![hostile]));
        assert!(text.starts_with("## hpcctl gate: deny\n"), "{text}");
        assert!(text.contains("a \\| b \\@all \\[x\\](y) \\`z\\`"), "{text}");
        assert!(text.contains("| `image.size` | allow |"), "{text}");
        let noted = "\n### Exceptions\n\n- waiver W-1 (unused, of a\\@example.org, until 2026-03-01): It covers nothing in this image. (`site.toml:50`)\n";
        assert!(text.ends_with(noted), "{text}");
    }
}
