//! Container commands in the body of a job script.

use hpcctl_model::doctor::Verdict;
use hpcctl_model::lint::{LintFinding, Outcome};

use super::{Known, because, finding, instead};

/// A command that starts containers, and the runtime that it belongs to.
const COMMANDS: &[(&str, &str)] = &[
    ("ch-run", "charliecloud"),
    ("podman", "podman"),
    ("podman-hpc", "podman-hpc"),
    ("docker", "docker-rootless"),
    ("apptainer", "apptainer"),
    ("singularity", "apptainer"),
    ("sarus", "sarus"),
    ("shifter", "shifter"),
    ("enroot", "enroot"),
    ("udocker", "udocker"),
];

/// Judges each line that starts a container.
pub(super) fn lint(text: &str, known: &Known<'_>) -> Vec<LintFinding> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_start().starts_with('#'));
    let judged = lines.filter_map(|(at, line)| {
        let words = line.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '('));
        let mut names = words.map(|word| word.rsplit('/').next().unwrap_or(word));
        let runtime = names.find_map(|word| COMMANDS.iter().find(|(name, _)| *name == word));
        let (_, runtime) = runtime?;
        Some(command(at + 1, line, runtime, known))
    });
    judged.collect()
}

fn command(at: usize, line: &str, runtime: &str, known: &Known<'_>) -> LintFinding {
    let Some(run) = known.operation(runtime, "run") else {
        let found = finding(
            at,
            line,
            Outcome::Unknown,
            format!("{runtime} is not installed on this node"),
        );
        return because(found, &format!("runtime.{runtime}.installed"));
    };
    match run.verdict {
        Verdict::Yes | Verdict::Degraded => finding(
            at,
            line,
            Outcome::Works,
            format!("{runtime} runs containers here"),
        ),
        Verdict::Unknown => finding(
            at,
            line,
            Outcome::Unknown,
            format!("whether {runtime} runs containers here is not known"),
        ),
        Verdict::No => {
            let first = run.because.first().map_or("", String::as_str);
            let mut found = finding(
                at,
                line,
                Outcome::Fails,
                format!("{runtime} cannot run here: {}", known.summary(first)),
            );
            found.because.clone_from(&run.because);
            let step = run.fix.first().and_then(|steps| steps.first());
            match step {
                Some(step) => instead(found, step.command.as_deref().unwrap_or(&step.text)),
                None => found,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::tests::report;

    #[test]
    fn commands_are_judged_by_the_verdict() {
        let found = report(
            &[],
            &[("podman", Verdict::No), ("charliecloud", Verdict::Yes)],
        );
        let text = "# podman run x\nsrun ch-run /img -- true\n/usr/bin/podman run x\nsarus run x\necho podmanager\n";
        let found = lint(text, &Known::new(&found));
        let seen: Vec<(usize, Outcome)> = found.iter().map(|row| (row.line, row.outcome)).collect();
        assert_eq!(
            seen,
            [
                (2, Outcome::Works),
                (3, Outcome::Fails),
                (4, Outcome::Unknown)
            ]
        );
    }
}
