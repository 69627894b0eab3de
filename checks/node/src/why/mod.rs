//! On what a container command broke: from what it did and said to the check that explains it.
//!
//! First it is told how far the command came: a program of a container that fails is no fault of
//! the node. Else a rule points from a message, or from a call that failed, to checks. A cause
//! is named only where such a check fails here and now, and never one that the options of the
//! command work round: neither a guess from a message alone nor a check alone is told as the
//! truth.

use hpcctl_host::trace::{Failed, Traced};
use hpcctl_model::doctor::{Check, Status, Verdict};
use hpcctl_model::why::{Named, Outcome};

use crate::container_command::{self, ContainerCommand};
use crate::runtime::Rule;
use crate::{Examined, Helps, RUNTIMES, solver};
use outcome::Told;

mod calls;
mod outcome;
mod rules;

/// A call that failed, as a rule knows it.
#[derive(Debug, Clone, Copy)]
struct CallRule {
    /// The names of the calls.
    names: &'static [&'static str],
    /// A part of the call in words; empty fits each.
    part: &'static str,
    /// The checks that may explain it, the likeliest first.
    checks: &'static [&'static str],
}

/// Words on standard error, as a rule knows them.
#[derive(Debug, Clone, Copy)]
struct WordRule {
    /// A part of a line, in lower case.
    part: &'static str,
    /// The checks that may explain it, the likeliest first.
    checks: &'static [&'static str],
}

/// Why a command ended as it did.
#[derive(Debug, Clone)]
pub struct Explained {
    /// How far it came.
    pub outcome: Outcome,
    /// The same in words.
    pub says: String,
    /// The line of its output that says so.
    pub seen: Option<String>,
    /// The causes that checks confirm, the likeliest first.
    pub causes: Vec<Named>,
    /// The failed call that matters: its place among those of the trace.
    pub call: Option<usize>,
    /// Which of the failed calls may have mattered, in the order of the trace.
    pub matters: Vec<bool>,
}

impl Explained {
    /// Of a run that succeeded, for which no node need be examined.
    pub fn succeeded(traced: &Traced) -> Self {
        Self {
            outcome: Outcome::Succeeded,
            says: "it succeeded".into(),
            seen: None,
            causes: Vec::new(),
            call: None,
            matters: vec![false; traced.failed.len()],
        }
    }
}

/// Explains a run; the environment of the command tells which directories it was given.
pub fn explain(
    traced: &Traced,
    command: &[String],
    found: &Examined,
    helps: &Helps<'_>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Explained {
    let words: Vec<String> = command
        .iter()
        .flat_map(|word| word.split_whitespace().map(ToOwned::to_owned))
        .collect();
    let command = container_command::find(&words, helps);
    let told = outcome::of(traced, command.as_ref());
    let mut causes = Causes {
        found,
        worked_round: worked_round(command.as_ref(), found, helps),
        named: Vec::new(),
    };
    let pool = pool(traced, command.as_ref(), told.as_ref());
    match told.as_ref().map(|told| told.outcome) {
        Some(Outcome::Succeeded | Outcome::Late | Outcome::Usage | Outcome::Missing) => {}
        Some(Outcome::NoProgram) => {}
        Some(Outcome::Program) => {
            // Charliecloud maps one id by design, and no range of ids changes that.
            let maps = command.is_none_or(|command| command.runtime != "charliecloud");
            if maps {
                causes.add_calls(rules::INSIDE, &pool, traced);
            }
        }
        Some(_) => causes.add_words(rules::OF_REGISTRIES, traced),
        None => {
            causes.add_paths(traced, env);
            causes.add_words(rules::WORDS, traced);
            causes.add_words(rules::OF_REGISTRIES, traced);
            if causes.named.is_empty() {
                causes.add_calls(rules::CALLS, &pool, traced);
            }
            causes.sort(command.as_ref());
        }
    }
    let call = calls::decisive(&pool, traced).map(|failed| failed.at);
    let in_pool = |failed: &Failed| pool.iter().any(|known| known.at == failed.at);
    let matters = |failed: &Failed| in_pool(failed) && !calls::is_trivial(failed, traced);
    let told = told.unwrap_or_else(|| by_causes(&causes.named, traced));
    Explained {
        outcome: told.outcome,
        says: told.says,
        seen: told.seen,
        causes: causes.named,
        call: traced
            .failed
            .iter()
            .position(|failed| Some(failed.at) == call),
        matters: traced.failed.iter().map(matters).collect(),
    }
}

