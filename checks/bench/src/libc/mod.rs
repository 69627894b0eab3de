//! Libc: what a program does through its C library, one file a matter.

pub(crate) mod bare;
mod malloc;
mod math;
mod string;
mod syscall;
mod thread;

use crate::measurement::Measurement;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[
    &malloc::ONE,
    &malloc::MANY,
    &math::MATH,
    &string::STRING,
    &thread::START,
    &syscall::SYSCALL,
];
