//! One examination of a node, from what was asked to the report.

use hpcctl_host::Host;
use hpcctl_model::Unknown;
use hpcctl_model::doctor::{Caller, Check, Doctor, LEFT_OUT, NOT_ASKED};

use crate::probe::{SLOW, is_unknown};
use crate::runtime::RANGE;
use crate::solver::{Fact, Facts};
use crate::{Image, RUNTIMES, Site, checks, subid};

/// What to examine; an empty list asks for everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ask {
    /// Names of runtimes.
    pub runtimes: Vec<String>,
    /// Names of operations.
    pub operations: Vec<String>,
    /// Ids of checks to run; the others are listed as skipped.
    pub checks: Vec<String>,
    /// The image that is meant to run.
    pub image: Option<Image>,
    /// Whether checks may use the network.
    pub network: bool,
    /// Whether runtimes may be asked what they themselves see, which leaves traces.
    pub ask_runtimes: bool,
    /// Whether settings that this program wrote count as not there, so that they are written
    /// again.
    pub afresh: bool,
    /// Whether checks that start other programs are left out, and versions with them.
    pub fast: bool,
}

impl Ask {
    /// Why a check is not made; none where it is.
    fn leaves_out(&self, id: &str) -> Option<&'static str> {
        let all = self.checks.is_empty() && self.runtimes.is_empty() && self.operations.is_empty();
        let asked = all || self.checks.iter().any(|known| known == id) || self.needs(id);
        match (asked, self.fast && SLOW.contains(&id)) {
            (false, _) => Some(NOT_ASKED),
            (true, true) => Some(LEFT_OUT),
            (true, false) => None,
        }
    }

    /// Whether a verdict that was asked for rests on this check.
    fn needs(&self, id: &str) -> bool {
        let named = |list: &[String], name: &str| list.iter().any(|known| known == name);
        let all = |list: &[String], name: &str| list.is_empty() || named(list, name);
        if self.runtimes.is_empty() && self.operations.is_empty() {
            return false;
        }
        let runtimes = RUNTIMES.iter().filter(|row| all(&self.runtimes, row.name));
        let mut rules = runtimes.flat_map(|row| row.rules);
        rules.any(|rule| {
            all(&self.operations, rule.op)
                && (rule.needs.checks().contains(&id) || rule.wants.contains(&id))
        })
    }
}

/// What an examination found.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The report.
    pub report: Doctor,
    /// What is not known.
    pub unknowns: Vec<Unknown>,
    /// What the solver knows, to judge a command that takes ways of its own.
    pub facts: Facts,
}

