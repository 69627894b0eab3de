//! `--emit-config` and `--emit-job`: what works on this node, as text for the shell.

use hpcctl_model::doctor::Doctor;
use hpcctl_node::advice::{CONFIGURATIONS, Known, job};

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;

/// Prints a configuration.
pub fn config(name: &str, found: &Doctor) -> Result<Exit, Failure> {
    let row = CONFIGURATIONS.iter().find(|row| row.name == name);
    let row = row.ok_or_else(|| Failure::usage(format!("there is no configuration for {name}")))?;
    emit::to_stdout((row.write)(&Known::new(found)).as_bytes())?;
    Ok(Exit::Clean)
}

/// Prints a job script.
pub fn job(scheduler: &str, image: &str, found: &Doctor) -> Result<Exit, Failure> {
    match job::script(scheduler, image, &Known::new(found)) {
        Ok(text) => {
            emit::to_stdout(text.as_bytes())?;
            Ok(Exit::Clean)
        }
        Err(why) => {
            Err(Failure::unreachable(why).hint("hpcctl doctor says why, and what to change"))
        }
    }
}
