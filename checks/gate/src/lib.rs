//! May an image be published, and by which line of which policy: the judgement of
//! `hpcctl gate`.
//!
//! Pure: a scan's report, a policy and a time go in, a decision comes out; the same input gives
//! the same decision. What is not known is never allowed unless the policy says so.

mod agreed;
pub mod attest;
mod case;
mod choices;
mod clarify;
mod decide;
mod evidence;
pub mod log;
pub mod policy;
mod rules;
mod waive;

pub use case::Case;
pub use decide::decide;
pub use evidence::{Evidence, Severity, Vulnerability};
pub use policy::{Policies, Policy, PolicyError, Remark};
pub use rules::{RULES, Rule};
