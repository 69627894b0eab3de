//! Namespaces, and what can be done inside a user namespace.

use super::Probe;

mod bind;
mod cgroup;
mod cgroup2mnt;
mod chroot;
mod devpts;
mod idmap;
mod ipc;
mod mnt;
mod mqueue;
mod net;
mod pid;
mod pivot;
mod proc;
mod rootfs;
mod setattr;
mod shared;
mod sysfs;
mod time;
mod tmpfs;
mod user;
mod user_capuse;
mod user_clone3;
mod user_limit;
mod user_map;
mod user_nest;
mod uts;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &user::PROBE,
    &user_clone3::PROBE,
    &user_map::PROBE,
    &user_capuse::PROBE,
    &user_limit::PROBE,
    &chroot::PROBE,
    &mnt::PROBE,
    &pid::PROBE,
    &net::PROBE,
    &ipc::PROBE,
    &uts::PROBE,
    &cgroup::PROBE,
    &time::PROBE,
    &bind::PROBE,
    &pivot::PROBE,
    &proc::PROBE,
    &tmpfs::PROBE,
    &sysfs::PROBE,
    &devpts::PROBE,
    &mqueue::PROBE,
    &shared::PROBE,
    &user_nest::PROBE,
    &setattr::PROBE,
    &idmap::PROBE,
    &rootfs::PROBE,
    &cgroup2mnt::PROBE,
];