fn by_causes(causes: &[Named], traced: &Traced) -> Told {
    let seen = outcome::errors(&traced.output).next();
    let (outcome, says) = match causes.first() {
        Some(_) => (Outcome::Node, "the node refused what the runtime needs"),
        None => (
            Outcome::Unknown,
            "the cause is not known: no check of this node explains it",
        ),
    };
    Told {
        outcome,
        says: says.into(),
        seen: seen.map(|line| line.trim().to_owned()),
    }
}

/// The causes that were found so far.
struct Causes<'a> {
    found: &'a Examined,
    /// Checks that the command's own options work round.
    worked_round: Vec<&'static str>,
    named: Vec<Named>,
}

impl Causes<'_> {
    fn add(&mut self, ids: &[&str], seen: &str) {
        for id in ids {
            let known = self.named.iter().any(|cause| cause.check == *id);
            if known || self.worked_round.contains(id) {
                continue;
            }
            let checks = &self.found.report.checks;
            if let Some(check) = checks.iter().find(|check| check.id == *id)
                && refuses(check)
            {
                self.named.push(named(check, seen));
            }
        }
    }

    /// What a runtime says of itself, of many lines the last first.
    fn add_words(&mut self, rules: &[WordRule], traced: &Traced) {
        for line in outcome::errors(&traced.output) {
            let lower = line.to_lowercase();
            for rule in rules.iter().filter(|rule| lower.contains(rule.part)) {
                self.add(rule.checks, line.trim());
            }
        }
    }

    /// A directory that the environment gives, in what a runtime says.
    fn add_paths(&mut self, traced: &Traced, env: &dyn Fn(&str) -> Option<String>) {
        for (variable, checks) in rules::DIRECTORIES {
            let Some(path) = env(variable).filter(|path| path.len() > 1) else {
                continue;
            };
            let line = outcome::errors(&traced.output).find(|line| line.contains(path.as_str()));
            if let Some(line) = line {
                self.add(checks, line.trim());
            }
        }
    }

    /// The last of the failed calls that a check explains.
    fn add_calls(&mut self, rules: &[CallRule], pool: &[&Failed], traced: &Traced) {
        for failed in pool.iter().rev() {
            if calls::is_trivial(failed, traced) {
                continue;
            }
            let seen = format!("{}: {} = {}", failed.program, failed.call, failed.errno);
            let fits = |rule: &&CallRule| {
                rule.names.contains(&failed.name) && failed.call.contains(rule.part)
            };
            for rule in rules.iter().filter(fits) {
                self.add(rule.checks, &seen);
            }
            if !self.named.is_empty() {
                return;
            }
        }
    }

    /// Of those that the run points to, what doctor itself would have said is the surer.
    fn sort(&mut self, command: Option<&ContainerCommand>) {
        let refused = refused(command, self.found);
        self.named
            .sort_by_key(|cause| !refused.contains(&cause.check.as_str()));
    }
}

fn named(check: &Check, seen: &str) -> Named {
    Named {
        check: check.id.clone(),
        summary: check.summary.clone(),
        seen: seen.into(),
        remedy: check.remedy.clone(),
    }
}

/// Whether a check stands in the way: it fails, or what it looks for is not there.
fn refuses(check: &Check) -> bool {
    check.status == Status::Fail
        || (check.status == Status::Warn && rules::WARNINGS.contains(&check.id.as_str()))
}

