//! The history: what is kept of reports, as records that a crash at any byte cannot spoil.
//!
//! Reading and writing files is the program's; here are the bytes of a record, and what is kept
//! of a report.

mod frame;
mod images;
mod nodes;
mod observed;

pub use frame::{Line, Read, Unreadable, read, record, with_end};
pub use images::parts;
pub(crate) use nodes::is_left_out;
pub use observed::{Kept, Observed, json_error, observed};
