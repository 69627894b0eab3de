//! What a job script or a Containerfile will really do on this node.

use hpcctl_host::Host;
use hpcctl_model::commands;
use hpcctl_model::doctor::Step;
use hpcctl_model::lint::{FileKind, Lint, LintFinding, Outcome};

use crate::Helps;
use crate::advice::Known;
use crate::solver::Facts;

mod containerfile;
mod invoked;
mod pbs;
mod refused;
mod script;
mod shell;
mod slurm;
mod untried;

/// The most characters of a directive that are shown.
const SHOWN: usize = 80;

/// The node that a file is judged for.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    /// What its report knows.
    pub known: Known<'a>,
    /// What the solver knows.
    pub facts: &'a Facts,
    /// The node itself, for what a file names.
    pub host: &'a dyn Host,
    /// What its programs say of their options.
    pub helps: Helps<'a>,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

/// Reads a file and judges it by what is known of the node; none where it is neither a script
/// nor a Containerfile.
pub fn file(path: &str, text: &str, node: &Node<'_>) -> Option<Lint> {
    let kind = kind(text)?;
    let mut findings = match kind {
        FileKind::SlurmJob => slurm::lint(text, &node.known),
        FileKind::PbsJob => pbs::lint(text, &node.known),
        FileKind::Script => Vec::new(),
        FileKind::Containerfile => containerfile::lint(text, node),
    };
    if kind != FileKind::Containerfile {
        findings.extend(script::lint(text, node));
    }
    findings.sort_by_key(|finding| finding.line);
    let findings = merged(findings);
    Some(Lint {
        path: path.into(),
        kind,
        read: read(kind, text),
        findings,
    })
}

/// Tells but once what several checks say alike of one line.
fn merged(findings: Vec<LintFinding>) -> Vec<LintFinding> {
    let mut kept: Vec<LintFinding> = Vec::new();
    for mut found in findings {
        let same = |known: &&mut LintFinding| {
            (known.line, &known.outcome, &known.why, &known.builders)
                == (found.line, &found.outcome, &found.why, &found.builders)
        };
        match kept.iter_mut().find(same) {
            Some(known) => known.because.append(&mut found.because),
            None => kept.push(found),
        }
    }
    kept
}

/// What a file is, by its content.
fn kind(text: &str) -> Option<FileKind> {
    let starts = |word: &str| text.lines().any(|line| line.trim_start().starts_with(word));
    if starts("#SBATCH") {
        return Some(FileKind::SlurmJob);
    }
    if starts("#PBS") {
        return Some(FileKind::PbsJob);
    }
    if text.starts_with("#!") {
        return Some(FileKind::Script);
    }
    let from = text.lines().any(|line| {
        let word = line.split_whitespace().next().unwrap_or("");
        word.eq_ignore_ascii_case("FROM")
    });
    if from {
        return Some(FileKind::Containerfile);
    }
    let commands = !invoked::container_commands(text).is_empty();
    commands.then_some(FileKind::Script)
}

/// How many instructions, directives or container commands a file has.
fn read(kind: FileKind, text: &str) -> usize {
    let word = match kind {
        FileKind::Containerfile => return containerfile::instructions(text).len(),
        FileKind::Script => return invoked::container_commands(text).len(),
        FileKind::SlurmJob => "#SBATCH",
        FileKind::PbsJob => "#PBS",
    };
    let lines = text.lines();
    lines
        .filter(|line| line.trim_start().starts_with(word))
        .count()
}

/// A finding without a better way.
fn finding(line: usize, directive: &str, outcome: Outcome, why: impl Into<String>) -> LintFinding {
    LintFinding {
        line,
        directive: directive.trim().chars().take(SHOWN).collect(),
        outcome,
        why: why.into(),
        instead: None,
        because: Vec::new(),
        builders: Vec::new(),
    }
}

/// Every step of a fix, since one alone does not help.
fn in_words(steps: &[Step]) -> String {
    let words = steps.iter().zip(commands(steps));
    let words = words.filter_map(|(step, command)| match step.command {
        None => Some(step.text.clone()),
        // None where it is in the command of another.
        Some(_) => command,
    });
    words.collect::<Vec<_>>().join("; and ")
}

/// Adds a better way.
fn instead(mut finding: LintFinding, text: &str) -> LintFinding {
    finding.instead = Some(text.into());
    finding
}

/// Adds the check that decided.
fn because(mut finding: LintFinding, id: &str) -> LintFinding {
    finding.because.push(id.into());
    finding
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Examined;

    /// A node on which this was found.
    pub(crate) fn node<'a>(found: &'a Examined, host: &'a dyn Host, helps: Helps<'a>) -> Node<'a> {
        Node {
            known: Known::new(&found.report),
            facts: &found.facts,
            host,
            helps,
        }
    }

    /// How many container commands a script has.
    pub(crate) fn readings(text: &str) -> usize {
        read(FileKind::Script, text)
    }

    #[test]
    fn what_two_checks_say_alike_is_told_once() {
        let found = |why: &str, id: &str| because(finding(1, "d", Outcome::Refused, why), id);
        let merged = merged(vec![found("a", "x"), found("a", "y"), found("b", "z")]);
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[0].because, ["x", "y"]);
    }

    #[test]
    fn files_are_known_by_their_content() {
        assert_eq!(kind("#!/bin/sh\n#SBATCH -N1\n"), Some(FileKind::SlurmJob));
        assert_eq!(kind("#PBS -l walltime=1\n"), Some(FileKind::PbsJob));
        assert_eq!(
            kind("# syntax=x\nfrom debian\n"),
            Some(FileKind::Containerfile)
        );
        assert_eq!(kind("#!/bin/sh\ntrue\n"), Some(FileKind::Script));
        assert_eq!(kind("podman run x\n"), Some(FileKind::Script));
        assert_eq!(kind("hello\n"), None);
    }

    #[test]
    fn what_was_read_is_counted() {
        let containerfile = "FROM a\n# no\nRUN b && \\\n  c\n";
        assert_eq!(read(FileKind::Containerfile, containerfile), 2);
        assert_eq!(read(FileKind::PbsJob, "#PBS -N x\n#SBATCH -N1\n"), 1);
    }
}
