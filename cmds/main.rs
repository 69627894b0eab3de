//! `hpcctl`: what this node can do, what is in an image, and whether it may be published.

mod abi;
mod bench;
mod bounded;
mod cli;
mod completions;
mod decisions;
mod doctor;
mod emit;
mod exit;
mod failure;
mod fleet;
mod gate;
mod history;
mod image;
mod interrupt;
mod license;
mod man;
mod policy;
mod publish;
mod report;
mod scan;
mod stage;
mod state;
mod trust;
mod ui;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::ui::Ui;

fn main() -> ExitCode {
    failure::report_faults();
    interrupt::listen();
    let cli = Cli::parse();
    let ui = Ui::new(&cli.global);
    match cli.command.run(&ui) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(&ui).into(),
    }
}
