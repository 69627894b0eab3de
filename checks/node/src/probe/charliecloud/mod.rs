//! Charliecloud: what differs between its releases.

use super::Probe;
use crate::{Reading, Site};

mod force;
mod user;
mod write_fake;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&user::PROBE, &force::PROBE, &write_fake::PROBE];

/// Asks ch-run for its release, where it is installed.
fn read_release(site: &Site<'_>) -> Reading {
    match site.host.which("ch-run") {
        Some(path) => Reading::new().version(site, &path),
        None => Reading::new(),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::Finding;
    use crate::scripted::{Scripted, ran};

    /// What a check finds where ch-run prints this.
    pub(super) fn find(probe: &Probe, text: &str) -> Finding {
        let mut printed = ran(&["ch-run"], End::Exit(0), "");
        printed.stdout = text.into();
        let reading = Reading {
            ran: vec![printed],
            ..Reading::new()
        };
        (probe.judge)(&reading, &Site::new(&Scripted::new()))
    }
}
