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
mod fault;
mod fleet;
mod gate;
mod helps;
mod history;
mod image;
mod interrupt;
mod license;
mod man;
mod measured;
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
use std::thread;

use clap::Parser;

use crate::cli::Cli;
use crate::ui::Ui;

fn main() -> ExitCode {
    failure::report_faults();
    interrupt::listen();
    threads();
    let cli = Cli::parse();
    let ui = Ui::new(&cli.global);
    match cli.command.run(&ui) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(&ui).into(),
    }
}

/// Where a user may have no more threads, everything is done on this one.
fn threads() {
    if thread::Builder::new().spawn(|| ()).is_err() {
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1);
        // What fails is told where the pool is needed.
        let _ = alone.use_current_thread().build_global();
    }
}
