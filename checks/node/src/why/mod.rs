//! On what a container command broke: from what it did and said to the check that explains it.
//!
//! A rule only points to checks. A cause is named where such a check fails here and now, so
//! that a guess from a message alone is never told as the truth.

use hpcctl_host::trace::{Failed, Traced};
use hpcctl_model::doctor::{Check, Doctor, Status, Verdict};
use hpcctl_model::why::Named;

use crate::container_command;

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

/// The causes that checks confirm, the likeliest first.
pub fn causes(traced: &Traced, command: &[String], found: &Doctor) -> Vec<Named> {
    let mut causes: Vec<Named> = Vec::new();
    let mut add = |ids: &[&str], seen: &str| {
        for id in ids {
            let check = found.checks.iter().find(|check| check.id == *id);
            let known = causes.iter().any(|cause| cause.check == *id);
            if let Some(check) = check.filter(|check| !known && refuses(check)) {
                causes.push(named(check, seen));
            }
        }
    };
    // What a runtime says of itself is nearest; of many lines the last.
    for line in traced.output.lines().rev() {
        let lower = line.to_lowercase();
        let fitting = rules::WORDS.iter().filter(|rule| lower.contains(rule.part));
        fitting.for_each(|rule| add(rule.checks, line.trim()));
    }
    for failed in relevant(traced) {
        let fits =
            |rule: &&CallRule| rule.names.contains(&failed.name) && failed.call.contains(rule.part);
        for rule in rules::CALLS.iter().filter(fits) {
            add(
                rule.checks,
                &format!("{}: {} = {}", failed.program, failed.call, failed.errno),
            );
        }
    }
    // What doctor itself would have said of the runtime is a cause, too, and of those that the
    // run points to the surer ones.
    let refused = refused(command, found);
    for (id, runtime) in &refused {
        add(&[id], &format!("{runtime} cannot do this here"));
    }
    causes.sort_by_key(|cause| !refused.iter().any(|(id, _)| *id == cause.check));
    causes
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

/// Failed calls that may have decided, the last first: those of processes that ended badly,
/// or of every process where none is known.
fn relevant(traced: &Traced) -> Vec<&Failed> {
    let bad = |failed: &&Failed| traced.ended.iter().any(|ended| ended.pid == failed.pid);
    let failed = || traced.failed.iter().rev();
    let of_bad: Vec<&Failed> = failed().filter(bad).collect();
    if of_bad.is_empty() {
        failed().collect()
    } else {
        of_bad
    }
}

/// The checks because of which the runtime of this command is refused, by doctor's verdict.
fn refused<'a>(command: &[String], found: &'a Doctor) -> Vec<(&'a str, &'a str)> {
    let words = command.iter().flat_map(|word| word.split_whitespace());
    let Some(command) = container_command::find(words) else {
        return Vec::new();
    };
    let rows = found
        .runtimes
        .iter()
        .filter(|row| row.runtime == command.runtime);
    let operations = rows.flat_map(|row| &row.operations);
    let refused = operations.filter(|row| row.op == command.op && row.verdict == Verdict::No);
    refused
        .flat_map(|row| row.because.iter().map(|id| (id.as_str(), command.program)))
        .collect()
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;
    use hpcctl_host::trace::Ended;

    use super::*;
    use crate::advice::tests::report;

    fn traced(output: &str, failed: &[(i32, &'static str, &str, Errno)]) -> Traced {
        Traced {
            status: Some(125),
            output: output.into(),
            failed: failed
                .iter()
                .map(|(pid, name, call, errno)| Failed {
                    pid: *pid,
                    program: "crun".into(),
                    name,
                    call: (*call).into(),
                    errno: *errno,
                })
                .collect(),
            ended: vec![Ended { pid: 2, status: 1 }],
            ..Traced::default()
        }
    }

    fn named(traced: &Traced, checks: &[(&str, Status)]) -> Vec<String> {
        let found = report(checks, &[]);
        causes(traced, &["podman".into()], &found)
            .into_iter()
            .map(|cause| cause.check)
            .collect()
    }

    #[test]
    fn a_message_counts_only_where_its_check_fails() {
        let run = traced("Error: open /dev/net/tun: permission denied\n", &[]);
        assert_eq!(named(&run, &[("net.tun", Status::Fail)]), ["net.tun"]);
        assert!(named(&run, &[("net.tun", Status::Pass)]).is_empty());
    }

    #[test]
    fn calls_of_processes_that_ended_well_do_not_count() {
        let run = traced(
            "",
            &[
                (2, "mount", "mount(proc, /proc, proc)", Errno::EPERM),
                (3, "unshare", "unshare(CLONE_NEWUSER)", Errno::EPERM),
            ],
        );
        let checks = [("ns.proc", Status::Fail), ("ns.user", Status::Fail)];
        assert_eq!(named(&run, &checks), ["ns.proc"]);
    }

    #[test]
    fn every_check_that_a_rule_names_is_there() {
        let ids = rules::WORDS.iter().flat_map(|rule| rule.checks);
        let ids = ids
            .chain(rules::CALLS.iter().flat_map(|rule| rule.checks))
            .chain(rules::WARNINGS);
        for id in ids {
            assert!(crate::checks().any(|probe| probe.id == *id), "{id}");
        }
    }
}
