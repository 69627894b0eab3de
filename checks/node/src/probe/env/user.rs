//! `env.user`: is `USER` set?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "env.user",
    manual: Manual {
        title: "USER",
        what: "Whether the variable USER is set.",
        why: "ch-run refuses to start without it, and batch launchers, cron and containers often leave it out.",
        how: "Reads the environment of this process.",
        user: "export USER=$(id -un)",
        admin: "Let the job launcher open a login session (PAM), which sets it.",
        refs: &["environ(7)", "ch-run(1)"],
    },
    read: |site| {
        Reading::new().fact(
            "USER",
            site.host.env("USER").as_deref().unwrap_or("not set"),
        )
    },
    judge,
};

fn judge(_: &Reading, site: &Site<'_>) -> Finding {
    match site.host.env("USER") {
        Some(name) if name == site.caller.name => Finding::pass("USER is set to the caller's name"),
        Some(name) if !name.is_empty() => Finding::warn(format!(
            "USER is {name}, and the caller is {}",
            site.caller.name
        )),
        _ => Finding::fail("USER is not set: ch-run will not start").step(user(
            Cost::User,
            "set USER",
            "export USER=$(id -un)",
        )),
    }
}
