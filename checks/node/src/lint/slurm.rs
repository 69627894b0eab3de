//! Container options of Slurm: `--container` of Slurm itself, `--container-…` of pyxis.
//!
//! What a release does with them was seen with Slurm 22.05.

use hpcctl_model::doctor::Status;
use hpcctl_model::lint::{LintFinding, Outcome};

use super::{Known, because, finding, instead};

const WAY: &str = "srun ch-run --join IMAGE -- COMMAND";

/// Judges each line with such an option.
pub(super) fn lint(text: &str, known: &Known<'_>) -> Vec<LintFinding> {
    let lines = text.lines().enumerate().filter(|(_, line)| is_slurms(line));
    let judged = lines.filter_map(|(at, line)| {
        let words = || line.split_whitespace();
        let own = words().any(|word| word == "--container" || word.starts_with("--container="));
        let pyxis = words().any(|word| word.starts_with("--container-"));
        match (own, pyxis) {
            (true, _) => Some(of_slurm(at + 1, line, known)),
            (false, true) => Some(of_pyxis(at + 1, line, known)),
            (false, false) => None,
        }
    });
    judged.collect()
}

fn is_slurms(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#SBATCH")
        || line
            .split_whitespace()
            .any(|word| matches!(word, "srun" | "sbatch" | "salloc"))
}

fn of_slurm(at: usize, line: &str, known: &Known<'_>) -> LintFinding {
    const ID: &str = "sch.slurm.container";
    let found = match (known.status(ID), known.status("sch.slurm.ociconf")) {
        (Some(Status::Pass), Some(Status::Fail)) => {
            let why = known.summary("sch.slurm.ociconf");
            return because(
                instead(finding(at, line, Outcome::Refused, why), WAY),
                "sch.slurm.ociconf",
            );
        }
        (Some(Status::Pass), _) if known.works("slurm-container", "run") => {
            finding(at, line, Outcome::Works, "Slurm starts an OCI container")
        }
        (Some(Status::Pass), _) => finding(
            at,
            line,
            Outcome::Unknown,
            "whether the OCI runtime of Slurm works was not tried",
        ),
        (Some(Status::Warn), _) => instead(
            finding(
                at,
                line,
                Outcome::Host,
                "Slurm has no oci.conf: the step runs on the host, with exit status 0",
            ),
            WAY,
        ),
        _ => finding(
            at,
            line,
            Outcome::Unknown,
            "Slurm is not configured on this node",
        ),
    };
    because(found, ID)
}

fn of_pyxis(at: usize, line: &str, known: &Known<'_>) -> LintFinding {
    const ID: &str = "sch.slurm.pyxis";
    let found = match known.status(ID) {
        Some(Status::Pass) => finding(at, line, Outcome::Works, "pyxis starts an Enroot container"),
        Some(Status::Fail) => instead(finding(at, line, Outcome::Refused, known.summary(ID)), WAY),
        Some(Status::Skipped) if known.status("sch.slurm.container") != Some(Status::Skipped) => {
            instead(
                finding(
                    at,
                    line,
                    Outcome::Refused,
                    "pyxis is not configured: \"unrecognized option\"",
                ),
                WAY,
            )
        }
        _ => finding(
            at,
            line,
            Outcome::Unknown,
            "Slurm is not configured on this node",
        ),
    };
    because(found, ID)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::tests::report;

    fn outcome(line: &str, checks: &[(&str, Status)]) -> Vec<Outcome> {
        let found = report(checks, &[]);
        lint(line, &Known::new(&found))
            .iter()
            .map(|finding| finding.outcome)
            .collect()
    }

    #[test]
    fn a_container_that_runs_on_the_host_is_told() {
        let job = "#!/bin/sh\n#SBATCH --container=/images/bb\nsrun --container-image=debian true\necho --container x\n";
        let none = [
            ("sch.slurm.container", Status::Warn),
            ("sch.slurm.pyxis", Status::Skipped),
        ];
        assert_eq!(outcome(job, &none), [Outcome::Host, Outcome::Refused]);
        let away = [
            ("sch.slurm.container", Status::Skipped),
            ("sch.slurm.pyxis", Status::Skipped),
        ];
        assert_eq!(outcome(job, &away), [Outcome::Unknown, Outcome::Unknown]);
        let bad = [
            ("sch.slurm.container", Status::Pass),
            ("sch.slurm.ociconf", Status::Fail),
            ("sch.slurm.pyxis", Status::Pass),
        ];
        assert_eq!(outcome(job, &bad), [Outcome::Refused, Outcome::Works]);
    }
}
