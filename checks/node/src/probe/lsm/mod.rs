//! Linux security modules.

use super::Probe;

mod apparmor_cur;
mod apparmor_profile;
mod apparmor_userns;
mod fapolicyd;
mod ima;
mod landlock;
mod list;
mod lockdown;
mod selinux;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &list::PROBE,
    &apparmor_userns::PROBE,
    &selinux::PROBE,
    &landlock::PROBE,
    &apparmor_cur::PROBE,
    &lockdown::PROBE,
    &fapolicyd::PROBE,
    &ima::PROBE,
    &apparmor_profile::PROBE,
];