/// The failed calls that may have decided, in order: those of the container's program where it
/// failed, else those of the processes that ended badly, or of all where none is known to.
fn pool<'a>(
    traced: &'a Traced,
    command: Option<&ContainerCommand>,
    told: Option<&Told>,
) -> Vec<&'a Failed> {
    let program = outcome::failed_program(traced, command);
    let program = program.filter(|_| told.is_some_and(|told| told.outcome == Outcome::Program));
    let calls = || traced.failed.iter();
    let ended = |pid: i32| traced.ended.iter().find(|ended| ended.pid == pid);
    if let Some((program, end)) = program {
        // What it started ends badly before it does.
        let failed = |failed: &&Failed| {
            let of_it = failed.pid == program.pid && failed.at > program.at;
            failed.inside && failed.at < end.at && (of_it || ended(failed.pid).is_some())
        };
        return calls().filter(failed).collect();
    }
    let starts = |failed: &&Failed| failed.inside && failed.name.starts_with("execve");
    match told.map(|told| told.outcome) {
        Some(Outcome::NoProgram) => return calls().filter(starts).collect(),
        // The runtime says it all; what fails meanwhile has another reason.
        Some(Outcome::NoImage | Outcome::Usage | Outcome::Missing) => return Vec::new(),
        _ => {}
    }
    let of_bad: Vec<&Failed> = calls()
        .filter(|failed| ended(failed.pid).is_some())
        .collect();
    if of_bad.is_empty() {
        calls().collect()
    } else {
        of_bad
    }
}

/// The rule of what a command does.
fn rule(command: &ContainerCommand) -> Option<&'static Rule> {
    let runtime = RUNTIMES.iter().find(|row| row.name == command.runtime)?;
    runtime
        .rules
        .iter()
        .find(|rule| Some(rule.op) == command.op)
}

/// Checks that would stand in the way, but for options of the command itself.
fn worked_round(
    command: Option<&ContainerCommand>,
    found: &Examined,
    helps: &Helps<'_>,
) -> Vec<&'static str> {
    let Some((command, rule)) = command.and_then(|command| Some((command, rule(command)?))) else {
        return Vec::new();
    };
    let with = found.facts.choosing(&command.taken(&rule.needs, helps));
    let left = solver::decide(&rule.needs, &[], &with).because;
    let without = solver::decide(&rule.needs, &[], &found.facts).because;
    without
        .into_iter()
        .filter(|id| !left.contains(id))
        .collect()
}

