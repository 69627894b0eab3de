//! The end-to-end tests: the program as its users meet it.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and stands outside the doors that it tests"
)]

mod abi;
mod bench;
mod browser;
mod causes;
mod cli;
mod environments;
mod fabric;
mod filters;
mod fleet;
mod gate;
mod given_image;
mod gpu;
mod handmade;
mod hostile;
mod images;
mod inside;
mod kernels;
mod layout;
mod lint;
mod man;
mod matched;
mod mounts;
mod mpi;
mod nights;
mod operations;
mod proxy;
mod publish;
mod push;
mod real;
mod real_causes;
mod reality;
mod registry;
mod repairs;
mod report;
mod scan;
mod schema;
mod site;
mod slurm;
mod stage;
mod traced;
mod vendors;
mod why;
