//! The writers: from a report to bytes, one file a format.
//!
//! A writer sees the report and nothing else: no host, no image, no clock. [`WRITERS`] is
//! the list that the command line, its messages and the tests are made from.

mod answers;
mod conflicts;
mod contents;
mod fix;
pub mod fleet;
mod held;
pub mod history;
mod output;
mod page;
mod remarks;
mod report;
mod runtime;
mod sbom;
pub mod schema;
mod terminal;
pub mod trend;
mod writer;

pub use output::{Output, OutputError};
pub use report::{Error, Kind, Options, Report};
pub use terminal::{counted, shortened, some, visible};
pub use writer::{WRITERS, Writer, of_kind};
