//! What decides the exit status: the operations that were asked for, or the checks.

use hpcctl_model::doctor::{self as model, Status, Verdict};

use super::{Doctor, Level};
use crate::exit::Exit;

impl Doctor {
    /// Whether checks were asked for and no operation.
    pub(super) fn only_checks(&self) -> bool {
        !self.check.is_empty() && self.runtime.is_empty() && self.op.is_empty()
    }

    /// The level from which on checks decide; none where operations do.
    fn level(&self) -> Option<Level> {
        self.fail_on
            .or_else(|| self.only_checks().then_some(Level::Fail))
    }

    pub(super) fn exit(&self, found: &model::Doctor) -> Exit {
        if let Some(level) = self.level() {
            return of_checks(&found.checks, level);
        }
        let operations = self.asked(found).into_iter();
        of_operations(&operations.map(|(_, op)| op.verdict).collect::<Vec<_>>())
    }

    /// The exit status of a health check: a node that is to run containers, and has no runtime, is not
    /// known to be well.
    pub(super) fn health(&self, found: &model::Doctor) -> Exit {
        match self.exit(found) {
            Exit::Clean if self.is_bare(found) => Exit::Inconclusive,
            exit => exit,
        }
    }

    /// Whether runtimes were looked for, and none but the builtin one is there.
    fn is_bare(&self, found: &model::Doctor) -> bool {
        let mut asked = self.asked(found).into_iter();
        self.level().is_none()
            && self.runtime.is_empty()
            && asked.all(|(runtime, _)| runtime.runtime == "builtin")
    }

    /// What decides the exit status: the operations that were asked for, or none and the checks
    /// with a failure for each that counts.
    pub(super) fn decisive(&self, found: &model::Doctor) -> model::Doctor {
        let mut checks = found.checks.clone();
        let mut runtimes: Vec<model::Runtime> = Vec::new();
        match self.level() {
            Some(Level::Warn) => {
                let warns = checks.iter_mut().filter(|it| it.status == Status::Warn);
                warns.for_each(|check| check.status = Status::Fail);
            }
            Some(Level::Fail) => {}
            None => {
                for (runtime, operation) in self.asked(found) {
                    match runtimes.last_mut() {
                        Some(last) if last.runtime == runtime.runtime => {
                            last.operations.push(operation);
                        }
                        _ => runtimes.push(model::Runtime {
                            operations: vec![operation],
                            ..runtime.clone()
                        }),
                    }
                }
            }
        }
        // Where no runtime was looked for, that none is there decides nothing.
        if !self.is_bare(found) {
            checks.retain(|it| it.status == Status::Fail || !it.id.starts_with("runtime."));
        }
        model::Doctor {
            checks,
            runtimes,
            image: None,
            caller: found.caller.clone(),
        }
    }

    /// The operations that were asked for, each with its runtime.
    fn asked<'f>(&self, found: &'f model::Doctor) -> Vec<(&'f model::Runtime, model::Operation)> {
        let installed =
            |runtime: &&model::Runtime| runtime.installed && runtime.runtime != "builtin";
        let named = !self.runtime.is_empty();
        let none_installed = !found.runtimes.iter().any(|runtime| installed(&runtime));
        let asked = found.runtimes.iter().filter(|runtime| {
            named || installed(runtime) || (none_installed && runtime.runtime == "builtin")
        });
        let run = ["run".to_owned()];
        let ops = if self.op.is_empty() {
            &run[..]
        } else {
            &self.op
        };
        let of = |runtime: &model::Runtime, op: &String| {
            let found = runtime.operations.iter().find(|found| found.op == *op);
            // What a runtime does not offer it cannot do.
            found.cloned().unwrap_or_else(|| model::Operation {
                op: op.clone(),
                verdict: Verdict::No,
                tried: false,
                because: Vec::new(),
                images: None,
                fix: Vec::new(),
            })
        };
        asked
            .flat_map(|runtime| ops.iter().map(move |op| (runtime, of(runtime, op))))
            .collect()
    }
}

fn of_checks(checks: &[model::Check], level: Level) -> Exit {
    let counts = |status| match status {
        Status::Fail => true,
        Status::Warn => level == Level::Warn,
        Status::Pass | Status::Unknown | Status::Skipped => false,
    };
    if checks.iter().any(|check| counts(check.status)) {
        Exit::Findings
    } else if checks.iter().any(|check| check.status == Status::Unknown) {
        Exit::Inconclusive
    } else {
        Exit::Clean
    }
}

fn of_operations(verdicts: &[Verdict]) -> Exit {
    if verdicts.contains(&Verdict::No) {
        Exit::Findings
    } else if verdicts.contains(&Verdict::Unknown) || verdicts.is_empty() {
        Exit::Inconclusive
    } else {
        Exit::Clean
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_refusal_outweighs_what_is_not_known() {
        use Verdict::{Degraded, No, Unknown, Yes};
        assert_eq!(of_operations(&[Yes, Degraded]), Exit::Clean);
        assert_eq!(of_operations(&[Yes, Unknown]), Exit::Inconclusive);
        assert_eq!(of_operations(&[Unknown, No]), Exit::Findings);
        assert_eq!(of_operations(&[]), Exit::Inconclusive);
    }

    /// A report with `run` and `build` of these runtimes, installed or not, and the verdicts.
    fn report(runtimes: &[(&str, bool, Verdict)]) -> model::Doctor {
        let operation = |op: &str, verdict| model::Operation {
            op: op.into(),
            verdict,
            tried: true,
            because: Vec::new(),
            images: None,
            fix: Vec::new(),
        };
        let runtime = |&(name, installed, run): &(&str, bool, Verdict)| model::Runtime {
            runtime: name.into(),
            installed,
            path: None,
            version: None,
            operations: vec![operation("run", run), operation("build", Verdict::Unknown)],
        };
        let (checks, runtimes) = (Vec::new(), runtimes.iter().map(runtime).collect());
        model::Doctor {
            checks,
            runtimes,
            image: None,
            caller: None,
        }
    }

    #[test]
    fn what_counts_is_run_of_what_is_installed_unless_something_is_asked_for() {
        use Verdict::{No, Unknown, Yes};
        let parsed = |args: &[&str]| {
            let line = ["hpcctl", "doctor"].iter().chain(args);
            match crate::cli::Cli::parse_from(line).command {
                crate::cli::Command::Doctor(doctor) => doctor,
                other => panic!("{other:?}"),
            }
        };
        let exit = |args: &[&str], found: &model::Doctor| parsed(args).exit(found);
        let health = |args: &[&str], found: &model::Doctor| parsed(args).health(found);
        let bare = report(&[("builtin", true, Yes), ("podman", false, No)]);
        assert_eq!(exit(&[], &bare), Exit::Clean);
        assert_eq!(health(&[], &bare), Exit::Inconclusive);
        let asked = report(&[("builtin", true, Yes)]);
        assert_eq!(health(&["--runtime", "builtin"], &asked), Exit::Clean);
        let installed = report(&[("builtin", true, No), ("podman", true, Yes)]);
        assert_eq!(exit(&[], &installed), Exit::Clean);
        let asked = report(&[("podman", false, No)]);
        assert_eq!(exit(&["--runtime", "podman"], &asked), Exit::Findings);
        let works = report(&[("podman", true, Yes)]);
        assert_eq!(exit(&["--runtime", "podman"], &works), Exit::Clean);
        assert_eq!(exit(&["--op", "build"], &works), Exit::Inconclusive);
        assert_eq!(
            exit(&[], &report(&[("podman", true, Unknown)])),
            Exit::Inconclusive
        );
    }
}
