//! Tests that need root, real runtimes and real images: when they run, and how they skip.

use std::fs::OpenOptions;
use std::io::Write;

/// Whether the tests of the real world run; a skipped one says so and is counted.
///
/// `tests/run` sets `HPCCTL_REAL=1` once it has installed what they need, and
/// `HPCCTL_SKIPS` to the file that the names of skipped tests are written to.
pub fn real(test: &str) -> bool {
    if std::env::var_os("HPCCTL_REAL").is_some_and(|value| value == "1") {
        return true;
    }
    // Not by eprintln!, which the test harness keeps to itself where a test passes.
    let mut stderr = std::io::stderr().lock();
    writeln!(
        stderr,
        "skipped: {test}: needs root, runtimes and images, as tests/run provides"
    )
    .unwrap();
    if let Some(path) = std::env::var_os("HPCCTL_SKIPS") {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{test}").unwrap();
    }
    false
}

/// Prints a figure that a test found, also where it passes.
pub fn figure(text: &str) {
    writeln!(std::io::stderr().lock(), "{text}").unwrap();
}
