//! `lsm.fapolicyd`: may new programs run at all?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, process};

const NAME: &str = "fapolicyd";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.fapolicyd",
    manual: Manual {
        title: "fapolicyd",
        what: "Whether the daemon fapolicyd decides which programs may run.",
        why: "It lets only programs run that the package manager knows: what a build or a container brings ends in EPERM, with a message only in its own log.",
        how: "Looks for a process named fapolicyd.",
        user: "",
        admin: "Trust the directory of the programs, by fapolicyd-cli --file add with --trust-file containers; what was denied stands in /var/log/audit/audit.log.",
        refs: &["fapolicyd(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match process::named(site, NAME) {
        Some(pid) => Reading::new().fact(NAME, format!("process {pid}")),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.facts.first() {
        Some(_) => {
            Finding::warn("fapolicyd runs: programs that no package brought may end in EPERM")
        }
        None => Finding::skipped("fapolicyd does not run, as far as processes are seen"),
    }
}
