//! What programs say of their own options: `--help` of the release that is installed.

use std::time::Duration;

use hpcctl_host::{Host, Live};

/// How long a program may take to print its help.
const DEADLINE: Duration = Duration::from_secs(5);

/// The help of a program in PATH; empty where it has none to give.
pub fn of_program(argv: &[&str]) -> String {
    let Some((program, rest)) = argv.split_first() else {
        return String::new();
    };
    let Some(path) = Live.which(program) else {
        return String::new();
    };
    let argv: Vec<&str> = std::iter::once(path.as_str())
        .chain(rest.iter().copied())
        .collect();
    let ran = Live.run_aside(&argv, DEADLINE);
    // Some tell it on standard error, some with another status than 0.
    if ran.stdout.trim().is_empty() {
        ran.stderr
    } else {
        ran.stdout
    }
}
