//! Container commands in the body of a job script.

use hpcctl_model::doctor::Verdict;
use hpcctl_model::lint::{LintFinding, Outcome};

use crate::container_command::{self, ContainerCommand};

use super::{Known, because, finding, instead};

/// Judges each line that starts a container.
pub(super) fn lint(text: &str, known: &Known<'_>) -> Vec<LintFinding> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_start().starts_with('#'));
    let judged = lines.filter_map(|(at, line)| {
        let words = line.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '('));
        let found = container_command::find(words)?;
        Some(judge(at + 1, line, found, known))
    });
    judged.collect()
}

fn judge(at: usize, line: &str, command: ContainerCommand, known: &Known<'_>) -> LintFinding {
    let ContainerCommand { runtime, op, .. } = command;
    let does = match op {
        "build" => "build images",
        _ => "run containers",
    };
    let Some(run) = known.operation(runtime, op) else {
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
            format!("{runtime} can {does} here"),
        ),
        Verdict::Unknown => finding(
            at,
            line,
            Outcome::Unknown,
            format!("whether {runtime} can {does} here is not known"),
        ),
        Verdict::No => {
            let first = run.because.first().map_or("", String::as_str);
            let mut found = finding(
                at,
                line,
                Outcome::Fails,
                format!("{runtime} cannot {does} here: {}", known.summary(first)),
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
