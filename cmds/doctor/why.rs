//! `hpcctl doctor why -- COMMAND…`: on what a container command broke.

use std::time::Duration;

use hpcctl_host::trace::{self, Traced};
use hpcctl_host::{Errno, Host, Live};
use hpcctl_model::why::{FailedCall, Why};
use hpcctl_node::Ask;
use hpcctl_node::why::causes;
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// The most failed calls, and lines of standard error, that are reported.
const CALLS: usize = 40;
const LINES: usize = 20;

/// Carries out the command.
pub fn run(command: &[String], seconds: u64, output: &[String], ui: &Ui) -> Result<Exit, Failure> {
    let outputs = emit::outputs(output, Kind::Why)?;
    let begun = Timestamp::now();
    let (traced, untraced) = start(command, Duration::from_secs(seconds))?;
    let causes = match traced.status {
        Some(0) => Vec::new(),
        _ => {
            let (found, _) = hpcctl_node::examine(&Live, &Ask::default());
            causes(&traced, command, &found)
        }
    };
    let report = emit::envelope(
        "why",
        begun,
        report(command, &traced, untraced, causes),
        Vec::new(),
    );
    emit::write(&Report::Why(&report), &outputs, ui)?;
    Ok(
        match (report.result.status, report.result.causes.is_empty()) {
            (Some(0), _) => Exit::Clean,
            (_, false) => Exit::Findings,
            (_, true) => Exit::Inconclusive,
        },
    )
}

/// Runs it under the tracer, or without where tracing is refused.
fn start(command: &[String], deadline: Duration) -> Result<(Traced, Option<String>), Failure> {
    let program = command.first().map_or("", String::as_str);
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
    causes: Vec<hpcctl_model::why::Named>,
) -> Why {
    let skip = traced.failed.len().saturating_sub(CALLS);
    let failed = traced.failed.iter().skip(skip).map(|failed| FailedCall {
        program: failed.program.clone(),
        call: failed.call.clone(),
        errno: failed.errno.to_string(),
    });
    let lines: Vec<&str> = traced.output.lines().collect();
    let said = lines.iter().skip(lines.len().saturating_sub(LINES));
    Why {
        command: command.to_vec(),
        status: traced.status,
        signal: traced.signal,
        deadline: traced.deadline,
        untraced,
        causes,
        failed: failed.collect(),
        said: said.map(ToString::to_string).collect(),
        not_traced: traced.let_go.clone(),
    }
}
