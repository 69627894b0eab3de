//! Configuration and job scripts that work on a node, made from what was found there.
//!
//! All of it is plain text for the shell: it can be read, and it can be run.

use hpcctl_model::doctor::{Doctor, Evidence, Operation, Runtime, Status, Verdict};

use crate::oci::CHOSEN;

mod apptainer;
mod charliecloud;
pub mod job;
mod podman;
mod registries;

/// What configuration can be written for: a row of [`CONFIGURATIONS`].
#[derive(Debug, Clone, Copy)]
pub struct Configuration {
    /// The name.
    pub name: &'static str,
    /// Writes it.
    pub write: fn(&Known<'_>) -> String,
}

/// Every configuration that can be written.
pub static CONFIGURATIONS: &[Configuration] = &[
    Configuration {
        name: "podman",
        write: podman::write,
    },
    Configuration {
        name: "charliecloud",
        write: charliecloud::write,
    },
    Configuration {
        name: "apptainer",
        write: apptainer::write,
    },
    Configuration {
        name: "registries",
        write: registries::write,
    },
];

/// Options of one command that do for it what the configuration does for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Those of the program, before its subcommand.
    pub program: Vec<String>,
    /// Those of the subcommand that starts a container.
    pub run: Vec<String>,
    /// The OCI runtime that starts containers with these; none where it has none, or it is not known.
    pub oci: Option<String>,
}

/// Checks on which options rest, beside those of the operation.
pub const OPTIONS_REST_ON: &[&str] = &["cg.mode", "cg.own"];

/// The options with which a runtime starts a container here; none of one that needs none.
pub fn options(runtime: &str, known: &Known<'_>) -> Options {
    match runtime {
        "podman" => podman::options(known),
        _ => Options::default(),
    }
}

/// What a report knows.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    report: &'a Doctor,
}

impl<'a> Known<'a> {
    /// From a report of every check.
    pub fn new(report: &'a Doctor) -> Self {
        Self { report }
    }

    /// The outcome of a check.
    pub fn status(&self, id: &str) -> Option<Status> {
        let check = self.report.checks.iter().find(|check| check.id == id)?;
        Some(check.status)
    }

    /// What a check says.
    pub fn summary(&self, id: &str) -> &'a str {
        let check = self.report.checks.iter().find(|check| check.id == id);
        check.map_or("", |check| check.summary.as_str())
    }

    /// Whether a runtime is installed.
    pub fn is_installed(&self, name: &str) -> bool {
        self.runtime(name).is_some_and(|row| row.installed)
    }

    /// The program by which a runtime is installed.
    pub fn path(&self, name: &str) -> Option<&'a str> {
        self.runtime(name)?.path.as_deref()
    }

    /// The version of a runtime.
    pub fn version(&self, name: &str) -> Option<&'a str> {
        self.runtime(name)?.version.as_deref()
    }

    fn runtime(&self, name: &str) -> Option<&'a Runtime> {
        let mut runtimes = self.report.runtimes.iter();
        runtimes.find(|row| row.runtime == name)
    }

    /// Whether a check fails or warns.
    pub fn fails_or_warns(&self, id: &str) -> bool {
        matches!(self.status(id), Some(Status::Fail | Status::Warn))
    }

    /// Whether a check passes.
    pub fn passes(&self, id: &str) -> bool {
        self.status(id) == Some(Status::Pass)
    }

    /// Whether a check fails.
    pub fn fails(&self, id: &str) -> bool {
        self.status(id) == Some(Status::Fail)
    }

    /// What the admin or the user should do about a check.
    pub fn remedy(&self, id: &str) -> &'a str {
        let check = self.report.checks.iter().find(|check| check.id == id);
        let remedy = check.map(|check| &check.remedy);
        let text = remedy.and_then(|remedy| remedy.admin.as_deref().or(remedy.user.as_deref()));
        text.unwrap_or("")
    }

    /// Whether more than one id can be mapped; root needs no range for it.
    pub fn maps_many(&self) -> bool {
        let ranges = matches!(
            self.status("uid.subid.file"),
            Some(Status::Pass | Status::Skipped)
        );
        ranges && self.passes("uid.newuidmap")
    }

    /// A fact among the evidence of a check.
    pub fn fact(&self, id: &str, name: &str) -> Option<&'a str> {
        let check = self.report.checks.iter().find(|check| check.id == id)?;
        check.evidence.iter().find_map(|evidence| match evidence {
            Evidence::File { path, value, .. } if path == name => value.as_deref(),
            _ => None,
        })
    }

    /// The name of the OCI runtime that podman starts by itself.
    pub fn oci(&self) -> Option<&'a str> {
        let name = self.fact("cg.crun.hybrid", CHOSEN)?;
        let name = name.rsplit('/').next().unwrap_or(name);
        (!name.is_empty()).then_some(name)
    }

    /// Whether root asked: only then no range of ids is looked for.
    pub fn is_root(&self) -> bool {
        self.status("uid.subid.file") == Some(Status::Skipped)
    }

    /// What is said of an operation of a runtime that is installed.
    pub fn operation(&self, runtime: &str, op: &str) -> Option<&'a Operation> {
        let runtime = self.runtime(runtime).filter(|row| row.installed)?;
        runtime.operations.iter().find(|row| row.op == op)
    }

    /// Whether an operation works, with a loss or without.
    pub fn works(&self, runtime: &str, op: &str) -> bool {
        let found = self.operation(runtime, op);
        found.is_some_and(|found| matches!(found.verdict, Verdict::Yes | Verdict::Degraded))
    }
}