/// Examines a node: every check, then the runtimes that were asked for.
pub fn examine(host: &dyn Host, ask: &Ask) -> Examined {
    let mut site = Site::new(host);
    site.image.clone_from(&ask.image);
    site.network = ask.network;
    site.ask_runtimes = ask.ask_runtimes;
    site.afresh = ask.afresh;
    let mut facts = Facts::new(site.is_root());
    let mut reports: Vec<Check> = Vec::new();
    for probe in checks() {
        let (check, finding) = match ask.leaves_out(probe.id) {
            None => probe.run(&site),
            Some(why) => probe.left_out(why),
        };
        facts.checks.insert(
            probe.id,
            Fact {
                holds: finding.holds,
                steps: finding.steps,
            },
        );
        reports.push(check);
    }
    let is_range_asked = !site.is_root() && ask.leaves_out(RANGE).is_none();
    facts.range = is_range_asked.then(|| {
        let reading = subid::read(&site);
        subid::granted(&reading, &site.caller).most()
    });
    let asked = RUNTIMES
        .iter()
        .filter(|r| ask.runtimes.is_empty() || ask.runtimes.iter().any(|name| name == r.name));
    let runtimes = asked
        .map(|runtime| runtime.judge(ask, &facts, host))
        .collect();
    let unknowns = reports.iter().filter(|check| is_unknown(check));
    let unknowns = unknowns
        .map(|check| Unknown::new(&check.id, &check.summary))
        .collect();
    let report = Doctor {
        checks: reports,
        runtimes,
        image: None,
        caller: Some(Caller {
            uid: site.caller.uid,
            name: site.caller.name.clone(),
        }),
    };
    Examined {
        report,
        unknowns,
        facts,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use hpcctl_host::{Caller, Entry, Errno, Ran, Resource, Stat, Trial, Tried};

    use super::*;
    use crate::scripted::Scripted;

    /// A node with every program, on which each that is started is counted.
    struct Counting {
        node: Scripted,
        started: AtomicUsize,
    }

    impl Counting {
        fn new() -> Self {
            let mut node = Scripted::new()
                .file("/etc/slurm/slurm.conf", "ClusterName=c\n")
                .file("/etc/slurm/oci.conf", "RunTimeRun=runc\n")
                .file(
                    "/etc/slurm/plugstack.conf",
                    "required /opt/spank_pyxis.so\n",
                )
                .file("/proc/driver/nvidia/version", "Module  535.1\n")
                .file(
                    "/proc/self/mountinfo",
                    "21 1 0:0 / / rw - ext4 /dev/sda1 rw,usrquota\n",
                )
                .stat("/tmp", crate::scripted::stat(0o041777));
            node.env.insert("HOME".into(), "/home/alice".into());
            let started = AtomicUsize::new(0);
            Self { node, started }
        }

        fn count(&self) -> usize {
            self.started.swap(0, Ordering::Relaxed)
        }
    }

    impl Host for Counting {
        fn read(&self, path: &str) -> Result<String, Errno> {
            self.node.read(path)
        }
        fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
            self.node.list(path)
        }
        fn stat(&self, path: &str) -> Result<Stat, Errno> {
            Host::stat(&self.node, path)
        }
        fn entry(&self, path: &str) -> Result<Entry, Errno> {
            self.node.entry(path)
        }
        fn needs(&self, path: &str) -> Result<Vec<String>, Errno> {
            self.node.needs(path)
        }
        fn xattr(&self, path: &str, name: &str) -> Result<Vec<u8>, Errno> {
            Host::xattr(&self.node, path, name)
        }
        fn run(&self, argv: &[&str], deadline: Duration) -> Ran {
            self.started.fetch_add(1, Ordering::Relaxed);
            self.node.run(argv, deadline)
        }
        fn run_aside(&self, argv: &[&str], deadline: Duration) -> Ran {
            self.run(argv, deadline)
        }
        fn attempt(&self, trial: &Trial, deadline: Duration) -> Tried {
            self.node.attempt(trial, deadline)
        }
        fn env(&self, name: &str) -> Option<String> {
            self.node.env(name)
        }
        fn caller(&self) -> Caller {
            self.node.caller()
        }
        fn limit(&self, resource: Resource) -> (u64, u64) {
            self.node.limit(resource)
        }
        fn which(&self, program: &str) -> Option<String> {
            Some(format!("/usr/bin/{program}"))
        }
    }

    /// Checks that start a small program each.
    const EXCEPT: &[&str] = &[
        "charliecloud.user",
        "podman.conmon",
        "uid.newuidmap",
        "uid.subid.file",
    ];

    #[test]
    fn the_list_of_slow_checks_is_those_that_start_programs() {
        let host = Counting::new();
        let start = |probe: &&&crate::Probe| {
            host.count();
            // A site asks each program once.
            probe.run(&Site::new(&host));
            host.count() > 0
        };
        let all: Vec<_> = checks().collect();
        let mut found: Vec<&str> = all.iter().filter(start).map(|probe| probe.id).collect();
        let mut listed = SLOW.to_vec();
        found.retain(|id| !EXCEPT.contains(id));
        listed.retain(|id| !EXCEPT.contains(id));
        found.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, found);
    }

    #[test]
    fn checks_that_a_verdict_rests_on_are_made_too() {
        let ask = |op: &str| Ask {
            operations: vec![op.into()],
            checks: vec!["kernel.thp".into()],
            ..Ask::default()
        };
        assert_eq!(ask("run").leaves_out("kernel.thp"), None);
        assert_eq!(ask("run").leaves_out("ns.user"), None);
        assert_eq!(ask("run").leaves_out("gpu.driver"), Some(NOT_ASKED));
        assert_eq!(ask("gpu").leaves_out("gpu.driver"), None);
        let podman = Ask {
            runtimes: vec!["podman".into()],
            ..Ask::default()
        };
        assert_eq!(podman.leaves_out("net.tun"), None);
        assert_eq!(podman.leaves_out("sch.pbs.hook"), Some(NOT_ASKED));
    }

    #[test]
    fn a_fast_examination_starts_next_to_nothing() {
        let host = Counting::new();
        let ask = Ask {
            fast: true,
            ..Ask::default()
        };
        let found = examine(&host, &ask).report;
        // newuidmap and getsubids, for users and for groups, and ch-run, where USER is not set.
        assert!(host.count() <= 5);
        assert_eq!(found.checks.len(), checks().count());
    }
}
