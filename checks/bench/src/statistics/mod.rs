//! What pairs of measurements allow to say; pure.

mod judge;
pub mod order;
mod random;
pub mod rank;
#[cfg(test)]
mod simulated;

pub use judge::{EQUIVALENT, Judged, Rule, detectable, deviation, judge, judge_between};
pub use random::Random;
