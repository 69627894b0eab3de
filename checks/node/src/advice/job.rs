//! A job script that runs an image with the runtime that works here.

use super::Known;

/// The schedulers that a script can be written for.
pub static SCHEDULERS: &[&str] = &["pbs", "slurm"];

/// A runtime, in the order of preference for jobs, and how it runs an image.
const RUNTIMES: &[(&str, &str)] = &[
    ("charliecloud", "ch-run --join \"$IMAGE\" -- COMMAND"),
    ("apptainer", "apptainer exec \"$IMAGE\" COMMAND"),
    ("sarus", "sarus run \"$IMAGE\" COMMAND"),
    ("podman-hpc", "podman-hpc run --rm \"$IMAGE\" COMMAND"),
    (
        "podman",
        "podman run --rm --network=host --ipc=host \"$IMAGE\" COMMAND",
    ),
    ("enroot", "enroot start \"$IMAGE\" COMMAND"),
    ("udocker", "udocker run \"$IMAGE\" COMMAND"),
];

/// The script; none where no runtime that is installed runs here.
pub fn script(scheduler: &str, image: &str, known: &Known<'_>) -> Option<String> {
    let (runtime, command) = RUNTIMES
        .iter()
        .find(|(runtime, _)| known.works(runtime, "run"))?;
    let launcher = match scheduler {
        "slurm" => "srun ",
        _ => "mpiexec ",
    };
    let join = scheduler == "slurm" || known.passes("mpi.launcher");
    // ch-run --join must know how many ranks of the node share a container: Slurm tells it.
    let command = match (scheduler, *runtime) {
        ("slurm", _) => (*command).to_owned(),
        _ => command.replace("--join ", ""),
    };
    let mut lines = vec!["#!/bin/bash".to_owned()];
    lines.extend(directives(scheduler));
    lines.push(String::new());
    lines.push(format!(
        "# {runtime} runs on this node; hpcctl doctor tried it."
    ));
    if known.fails("sch.env") || known.fails("env.runtime_dir") {
        lines.push("# Jobs start without a login session, so the directory is made here.".into());
        lines.push("export XDG_RUNTIME_DIR=$(mktemp -d /tmp/run-$USER.XXXXXX)".into());
    }
    lines.push(
        "# The scheduler starts the container: its own container options are not relied on.".into(),
    );
    lines.push(format!("IMAGE={}", quoted(image)));
    let launcher = if join { launcher } else { "" };
    lines.push(format!("{launcher}{command}"));
    Some(lines.join("\n") + "\n")
}

fn directives(scheduler: &str) -> Vec<String> {
    let lines: &[&str] = match scheduler {
        "slurm" => &[
            "#SBATCH --job-name=container",
            "#SBATCH --nodes=1",
            "#SBATCH --ntasks=1",
            "#SBATCH --time=00:10:00",
        ],
        _ => &[
            "#PBS -N container",
            "#PBS -l select=1:ncpus=1:mpiprocs=1",
            "#PBS -l walltime=00:10:00",
        ],
    };
    lines.iter().map(ToString::to_string).collect()
}

/// A word that the shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Verdict;

    use super::*;
    use crate::advice::tests::report;
    use crate::lint;

    #[test]
    fn the_first_runtime_that_works_is_used_and_our_own_lint_finds_nothing() {
        let found = report(
            &[],
            &[("charliecloud", Verdict::No), ("podman", Verdict::Yes)],
        );
        for scheduler in SCHEDULERS {
            let text = script(scheduler, "it's", &Known::new(&found)).unwrap();
            assert!(text.contains("podman run --rm"), "{text}");
            assert!(text.contains("IMAGE='it'\\''s'"), "{text}");
            let read = lint::file("job", &text, &Known::new(&found)).unwrap();
            let bad = read
                .findings
                .iter()
                .find(|finding| finding.outcome.is_finding());
            assert_eq!(bad, None);
        }
        let none = report(&[], &[("podman", Verdict::No)]);
        assert_eq!(script("slurm", "x", &Known::new(&none)), None);
    }
}