/// A file that a script writes, with the reasons as comments in it; nothing where it would be
/// empty. One that is there at first is kept beside it.
fn file(path: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let dir = path.rsplit_once('/').map_or(".", |(dir, _)| dir);
    format!(
        "mkdir -p {dir}\n[ ! -e {path} ] || [ -e {path}.before-hpcctl ] || cp -p {path} {path}.before-hpcctl\ncat > {path} <<'END'\n{}\nEND\n",
        lines.join("\n")
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::doctor::{Check, Remedy};

    use super::*;
    use crate::Examined;
    use crate::solver::Facts;

    /// A report with these checks, and runtimes that run or do not.
    pub(crate) fn report(checks: &[(&str, Status)], runtimes: &[(&str, Verdict)]) -> Doctor {
        let check = |(id, status): &(&str, Status)| Check {
            id: (*id).into(),
            status: *status,
            summary: format!("{id} is so"),
            evidence: Vec::new(),
            remedy: Remedy::default(),
            refs: Vec::new(),
            took_us: 0,
        };
        let runtime = |(name, verdict): &(&str, Verdict)| Runtime {
            runtime: (*name).into(),
            installed: true,
            path: None,
            version: None,
            operations: vec![Operation {
                op: "run".into(),
                verdict: *verdict,
                tried: true,
                because: Vec::new(),
                images: None,
                fix: Vec::new(),
            }],
        };
        Doctor {
            checks: checks.iter().map(check).collect(),
            runtimes: runtimes.iter().map(runtime).collect(),
            image: None,
            caller: None,
        }
    }

    /// An examination that found this report; the solver knows what its checks say.
    pub(crate) fn examined(report: Doctor) -> Examined {
        let mut facts = Facts::new(false);
        for check in crate::checks() {
            let found = report.checks.iter().find(|row| row.id == check.id);
            let holds = found.map_or(Some(true), |row| match row.status {
                Status::Pass => Some(true),
                Status::Unknown => None,
                Status::Warn | Status::Fail | Status::Skipped => Some(false),
            });
            facts = facts.holding(check.id, holds);
        }
        Examined {
            report,
            unknowns: Vec::new(),
            facts,
        }
    }

    #[test]
    fn each_configuration_is_a_script_that_the_shell_understands() {
        let healthy = report(&[], &[]);
        let broken: Vec<(&str, Status)> = [
            "cg.crun.hybrid",
            "net.tun",
            "ovl.disk",
            "ns.pivot",
            "fuse.userns",
            "lim.conf_over_hard",
        ]
        .iter()
        .map(|id| (*id, Status::Fail))
        .collect();
        let broken = report(&broken, &[]);
        for configuration in CONFIGURATIONS {
            for report in [&healthy, &broken] {
                let text = (configuration.write)(&Known::new(report));
                let argv = ["sh", "-n", "-c", &text];
                let ran = hpcctl_host::Host::run(&hpcctl_host::Live, &argv, hpcctl_host::DEADLINE);
                assert!(ran.ok(), "{}: {text}{}", configuration.name, ran.stderr);
            }
        }
    }
}
