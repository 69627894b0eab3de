//! The one table of exit statuses; the manual pages are written from it.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing at or above the level asked for.
    Clean,
    /// Findings, or refused.
    Findings,
    /// The command line is wrong.
    Usage,
    /// Only unknowns, or the scan is incomplete.
    Inconclusive,
    /// The policy or the configuration is not valid.
    BadConfiguration,
    /// The target cannot be reached or read.
    Unreachable,
    /// A fault of hpcctl itself.
    Fault,
    /// Interrupted.
    Interrupted,
}

/// Every exit status with its number and its meaning, in the order of the numbers.
pub static EXITS: &[(Exit, u8, &str)] = &[
    (Exit::Clean, 0, "Nothing at or above the level asked for."),
    (Exit::Findings, 1, "Findings, or refused."),
    (Exit::Usage, 2, "The command line is wrong."),
    (
        Exit::Inconclusive,
        3,
        "Inconclusive: only unknowns, or the scan is incomplete.",
    ),
    (
        Exit::BadConfiguration,
        4,
        "The policy or the configuration is not valid.",
    ),
    (
        Exit::Unreachable,
        5,
        "The image, registry, runtime or file cannot be reached or read.",
    ),
    (Exit::Fault, 70, "A fault of hpcctl itself."),
    (Exit::Interrupted, 130, "Interrupted."),
];

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        let row = EXITS.iter().find(|(exit, ..)| *exit == self);
        // The table is complete (tested below); a hole in it would be our own fault.
        row.map_or(70, |(_, code, _)| *code)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_in_order() {
        let all = [
            Exit::Clean,
            Exit::Findings,
            Exit::Usage,
            Exit::Inconclusive,
            Exit::BadConfiguration,
            Exit::Unreachable,
            Exit::Fault,
            Exit::Interrupted,
        ];
        let codes: Vec<u8> = all.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 70, 130]);
        assert_eq!(EXITS.len(), all.len());
    }
}
