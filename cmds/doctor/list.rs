//! `hpcctl doctor list`: the checks, a line each.

use std::fmt::Write as _;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;

/// Carries out the command.
pub fn run() -> Result<Exit, Failure> {
    let width = hpcctl_node::checks()
        .map(|probe| probe.id.len())
        .max()
        .unwrap_or(0);
    let lines: String = hpcctl_node::checks().fold(String::new(), |mut text, probe| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:width$}  {}", probe.id, probe.manual.title);
        text
    });
    emit::to_stdout(lines.as_bytes())?;
    Ok(Exit::Clean)
}
