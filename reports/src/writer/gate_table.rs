//! `table` of `gate`: the decision first, then what led to it with the whole chain, then the
//! rules, the waivers and what was applied.

use std::io::Write;

use hpcctl_model::gate::{Finding, Gate, Outcome, RuleResult};
use hpcctl_model::scan::Choice;

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, counted, filled, heading, left_out, styled, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Gate],
    write,
};

/// How many findings of a rule are shown where not every detail is wanted.
const FINDINGS: usize = 5;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let text = decision(&report.gate()?.result, options);
    Ok(out.write_all(text.as_bytes())?)
}

/// A decision with all that led to it.
pub(super) fn decision(gate: &Gate, options: &Options) -> String {
    let mut text = head(gate, options);
    let rules = || gate.decision.rules.iter();
    let counting = |rule: &&RuleResult| rule.outcome > Outcome::Allow;
    for rule in rules().filter(counting) {
        text += &findings(rule, options);
    }
    // What is told and no more comes after what decides.
    for rule in rules().filter(|rule| rule.outcome == Outcome::Allow && !rule.findings.is_empty()) {
        text += &findings(rule, options);
    }
    text += &table(gate, options);
    text += &waivers(gate, options);
    text += &clarifications(gate, options);
    text + &agreed(gate, options) + &choices(&gate.choices, options)
}

fn head(gate: &Gate, options: &Options) -> String {
    let says = match gate.decision.outcome {
        Outcome::Allow => "it may be published there",
        Outcome::Review => "a person has to look before it is published there",
        Outcome::Incomplete => "not everything could be looked at: it may not be published",
        Outcome::Deny => "it may not be published there",
    };
    let word = gate.decision.outcome.as_str();
    let word = styled(word, style(gate.decision.outcome), options.color);
    let mut text = format!("decision     {word}: {says}\n");
    text += &filled("image        ", &gate.subject.reference, options.width);
    let digest = gate.subject.digest.as_deref().unwrap_or("none");
    text += &filled("digest       ", digest, options.width);
    let subject = &gate.subject;
    if let Some(platform) = platform(subject.platform.as_deref(), &subject.other_platforms) {
        text += &filled("platform     ", &platform, options.width);
    }
    let name = gate.destination.name.as_deref().unwrap_or("not named");
    let to = format!("{name}, of the class {}", gate.destination.class);
    text += &filled("destination  ", &to, options.width);
    let names: Vec<&str> = gate.policies.iter().map(|policy| &*policy.name).collect();
    text += &filled("policy       ", &names.join(", "), options.width);
    text + &filled("as of        ", &gate.now, options.width)
}

/// The platform that an image is for, with those that were not looked at; none where no document
/// tells.
pub(super) fn platform(this: Option<&str>, others: &[String]) -> Option<String> {
    if others.is_empty() {
        return this.map(str::to_owned);
    }
    let this = this.unwrap_or("not told");
    Some(format!("{this}; not looked at: {}", others.join(", ")))
}

fn style(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Allow => Style::Good,
        Outcome::Review | Outcome::Incomplete => Style::Doubtful,
        Outcome::Deny => Style::Bad,
    }
}

fn findings(rule: &RuleResult, options: &Options) -> String {
    let word = match rule.outcome {
        Outcome::Allow => "told",
        outcome => outcome.as_str(),
    };
    let title = format!("{} ({}): {word}", rule.id, rule.title);
    let mut text = heading(&title, options.color);
    let shown = if options.verbose {
        usize::MAX
    } else {
        FINDINGS
    };
    for finding in rule.findings.iter().take(shown) {
        text += &chain(finding, options);
    }
    text + &left_out(rule.findings.len(), shown, "finding")
}

