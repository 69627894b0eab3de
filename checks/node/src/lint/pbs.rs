//! Container directives of PBS Professional, and what a server without the plugin makes of
//! them.
//!
//! The directives are those of public training material; "Unknown resource" (status 187) is
//! what OpenPBS 23.06 answered.

use hpcctl_model::doctor::Status;
use hpcctl_model::lint::{LintFinding, Outcome};

use super::{Known, because, finding, instead};

const WAY: &str = "run the container in the script: ch-run IMAGE -- COMMAND";

/// Judges each directive.
pub(super) fn lint(text: &str, known: &Known<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let at = at + 1;
        if let Some(directive) = line.trim_start().strip_prefix("#PBS") {
            for (word, id) in [
                ("container_engine=", "sch.pbs.engine"),
                ("container_image=", "sch.pbs.image"),
            ] {
                if directive.contains(word) {
                    findings.push(resource(at, line, id, known));
                }
            }
        }
        if line.contains("CONTAINER_IMAGE=") {
            findings.push(variable(at, line, known));
        }
        if let Some((_, arguments)) = line.split_once("PBS_CONTAINER_ARGS=") {
            findings.extend(self::arguments(at, line, arguments));
        }
    }
    findings
}

fn resource(at: usize, line: &str, id: &'static str, known: &Known<'_>) -> LintFinding {
    let found = match known.status(id) {
        Some(Status::Pass) => finding(
            at,
            line,
            Outcome::Works,
            "the plugin of PBS starts the script in the container; the entrypoint of the image is not run",
        ),
        Some(Status::Warn) => instead(
            finding(
                at,
                line,
                Outcome::Refused,
                "the server has no such resource: qsub ends with status 187, \"Unknown resource\"",
            ),
            WAY,
        ),
        Some(Status::Unknown) => finding(at, line, Outcome::Unknown, known.summary(id)),
        _ => finding(
            at,
            line,
            Outcome::Unknown,
            "PBS is not installed on this node",
        ),
    };
    because(found, id)
}

fn variable(at: usize, line: &str, known: &Known<'_>) -> LintFinding {
    const ID: &str = "sch.pbs.hook";
    let found = match known.status(ID) {
        Some(Status::Pass) => finding(at, line, Outcome::Works, "the hook reads the variable"),
        Some(Status::Warn | Status::Fail) => instead(
            finding(
                at,
                line,
                Outcome::Host,
                "no hook reads the variable: the script runs on the host",
            ),
            WAY,
        ),
        Some(Status::Unknown) => finding(at, line, Outcome::Unknown, known.summary(ID)),
        _ => finding(
            at,
            line,
            Outcome::Unknown,
            "PBS is not installed on this node",
        ),
    };
    because(found, ID)
}

/// Arguments for the engine, separated by semicolons.
fn arguments(at: usize, line: &str, arguments: &str) -> Option<LintFinding> {
    let arguments = arguments.trim().trim_matches(['"', '\'']);
    let parts = arguments
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    for part in parts {
        if !part.starts_with('-') {
            let why = format!(
                "{part:?} is no option: arguments are separated by semicolons, not by spaces or commas"
            );
            return Some(finding(at, line, Outcome::Fails, why));
        }
        if part.contains(' ') {
            let why = format!("{part:?} holds a space: put a semicolon between options");
            return Some(finding(at, line, Outcome::Fails, why));
        }
        if part == "--env" || part.starts_with("--env=") {
            let found = finding(
                at,
                line,
                Outcome::Ignored,
                "variables reach the container by qsub -v alone",
            );
            return Some(instead(found, "qsub -v NAME=VALUE"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::tests::report;

    fn outcomes(job: &str, status: Status) -> Vec<Outcome> {
        let checks = ["sch.pbs.engine", "sch.pbs.image", "sch.pbs.hook"].map(|id| (id, status));
        let found = report(&checks, &[]);
        lint(job, &Known::new(&found))
            .iter()
            .map(|finding| finding.outcome)
            .collect()
    }

    #[test]
    fn the_directives_of_the_plugin() {
        let job = "#PBS -l select=1:container_engine=singularity\n#PBS -l container_image=debian\n#PBS -v CONTAINER_IMAGE=debian\n";
        assert_eq!(outcomes(job, Status::Pass), [Outcome::Works; 3]);
        assert_eq!(
            outcomes(job, Status::Warn),
            [Outcome::Refused, Outcome::Refused, Outcome::Host]
        );
        assert_eq!(outcomes(job, Status::Unknown), [Outcome::Unknown; 3]);
    }

    #[test]
    fn arguments_are_separated_by_semicolons() {
        let of = |text: &str| arguments(1, text, text).map(|finding| finding.outcome);
        assert_eq!(of("\"--bind=/home:/home;--no-https\""), None);
        assert_eq!(of("--bind=/a --bind=/b"), Some(Outcome::Fails));
        assert_eq!(of("bind=/a"), Some(Outcome::Fails));
        assert_eq!(of("--env=X=1"), Some(Outcome::Ignored));
    }
}
