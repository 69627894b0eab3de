//! The door to the operating system: what a check may ask of the node it runs on.
//!
//! Files are read with a bound, commands and forked children have a deadline, and nothing
//! here judges: it reports what was asked and what the system answered.

pub mod cdi;
pub mod command;
pub mod dialogue;
mod elf;
pub mod errno;
pub mod fabric;
pub mod file;
pub mod gpu;
pub mod hangup;
pub mod kit;
pub mod libraries;
mod live;
mod loaded;
pub mod mpi;
pub mod preload;
pub mod record;
mod scratch;
pub mod shared;
pub mod shell;
pub mod trace;
pub mod trial;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use command::Ran;
pub use errno::Errno;
pub use file::{Entry, Stat};
pub use live::Live;
pub use loaded::c_library;
pub use record::{Recorder, Recording};
pub use trial::{Op, Trial, Tried};

/// How long a trial or a command may take before it is ended.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A node that answers questions.
pub trait Host: Sync {
    /// Reads a text file, at most [`file::LIMIT`] bytes of it; what is not UTF-8 is replaced.
    fn read(&self, path: &str) -> Result<String, Errno>;

    /// Lists the names in a directory, sorted, at most 65,536 of them.
    fn list(&self, path: &str) -> Result<Vec<String>, Errno>;

    /// Looks at a file, following symbolic links.
    fn stat(&self, path: &str) -> Result<Stat, Errno>;

    /// Looks at a name in a directory; a symbolic link is not followed.
    fn entry(&self, path: &str) -> Result<Entry, Errno>;

    /// The versions that an ELF file needs of other libraries, such as `GLIBC_2.34`, sorted,
    /// each once; those that it can do without are left out.
    fn needs(&self, path: &str) -> Result<Vec<String>, Errno>;

    /// The value of an extended attribute, following symbolic links, at most 64 KiB of it.
    fn xattr(&self, path: &str, name: &str) -> Result<Vec<u8>, Errno>;

    /// Runs a command with an empty standard input and ends it at the deadline.
    fn run(&self, argv: &[&str], deadline: Duration) -> Ran;

    /// As [`Host::run`], with a home and a runtime directory of its own, removed afterwards:
    /// some runtimes leave directories behind even when they only print their version.
    fn run_aside(&self, argv: &[&str], deadline: Duration) -> Ran;

    /// Carries out a trial in a forked child and ends it at the deadline.
    fn attempt(&self, trial: &Trial, deadline: Duration) -> Tried;

    /// A variable of the environment.
    fn env(&self, name: &str) -> Option<String>;

    /// Who is asking.
    fn caller(&self) -> Caller;

    /// The soft and hard limit of a resource; `u64::MAX` is unlimited.
    fn limit(&self, resource: Resource) -> (u64, u64);

    /// Finds a program in `PATH`, as a shell would.
    fn which(&self, program: &str) -> Option<String>;
}

/// The user that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The effective user id.
    pub uid: u32,
    /// The effective group id.
    pub gid: u32,
    /// The name in the user database, or the number where there is none.
    pub name: String,
}

/// A resource with a limit, getrlimit(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Bytes that may be locked in memory.
    Memlock,
    /// Open files.
    Nofile,
    /// Processes of the user.
    Nproc,
    /// Bytes of the stack.
    Stack,
}

/// The machine, as uname(2) names it.
pub fn machine() -> hpcctl_model::HostInfo {
    let uname = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    hpcctl_model::HostInfo {
        name: text(uname.nodename()),
        kernel: text(uname.release()),
        arch: text(uname.machine()),
    }
}
