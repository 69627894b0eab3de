//! Launch: how long a program in a container takes to start and end.

pub(crate) mod cold;
pub mod program;
mod start;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::executor::Room;
use crate::measurement::Measurement;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[&start::START, &cold::COLD];

/// How a program is launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Launch {
    /// By fork and exec alone: the program.
    Plain(PathBuf),
    /// By our own launcher: where, and the program as it is named inside.
    Room(Box<Room>, PathBuf),
    /// By another runtime: its command line.
    Command(Vec<String>),
}