/// One finding: from the layer to the line of the policy, and what to do.
fn chain(finding: &Finding, options: &Options) -> String {
    let word = match &finding.waived_by {
        Some(_) => "waived",
        None => finding.level.as_str(),
    };
    let mut text = filled(&format!("  {word:7} "), &finding.text, options.width);
    let mut row = |what: &str, says: &str| {
        text += &filled(&format!("          {what:8} "), says, options.width);
    };
    if let Some(layer) = &finding.layer {
        let made = finding.created_by.as_deref();
        let made = made.map_or(String::new(), |made| format!(", made by: {made}"));
        let deleted = if finding.deleted {
            ", deleted by a later layer"
        } else {
            ""
        };
        row("layer", &format!("{layer}{deleted}{made}"));
    }
    if let Some(path) = &finding.path {
        row("path", path);
    }
    if let Some(package) = &finding.package {
        row("package", package);
    }
    if let Some(license) = &finding.license {
        row("licence", license);
    }
    row("policy", &finding.policy);
    if let Some(waiver) = &finding.waived_by {
        row("waiver", waiver);
    }
    let (remedy, stanza) = finding
        .remedy
        .split_once('\n')
        .unwrap_or((&finding.remedy, ""));
    row("do", remedy);
    // What goes into the policy is left whole, so that it can be copied.
    for line in stanza.lines() {
        text += &format!("{:19}{}\n", "", visible(line));
    }
    text + &filled("          finding  ", &finding.id, options.width)
}

fn table(gate: &Gate, options: &Options) -> String {
    let mut text = heading("Rules", options.color);
    let rules = &gate.decision.rules;
    let wide = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in rules {
        let word = format!("{:10}", rule.outcome.as_str());
        let word = styled(&word, style(rule.outcome), options.color);
        let waived = match rule.waived_by.as_slice() {
            [] => String::new(),
            ids => format!(", waived by {}", ids.join(", ")),
        };
        text += &format!("  {word} {:wide$} {}{waived}\n", rule.id, rule.summary);
    }
    text
}

fn waivers(gate: &Gate, options: &Options) -> String {
    if gate.waivers.is_empty() {
        return String::new();
    }
    let mut text = heading("Waivers", options.color);
    for waiver in &gate.waivers {
        let says = format!(
            "{} ({}): {}, owned by {}, until {}. {}",
            waiver.id,
            waiver.policy,
            waiver.state.as_str(),
            waiver.owner,
            waiver.expires,
            waiver.notes.join(" ")
        );
        text += &filled("  - ", &says, options.width);
    }
    text
}

fn clarifications(gate: &Gate, options: &Options) -> String {
    if gate.clarifications.is_empty() {
        return String::new();
    }
    let mut text = heading("Clarifications", options.color);
    for one in &gate.clarifications {
        let state = match one.packages {
            0 => "unused".to_owned(),
            count => format!("holds for {}", counted(count, "package")),
        };
        let says = format!(
            "{} ({}): {}, {state}: {}. {}",
            one.package,
            one.policy,
            one.expression,
            one.reason,
            one.notes.join(" ")
        );
        text += &filled("  - ", says.trim_end(), options.width);
    }
    text
}

fn agreed(gate: &Gate, options: &Options) -> String {
    if gate.vendor_decisions.is_empty() {
        return String::new();
    }
    let mut text = heading("Agreed with vendors", options.color);
    for one in &gate.vendor_decisions {
        let says = format!(
            "{} ({}): {} for {}, by {}, {}, until {}. {}",
            one.terms,
            one.policy,
            one.level.as_str(),
            counted(one.files, "file"),
            one.owner,
            one.reference,
            one.expires,
            one.notes.join(" ")
        );
        text += &filled("  - ", says.trim_end(), options.width);
    }
    text
}

