//! `time.sane`: can the clock be right?

use std::time::{SystemTime, UNIX_EPOCH};

use hpcctl_host::{Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The first second of 2026, before which this program was not written, and of 2100.
const EARLIEST: u64 = 1_767_225_600;
const LATEST: u64 = 4_102_444_800;

/// `TIME_ERROR`, adjtimex(2): the clock is not synchronised.
const TIME_ERROR: i64 = 5;

/// The name of the fact.
const NOW: &str = "seconds since 1970";

/// The row.
pub static PROBE: Probe = Probe {
    id: "time.sane",
    manual: Manual {
        title: "The clock of the node",
        what: "Whether the clock can be right, and whether a daemon keeps it right.",
        why: "A node that boots without its clock lives in 1970 or in the year of its firmware: certificates are not valid yet, so that no registry is trusted, and make rebuilds everything. Clocks that drift apart spoil logs and file systems shared between nodes.",
        how: "The time, against the years 2026 and 2100; adjtimex(2), which tells whether the clock is synchronised. reg.clock compares it with that of a registry.",
        user: "",
        admin: "Run a client of NTP, such as chrony, on every node.",
        refs: &["adjtimex(2)", "chronyd(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    Reading::new()
        .fact(NOW, now)
        .trial(site, &Trial::new().subject().op(Op::ClockState))
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let now = reading.facts.first().and_then(|(_, now)| now.parse().ok());
    let set = || {
        admin(
            Cost::AdminSysctl,
            "let a daemon set the clock and keep it",
            "systemctl enable --now chronyd && chronyc makestep",
        )
    };
    match now {
        None => return Finding::unknown("the time cannot be read"),
        Some(0..EARLIEST) => {
            return Finding::fail("the clock is before 2026: certificates are not valid yet")
                .step(set());
        }
        Some(LATEST..) => {
            return Finding::fail("the clock is after 2100: certificates have expired").step(set());
        }
        Some(_) => {}
    }
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.step(0).map(|step| (step.errno, step.value)) {
        None => Finding::unknown("the trial reported nothing"),
        Some((Some(errno), _)) => Finding::unknown(format!(
            "whether the clock is kept right cannot be told: adjtimex(2) ended in {errno}"
        )),
        Some((None, TIME_ERROR)) => Finding::warn(
            "the clock can be right, but the kernel knows of nothing that keeps it so",
        )
        .step(set()),
        Some((None, _)) => Finding::pass("the clock is kept right, by the word of the kernel"),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn the_year_and_the_state_are_judged() {
        let find = |now: u64, outcome| {
            let mut reading = Reading::new().fact(NOW, now);
            reading.tried = vec![tried(&[("adjtimex()", outcome)])];
            judge(&reading, &Site::new(&Scripted::new()))
                .status
                .as_str()
        };
        assert_eq!(find(0, Ok(0)), "fail");
        assert_eq!(find(LATEST, Ok(0)), "fail");
        assert_eq!(find(EARLIEST, Ok(0)), "pass");
        assert_eq!(find(EARLIEST, Ok(TIME_ERROR)), "warn");
        assert_eq!(find(EARLIEST, Err(Errno::EPERM)), "unknown");
    }
}
