//! What each builder of this node makes of a Containerfile: which instruction fails without
//! root or with one id, which is ignored, and what was never tried.

use hpcctl_model::doctor::Verdict;
use hpcctl_model::lint::{LintFinding, Outcome};

use super::{Node, finding, in_words, instead};
use builder::{Builder, Judged};

mod builder;
mod need;
mod read;

pub(super) use read::instructions;

/// Judges each instruction for each builder; builders that agree share a finding.
pub(super) fn lint(text: &str, node: &Node<'_>) -> Vec<LintFinding> {
    let builders = builder::of_node(&node.known);
    let mut findings = Vec::new();
    let (mut user, mut begun) = (None, false);
    for instruction in instructions(text) {
        let needs = need::of(&instruction, user.as_deref());
        match instruction.word.as_str() {
            "FROM" => {
                user = None;
                if !std::mem::replace(&mut begun, true) {
                    let from = format!("FROM {}", instruction.rest);
                    findings.extend(unable(instruction.line, &from, node));
                }
            }
            "USER" => user = need::user(&instruction),
            _ => {}
        }
        if needs.is_empty() {
            continue;
        }
        let directive = format!("{} {}", instruction.word, instruction.rest);
        let mut groups: Vec<(Judged, Vec<String>)> = Vec::new();
        for builder in &builders {
            let judged = worst(builder, &needs);
            match groups.iter_mut().find(|(known, _)| *known == judged) {
                Some((_, names)) => names.push(builder.name.clone()),
                None => groups.push((judged, vec![builder.name.clone()])),
            }
        }
        findings.extend(groups.into_iter().map(|(judged, builders)| {
            let mut found = finding(instruction.line, &directive, judged.outcome, judged.why);
            found.instead = judged.instead;
            found.because = judged.because.iter().map(ToString::to_string).collect();
            found.builders = builders;
            found
        }));
    }
    findings
}

/// Builders that are installed and can build nothing here as they are; what follows is judged as
/// if that were mended.
fn unable(line: usize, from: &str, node: &Node<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for name in builder::TRIED {
        let Some(build) = node.known.operation(name, "build") else {
            continue;
        };
        if build.verdict != Verdict::No {
            continue;
        }
        let first = build.because.first().map_or("", String::as_str);
        let why = format!("{name} cannot build here: {}", node.known.summary(first));
        let mut found = finding(line, from, Outcome::Fails, why);
        if let Some(steps) = build.fix.first() {
            found = instead(found, &in_words(steps));
        }
        found.because.clone_from(&build.because);
        found.builders = vec![(*name).into()];
        findings.push(found);
    }
    findings
}

/// What stops the build matters more than what is ignored or not known.
fn worst(builder: &Builder, needs: &[need::Needs]) -> Judged {
    let rank = |judged: &Judged| match judged.outcome {
        Outcome::Fails | Outcome::Refused => 0,
        Outcome::Unknown => 1,
        Outcome::Ignored | Outcome::Host => 2,
        Outcome::Works => 3,
    };
    let judged = needs.iter().map(|needs| builder.judge(needs));
    judged.min_by_key(rank).unwrap_or_else(|| Judged {
        outcome: Outcome::Works,
        why: String::new(),
        instead: None,
        because: None,
    })
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::advice::tests::{examined, report};
    use crate::container_command::Helps;
    use crate::lint::tests::node;
    use crate::scripted::Scripted;

    const ONE: &[(&str, Status)] = &[
        ("uid.subid.file", Status::Fail),
        ("uid.newuidmap", Status::Skipped),
        ("charliecloud.force", Status::Warn),
    ];
    const MANY: &[(&str, Status)] = &[
        ("uid.subid.file", Status::Pass),
        ("uid.newuidmap", Status::Pass),
        ("charliecloud.force", Status::Pass),
    ];

    /// The outcome of each finding: the line, the builders, the outcome.
    fn rows(
        text: &str,
        checks: &[(&str, Status)],
        versions: [&str; 2],
    ) -> Vec<(usize, String, Outcome)> {
        let runtimes = [("podman", Verdict::Yes), ("charliecloud", Verdict::Yes)];
        let mut found = examined(report(checks, &runtimes));
        for (row, version) in found.report.runtimes.iter_mut().zip(versions) {
            row.version = Some(version.into());
        }
        let host = Scripted::new();
        let silent = |_: &[&str]| String::new();
        let found = lint(text, &node(&found, &host, Helps::new(&silent)));
        let row = |row: &LintFinding| (row.line, row.builders.join(", "), row.outcome);
        found.iter().map(row).collect()
    }

    fn old(text: &str) -> Vec<Outcome> {
        let found = rows(text, ONE, ["4.3.1", "0.31"]);
        found.into_iter().map(|row| row.2).collect()
    }

    #[test]
    fn the_verdict_names_the_builders_that_it_is_for() {
        use Outcome::{Fails, Ignored, Works};
        let found = rows(
            "FROM a\nRUN chown b c\nUSER d\nRUN e\n",
            ONE,
            ["4.3.1", "0.31"],
        );
        let row = |line, builders: &str, outcome| (line, builders.to_owned(), outcome);
        assert_eq!(
            found,
            [
                row(2, "podman 4.3.1", Fails),
                row(2, "ch-image 0.31", Fails),
                row(3, "podman 4.3.1", Works),
                row(3, "ch-image 0.31", Ignored),
                row(4, "podman 4.3.1", Fails),
                row(4, "ch-image 0.31", Works),
            ]
        );
    }

    #[test]
    fn builders_differ_with_one_id() {
        use Outcome::{Fails, Ignored, Works};
        // Podman, then ch-image; one row where both agree.
        assert_eq!(old("RUN mount -t tmpfs a /mnt"), [Fails, Works]);
        assert_eq!(old("COPY --chown=1:1 a b"), [Fails, Ignored]);
        assert_eq!(old("RUN mknod /x c 1 3"), [Fails]);
        assert_eq!(old("RUN <<E\ntrue\nE"), [Fails, Fails]);
        assert_eq!(old("COPY --chmod=755 a b"), [Works, Fails]);
        assert_eq!(old("USER a\nFROM b\nRUN c"), [Works, Ignored]);
        assert!(old("RUN chown root /x && useradd a && echo 'apt-get install'").is_empty());
        assert_eq!(old("RUN dnf install -y x"), [Outcome::Unknown]);
    }

    #[test]
    fn many_ids_and_a_filter_do_most() {
        use Outcome::{Fails, Ignored, Works};
        let new = |text: &str| {
            let found = rows(text, MANY, ["5.8.6", "0.45.2"]);
            found.into_iter().map(|row| row.2).collect::<Vec<_>>()
        };
        assert_eq!(new("RUN apt-get update && chown a b"), [Works, Works]);
        assert_eq!(new("RUN mknod /x c 1 3"), [Fails, Ignored]);
        assert_eq!(new("RUN <<E\nchown a b\nE"), [Works, Fails]);
        assert_eq!(new("USER a\nRUN b"), [Works, Ignored, Works, Works]);
    }

    #[test]
    fn releases_that_were_not_tried_are_not_known() {
        let of = |text: &str| {
            rows(text, ONE, ["4.9.4", "0.50"])
                .into_iter()
                .map(|row| row.2)
                .collect::<Vec<_>>()
        };
        assert_eq!(of("RUN <<E\ntrue\nE"), [Outcome::Unknown, Outcome::Unknown]);
    }
}
