//! One pull for many nodes: an image, once, as one file on a file system that they share.
//!
//! What a name stands for is asked once. Whoever wants the image while it is pulled waits for
//! that pull; what is there already is used. A file has its name from the digest and is put there
//! whole by rename(2), so that no node ever sees half of one. Nothing here prints.

mod build;
mod error;
mod job;
mod limit;
mod lock;
mod place;
mod plan;
mod resolve;
mod sif;
mod stage;

pub use error::Error;
pub use job::{RUNTIMES, SCHEDULERS};
pub use lock::Holder;
pub use stage::{Request, Watch, stage};