/// Of choices of licences the branches that count; only where every detail is wanted.
pub(super) fn choices(choices: &[Choice], options: &Options) -> String {
    if choices.is_empty() || !options.verbose {
        return String::new();
    }
    let mut text = heading("Chosen of several licences", options.color);
    for choice in choices {
        let says = format!("{} of {}", choice.chosen, choice.license);
        text += &filled("  - ", &says, options.width);
        text += &filled("    for  ", &choice.subjects.join(", "), options.width);
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::Envelope;
    use hpcctl_model::gate::{
        Decision, Destination, Level, PolicyUsed, Subject, WaiverState, WaiverUsed,
    };

    use super::*;

    pub(crate) fn finding(level: Level, waived_by: Option<&str>) -> Finding {
        Finding {
            id: "0a1b2c3d4e5f".into(),
            level,
            text: "/opt/lib/libcuda.so.1 is nvidia-driver: <never> \"inside\".".into(),
            layer: Some("sha256:cc".into()),
            created_by: Some("RUN apt-get install".into()),
            path: Some("/opt/lib/libcuda.so.1".into()),
            deleted: true,
            package: None,
            license: None,
            offending_license: None,
            sha256: None,
            policy: "site.toml:41".into(),
            remedy: "Bind the host's own.".into(),
            waived_by: waived_by.map(str::to_owned),
        }
    }

    pub(crate) fn report(outcome: Outcome, findings: Vec<Finding>) -> Envelope<Gate> {
        let scan = crate::sbom::tests::report(Vec::new());
        let rule = |id: &str, outcome, findings: Vec<Finding>| RuleResult {
            id: id.into(),
            title: "files of vendors".into(),
            outcome,
            summary: counted(findings.len(), "finding"),
            waived_by: findings
                .iter()
                .filter_map(|f| f.waived_by.clone())
                .collect(),
            findings,
        };
        Envelope {
            schema: "hpcctl.gate/1".into(),
            kind: "gate".into(),
            tool: scan.tool,
            host: scan.host,
            started_at: scan.started_at,
            finished_at: scan.finished_at,
            result: Gate {
                subject: Subject {
                    reference: "oci:layout:v1".into(),
                    digest: Some("sha256:bb".into()),
                    format: "oci".into(),
                    platform: Some("linux/amd64".into()),
                    other_platforms: vec!["linux/arm64".into(), "linux/riscv64".into()],
                },
                destination: Destination {
                    name: Some("docker.io/x/y".into()),
                    class: "public".into(),
                },
                policies: vec![PolicyUsed {
                    name: "built-in".into(),
                    sha256: "00".into(),
                }],
                now: "2026-02-01T00:00:00Z".into(),
                decision: Decision {
                    outcome,
                    rules: vec![
                        rule("content.vendor", outcome, findings),
                        rule("image.size", Outcome::Allow, Vec::new()),
                    ],
                },
                waivers: vec![WaiverUsed {
                    id: "W-1".into(),
                    policy: "site.toml:50".into(),
                    owner: "a@example.org".into(),
                    approved_by: "b@example.org".into(),
                    reason: "agreed".into(),
                    ticket: None,
                    expires: "2026-03-01".into(),
                    state: WaiverState::Unused,
                    notes: vec!["It covers nothing in this image.".into()],
                }],
                clarifications: Vec::new(),
                vendor_decisions: Vec::new(),
                choices: Vec::new(),
            },
            unknowns: Vec::new(),
        }
    }

    pub(crate) fn text(writer: &Writer, report: &Envelope<Gate>) -> String {
        let options = Options {
            verbose: false,
            width: 100,
            color: false,
        };
        let mut out = Vec::new();
        (writer.write)(&Report::Gate(report), None, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_finding_shows_its_whole_chain() {
        let text = text(
            &WRITER,
            &report(Outcome::Deny, vec![finding(Level::Deny, None)]),
        );
        let expected = [
            "decision     deny: it may not be published there",
            "platform     linux/amd64; not looked at: linux/arm64, linux/riscv64",
            "destination  docker.io/x/y, of the class public",
            "content.vendor (files of vendors): deny",
            "layer    sha256:cc, deleted by a later layer, made by: RUN apt-get install",
            "policy   site.toml:41",
            "do       Bind the host's own.",
            "finding  0a1b2c3d4e5f",
            "allow      image.size",
            "W-1 (site.toml:50): unused, owned by a@example.org",
        ];
        for line in expected {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_was_chosen_of_several_licences_is_a_detail() {
        let mut report = report(Outcome::Allow, Vec::new());
        report.result.choices = vec![Choice {
            license: "MIT OR GPL-2.0-only".into(),
            chosen: "MIT".into(),
            subjects: vec!["pkg:pypi/a@1".into()],
        }];
        let text = |verbose| {
            let options = Options {
                verbose,
                width: 100,
                color: false,
            };
            decision(&report.result, &options)
        };
        let told =
            "Chosen of several licences\n  - MIT of MIT OR GPL-2.0-only\n    for  pkg:pypi/a@1\n";
        assert!(text(true).contains(told), "{}", text(true));
        assert!(!text(false).contains("Chosen"));
    }

    #[test]
    fn what_is_waived_is_shown() {
        let waived = vec![finding(Level::Deny, Some("W-1"))];
        let text = text(&WRITER, &report(Outcome::Allow, waived));
        assert!(text.contains("  waived  /opt/lib"), "{text}");
        assert!(text.contains("waiver   W-1"), "{text}");
    }
}
