//! The door to the terminal: results to standard output, all else to standard error.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::Global;

/// The terminal.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    quiet: bool,
    /// Whether every detail is wanted.
    pub verbose: bool,
    /// Whether standard output takes colour.
    pub color: bool,
    /// The columns of standard output.
    pub width: u16,
}

/// The columns where standard output is no terminal.
const WIDTH: u16 = 100;

impl Ui {
    /// Looks at the terminal and at `NO_COLOR` (https://no-color.org).
    pub fn new(global: &Global) -> Self {
        let terminal = io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let columns = terminal.then(columns).flatten();
        Self {
            quiet: global.quiet,
            verbose: global.verbose > 0,
            color: terminal && !no_color && !dumb,
            width: columns.unwrap_or(WIDTH).clamp(60, 160),
        }
    }

    /// Tells of something that went wrong without ending the command.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            say(&format!("hpcctl: warning: {text}"));
        }
    }

    /// Tells why the command could not do its work.
    pub fn error(&self, text: &str) {
        say(&format!("hpcctl: {text}"));
    }

    /// Tells that something went well, where nobody asked for quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            say(&format!("hpcctl: {text}"));
        }
    }

    /// Tells what to do.
    pub fn hint(&self, text: &str) {
        say(&format!("hint: {text}"));
    }

    /// A bar for bytes of work, their number to be told; hidden where standard error is no
    /// terminal.
    pub fn progress(&self, what: &'static str) -> ProgressBar {
        self.bar(what, "{msg} {bar:30} {bytes}/{total_bytes} {eta}")
    }

    /// A bar for so many things; hidden where standard error is no terminal.
    pub fn count(&self, what: &'static str, things: usize) -> ProgressBar {
        let bar = self.bar(what, "{msg} {bar:30} {pos}/{len} {eta}");
        bar.set_length(things as u64);
        bar
    }

    fn bar(&self, what: &'static str, template: &str) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(0).with_message(what);
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}

/// The columns of the terminal on standard output.
fn columns() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}

/// Tells of a fault of our own.
pub fn fault(text: &str) {
    say(&format!("hpcctl: internal fault: {text}"));
    say("hint: please report this with the command line that led to it");
}

/// Writes a line to standard error, with control characters made visible.
fn say(text: &str) {
    let clean: String = text
        .chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect();
    // There is nobody to tell that standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{clean}");
}
