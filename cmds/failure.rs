//! What can go wrong with a command, and how it is told.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use crate::exit::Exit;
use crate::ui::Ui;

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    /// Completes "hpcctl: ".
    message: String,
    hints: Vec<String>,
}

impl Failure {
    /// The command line asks for something that is not there.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The target cannot be read.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    /// A file that the command goes by is not valid.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Exit::BadConfiguration, message)
    }

    /// A fault of our own.
    pub fn fault(message: impl Into<String>) -> Self {
        Self::new(Exit::Fault, message)
    }

    /// A result could not be written.
    pub fn writing(what: &str, error: &io::Error) -> Self {
        Self::unreachable(format!("cannot write {what}: {error}"))
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what holds all the same.
    #[must_use]
    pub fn yet(mut self, what: &str) -> Self {
        // Writing to a string does not fail.
        let _ = write!(self.message, "; {what}");
        self
    }

    /// Tells the user and gives the exit status.
    pub fn report(&self, ui: &Ui) -> Exit {
        ui.error(&self.message);
        for hint in &self.hints {
            ui.hint(hint);
        }
        self.exit
    }
}

/// An error with all that caused it, joined by colons.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string does not fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// Makes a panic say that it is a fault of ours, and end with that exit status.
pub fn report_faults() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        crate::ui::fault(&format!("{message} at {place}"));
        #[expect(
            clippy::disallowed_methods,
            reason = "after a fault nothing else can give the exit status, from whichever thread"
        )]
        std::process::exit(Exit::Fault.code().into());
    }));
}