/// The checks because of which the runtime of this command is refused, by doctor's verdict.
fn refused<'a>(command: Option<&ContainerCommand>, found: &'a Examined) -> Vec<&'a str> {
    let Some(command) = command else {
        return Vec::new();
    };
    let rows = found.report.runtimes.iter();
    let rows = rows.filter(|row| row.runtime == command.runtime);
    let operations = rows.flat_map(|row| &row.operations);
    let refused =
        operations.filter(|row| Some(row.op.as_str()) == command.op && row.verdict == Verdict::No);
    refused
        .flat_map(|row| row.because.iter().map(String::as_str))
        .collect()
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;
    use hpcctl_host::trace::{Ended, Executed};

    use super::*;
    use crate::advice::tests::{examined, report};
    use crate::container_command::tests::helps;

    fn failed(pid: i32, name: &'static str, call: &str, errno: Errno, at: usize) -> Failed {
        Failed {
            pid,
            program: "crun".into(),
            name,
            call: call.into(),
            errno,
            inside: false,
            at,
        }
    }

    fn traced(output: &str, failed: Vec<Failed>) -> Traced {
        let ended = Ended {
            pid: 2,
            status: 1,
            signal: None,
            at: 100,
        };
        Traced {
            status: Some(125),
            output: output.into(),
            failed: failed.into(),
            ended: vec![ended],
            ..Traced::default()
        }
    }

    fn explained(traced: &Traced, line: &str, checks: &[(&str, Status)]) -> Explained {
        let found = examined(report(checks, &[("podman", Verdict::No)]));
        let words: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
        let env = |name: &str| (name == "XDG_RUNTIME_DIR").then(|| "/run/none".to_owned());
        explain(traced, &words, &found, &Helps::new(&helps), &env)
    }

    fn named(traced: &Traced, checks: &[(&str, Status)]) -> Vec<String> {
        let explained = explained(traced, "podman run x true", checks);
        explained
            .causes
            .into_iter()
            .map(|cause| cause.check)
            .collect()
    }

    #[test]
    fn a_message_counts_only_where_its_check_fails() {
        let run = traced("Error: open /dev/net/tun: permission denied\n", Vec::new());
        assert_eq!(named(&run, &[("net.tun", Status::Fail)]), ["net.tun"]);
        assert!(named(&run, &[("net.tun", Status::Pass)]).is_empty());
        let warned = traced(
            "level=warning msg=\"/dev/net/tun\"\nError: other\n",
            Vec::new(),
        );
        assert!(named(&warned, &[("net.tun", Status::Fail)]).is_empty());
    }

    #[test]
    fn a_check_alone_is_no_cause() {
        let run = traced("Error: something else\n", Vec::new());
        let explained = explained(&run, "podman run x", &[("cg.crun.hybrid", Status::Fail)]);
        assert_eq!(explained.outcome, Outcome::Unknown);
        assert!(explained.causes.is_empty(), "{:?}", explained.causes);
        assert_eq!(explained.seen.as_deref(), Some("Error: something else"));
    }

    #[test]
    fn what_the_options_work_round_is_no_cause() {
        let run = traced("Error: cgroups in hybrid mode not supported\n", Vec::new());
        let checks = [("cg.crun.hybrid", Status::Fail)];
        let outcome = |line: &str| explained(&run, line, &checks).outcome;
        assert_eq!(outcome("podman run x"), Outcome::Node);
        assert_eq!(outcome("podman --runtime runc run x"), Outcome::Unknown);
    }

    #[test]
    fn calls_of_processes_that_ended_well_do_not_count() {
        let mount = failed(2, "mount", "mount(proc, /proc, proc)", Errno::EPERM, 1);
        let unshare = failed(3, "unshare", "unshare(CLONE_NEWUSER)", Errno::EPERM, 2);
        let run = traced("", vec![mount, unshare]);
        let checks = [("ns.proc", Status::Fail), ("ns.user", Status::Fail)];
        assert_eq!(named(&run, &checks), ["ns.proc"]);
        let explained = explained(&run, "podman run x", &checks);
        assert_eq!(
            (explained.call, explained.matters),
            (Some(0), vec![true, false])
        );
    }

    #[test]
    fn a_directory_of_the_environment_counts_where_the_runtime_names_it() {
        let checks = [("env.runtime_dir", Status::Fail), ("fs.exec", Status::Fail)];
        let run = traced("Error: mkdir /run/none: permission denied\n", Vec::new());
        assert_eq!(named(&run, &checks), ["env.runtime_dir"]);
        let other = traced("Error: mkdir /other: permission denied\n", Vec::new());
        assert!(named(&other, &checks).is_empty());
    }

    #[test]
    fn a_program_of_the_container_that_lacks_an_id_points_to_the_ids() {
        let chown = Failed {
            inside: true,
            ..failed(2, "fchownat", "fchownat(/x, 1, 1)", Errno::EINVAL, 7)
        };
        let mut run = traced("chown: /x: Invalid argument\n", vec![chown]);
        run.status = Some(1);
        run.executed.push(Executed {
            pid: 2,
            path: "/bin/chown".into(),
            words: vec!["chown".into(), "daemon".into(), "/x".into()],
            inside: true,
            within: false,
            at: 5,
        });
        let checks = [("uid.subid.file", Status::Fail), ("net.tun", Status::Fail)];
        let explained = explained(&run, "podman run x chown daemon /x", &checks);
        assert_eq!(explained.outcome, Outcome::Program);
        assert_eq!(explained.causes.len(), 1);
        assert_eq!(explained.causes[0].check, "uid.subid.file");
        assert_eq!(explained.call, Some(0));
    }

    #[test]
    fn every_check_that_a_rule_names_is_there() {
        let words = rules::WORDS.iter().chain(rules::OF_REGISTRIES);
        let calls = rules::CALLS.iter().chain(rules::INSIDE);
        let ids = words.flat_map(|rule| rule.checks);
        let ids = ids.chain(calls.flat_map(|rule| rule.checks));
        let ids = ids.chain(rules::WARNINGS);
        let ids = ids.chain(rules::DIRECTORIES.iter().flat_map(|(_, checks)| *checks));
        for id in ids {
            assert!(crate::checks().any(|probe| probe.id == *id), "{id}");
        }
    }
}
