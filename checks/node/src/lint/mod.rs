//! What a job script or a Containerfile will really do on this node.

use hpcctl_model::lint::{FileKind, Lint, LintFinding, Outcome};

use crate::advice::Known;

mod containerfile;
mod pbs;
mod script;
mod slurm;

/// The most characters of a directive that are shown.
const SHOWN: usize = 80;

/// Reads a file and judges it by what is known of the node; none where it is neither a job
/// script nor a Containerfile.
pub fn file(path: &str, text: &str, known: &Known<'_>) -> Option<Lint> {
    let kind = kind(text)?;
    let mut findings = match kind {
        FileKind::SlurmJob => slurm::lint(text, known),
        FileKind::PbsJob => pbs::lint(text, known),
        FileKind::Containerfile => containerfile::lint(text, known),
    };
    if kind != FileKind::Containerfile {
        findings.extend(script::lint(text, known));
    }
    findings.sort_by_key(|finding| finding.line);
    Some(Lint {
        path: path.into(),
        kind,
        read: read(kind, text),
        findings,
    })
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
    let from = text.lines().any(|line| {
        let word = line.split_whitespace().next().unwrap_or("");
        word.eq_ignore_ascii_case("FROM")
    });
    from.then_some(FileKind::Containerfile)
}

/// How many instructions or directives a file has.
fn read(kind: FileKind, text: &str) -> usize {
    let word = match kind {
        FileKind::Containerfile => return containerfile::instructions(text).len(),
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
    }
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
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_content() {
        assert_eq!(kind("#!/bin/sh\n#SBATCH -N1\n"), Some(FileKind::SlurmJob));
        assert_eq!(kind("#PBS -l walltime=1\n"), Some(FileKind::PbsJob));
        assert_eq!(
            kind("# syntax=x\nfrom debian\n"),
            Some(FileKind::Containerfile)
        );
        assert_eq!(kind("hello\n"), None);
    }

    #[test]
    fn what_was_read_is_counted() {
        let containerfile = "FROM a\n# no\nRUN b && \\\n  c\n";
        assert_eq!(read(FileKind::Containerfile, containerfile), 2);
        assert_eq!(read(FileKind::PbsJob, "#PBS -N x\n#SBATCH -N1\n"), 1);
    }
}
