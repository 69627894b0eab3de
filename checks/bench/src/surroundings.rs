//! What else the node does meanwhile: load, stolen time, the frequency of its processors.
//!
//! proc_loadavg(5), proc_stat(5), and cpufreq of the kernel's admin guide.

use hpcctl_host::Host;

/// Counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Moment {
    /// The load of the last minute.
    load: f64,
    /// Ticks of all processors.
    ticks: u64,
    /// Of which the hypervisor gave to others.
    stolen: u64,
}

impl Moment {
    /// Looks now; what cannot be read is 0.
    pub(crate) fn now(host: &dyn Host) -> Self {
        let load = host.read("/proc/loadavg").unwrap_or_default();
        let stat = host.read("/proc/stat").unwrap_or_default();
        let ticks: Vec<u64> = stat
            .lines()
            .next()
            .into_iter()
            .flat_map(|line| line.split_whitespace().skip(1))
            .filter_map(|count| count.parse().ok())
            .collect();
        Self {
            load: load
                .split_whitespace()
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or(0.0),
            // The two at the end, of guests, are in the first two already.
            ticks: ticks.iter().take(8).sum(),
            stolen: ticks.get(7).copied().unwrap_or(0),
        }
    }
}

/// What of the node makes a run doubtful.
pub(crate) fn doubts(
    host: &dyn Host,
    before: Moment,
    after: Moment,
    processors: usize,
) -> Vec<String> {
    let mut doubts = Vec::new();
    // What was there before the run is not the run's own.
    if before.load > processors as f64 * 0.5 {
        doubts.push(format!(
            "others were at work: the load was {:.1} on {processors} processors when the run began",
            before.load
        ));
    }
    let ticks = after.ticks.saturating_sub(before.ticks);
    let stolen = after.stolen.saturating_sub(before.stolen);
    if ticks > 0 && stolen * 100 > ticks {
        doubts.push(format!(
            "the hypervisor gave {:.0} % of the time to other machines",
            100.0 * stolen as f64 / ticks as f64
        ));
    }
    let governor = host.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    if let Ok(governor) = governor
        && governor.trim() != "performance"
    {
        let governor = governor.trim();
        doubts.push(format!(
            "the frequency of the processors changes: governor {governor}"
        ));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Live;

    use super::*;

    #[test]
    fn the_node_is_read() {
        let now = Moment::now(&Live);
        assert!(now.ticks > 0, "{now:?}");
    }

    #[test]
    fn load_and_stolen_time_are_told() {
        let before = Moment {
            load: 9.0,
            ticks: 100,
            stolen: 0,
        };
        let after = Moment {
            load: 1.0,
            ticks: 200,
            stolen: 7,
        };
        let doubts = doubts(&Live, before, after, 2).join("\n");
        assert!(
            doubts.contains("the load was 9.0 on 2 processors"),
            "{doubts}"
        );
        assert!(doubts.contains("7 % of the time"), "{doubts}");
        let quiet = super::doubts(&Live, after, after, 2);
        assert!(
            quiet.iter().all(|doubt| doubt.contains("governor")),
            "{quiet:?}"
        );
    }
}
