//! `hpcctl doctor why -- COMMAND…`: on what a container command broke.

use std::time::Duration;

use hpcctl_host::trace::{self, Traced};
use hpcctl_host::{Errno, Host, Live};
use hpcctl_model::why::{FailedCall, Outcome, Why};
use hpcctl_node::why::{Explained, explain};
use hpcctl_node::{Ask, Helps};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::helps::of_program;
use crate::ui::Ui;

/// The most failed calls, and lines of standard error, that are reported.
const CALLS: usize = 40;
const LINES: usize = 20;

/// Carries out the command.
pub fn run(command: &[String], seconds: u64, output: &[String], ui: &Ui) -> Result<Exit, Failure> {
    let outputs = emit::outputs(output, Kind::Why)?;
    let begun = Timestamp::now();
    let (traced, untraced) = start(command, Duration::from_secs(seconds))?;
    let explained = match traced.status {
        Some(0) => Explained::succeeded(&traced),
        _ => {
            let found = hpcctl_node::examine(&Live, &Ask::default());
            let helps = Helps::new(&of_program);
            explain(&traced, command, &found, &helps, &|name| Live.env(name))
        }
    };
    let report = report(command, &traced, untraced, explained);
    let report = emit::envelope("why", begun, report, Vec::new());
    emit::write(&Report::Why(&report), &outputs, ui)?;
    Ok(match report.result.outcome {
        Outcome::Succeeded => Exit::Clean,
        Outcome::Unknown | Outcome::Late => Exit::Inconclusive,
        _ => Exit::Findings,
    })
}

/// Runs it under the tracer, or without where tracing is refused.
fn start(command: &[String], deadline: Duration) -> Result<(Traced, Option<String>), Failure> {
    let program = command.first().map_or("", String::as_str);
    // What is not in PATH is told so, even where PATH holds a directory that may not be read.
    if !program.contains('/') && Live.which(program).is_none() {
        return Err(Failure::unreachable(format!(
            "cannot start {program}: no such program in PATH"
        )));
    }
    match trace::run(command, deadline) {
        Ok(traced) => Ok((traced, None)),
        Err(errno @ (Errno::EPERM | Errno::ENOSYS)) => {
            let argv: Vec<&str> = command.iter().map(String::as_str).collect();
            let ran = Live.run(&argv, deadline);
            let traced = Traced {
                status: ran.status(),
                output: ran.stdout + &ran.stderr,
                ..Traced::default()
            };
            Ok((traced, Some(format!("ptrace(2) is refused ({errno})"))))
        }
        Err(errno) => Err(Failure::unreachable(format!(
            "cannot start {program}: {errno}"
        ))),
    }
}

fn report(
    command: &[String],
    traced: &Traced,
    untraced: Option<String>,
    explained: Explained,
) -> Why {
    let call = |at: usize| {
        let failed = &traced.failed[at];
        FailedCall {
            program: failed.program.clone(),
            call: failed.call.clone(),
            errno: failed.errno.to_string(),
            matters: explained.matters[at],
        }
    };
    let skip = traced.failed.len().saturating_sub(CALLS);
    let lines: Vec<&str> = traced.output.lines().collect();
    let said = lines.iter().skip(lines.len().saturating_sub(LINES));
    Why {
        command: command.to_vec(),
        outcome: explained.outcome,
        says: explained.says,
        seen: explained.seen,
        call: explained.call.map(call),
        status: traced.status,
        signal: traced.signal,
        deadline: traced.deadline,
        untraced,
        causes: explained.causes,
        failed: (skip..traced.failed.len()).map(call).collect(),
        said: said.map(ToString::to_string).collect(),
        not_traced: traced.let_go.clone(),
    }
}
