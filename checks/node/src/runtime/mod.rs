//! The runtimes, one file each, and the matrix that follows from what the checks found.

use std::time::Duration;

use hpcctl_host::Host;
use hpcctl_model::doctor::{self, Cost, Step};

use crate::finding::admin;
use crate::probe::{self, Probe};
use crate::solver::{self, Answer, Facts, Formula};
use crate::{Ask, Finding, Reading, Site};

mod apptainer;
mod builtin;
mod charliecloud;
mod docker_rootless;
mod enroot;
mod k8s_pbs;
mod pbs_container;
mod podman;
mod podman_hpc;
mod sarus;
mod shifter;
mod slurm_container;
mod udocker;

/// One container runtime: a row of [`RUNTIMES`].
#[derive(Debug, Clone, Copy)]
pub struct Runtime {
    /// The name.
    pub name: &'static str,
    /// Programs by which it is known, the first that is found; none for our own.
    pub programs: &'static [&'static str],
    /// The arguments that make it print its version; none where it has no such thing.
    pub version: &'static [&'static str],
    /// Another program of it that prints the version, where the first does not.
    pub version_of: Option<&'static str>,
    /// The check of its presence, `runtime.NAME.installed`.
    pub installed: Probe,
    /// What each operation needs.
    pub rules: &'static [Rule],
}

/// What one operation of a runtime needs.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The operation, one of [`crate::OPERATIONS`].
    pub op: &'static str,
    /// Without this it does not work.
    pub needs: Formula,
    /// Without these checks it works less well.
    pub wants: &'static [&'static str],
    /// Whether the rule was tried against the real runtime.
    pub tried: bool,
}

/// Every runtime, in report order.
pub static RUNTIMES: &[&Runtime] = &[
    &builtin::RUNTIME,
    &podman::RUNTIME,
    &podman_hpc::RUNTIME,
    &docker_rootless::RUNTIME,
    &charliecloud::RUNTIME,
    &apptainer::RUNTIME,
    &udocker::RUNTIME,
    &sarus::RUNTIME,
    &shifter::RUNTIME,
    &enroot::RUNTIME,
    &slurm_container::RUNTIME,
    &pbs_container::RUNTIME,
    &k8s_pbs::RUNTIME,
];

/// Looks for the programs of a runtime, for its `installed` check.
pub(crate) fn look_for(site: &Site<'_>, programs: &[&str]) -> Reading {
    programs.iter().fold(Reading::new(), |reading, program| {
        let found = site.host.which(program);
        let noted = reading.fact(program, found.as_deref().unwrap_or(NOT_IN_PATH));
        match found {
            Some(_) => noted,
            None => refused(noted, program, site),
        }
    })
}

/// Notes a program that PATH leads to, and that the caller may not execute.
fn refused(reading: Reading, program: &str, site: &Site<'_>) -> Reading {
    let path = site.host.env("PATH").unwrap_or_default();
    let directories = path.split(':').filter(|dir| !dir.is_empty());
    let mut files = directories.map(|dir| format!("{dir}/{program}"));
    match files.find(|file| site.host.stat(file).is_ok_and(|stat| stat.is_file())) {
        Some(file) => reading.stat(site, &file),
        None => reading,
    }
}

/// Judges what [`look_for`] found: a runtime that is not there is no fault of the node.
pub(crate) fn judge_installed(reading: &Reading, name: &str, package: Step) -> Finding {
    match reading.facts.iter().find(|(_, path)| path != NOT_IN_PATH) {
        Some((_, path)) => Finding::pass(format!("{name} is installed: {path}")),
        None => there_in_vain(reading).unwrap_or_else(|| {
            Finding::skipped(format!("{name} is not installed"))
                .holding(false)
                .step(package)
        }),
    }
}

/// What is found of a program that is there, and that the caller may not execute.
fn there_in_vain(reading: &Reading) -> Option<Finding> {
    let is_looked_for = |path: &str| {
        let mut programs = reading.facts.iter().map(|(program, _)| program);
        programs.any(|program| path.ends_with(&format!("/{program}")))
    };
    let stats = reading.stats.iter();
    let mut stats = stats.filter_map(|(path, stat)| Some((path, stat.as_ref().ok()?)));
    let (path, stat) = stats.find(|(path, _)| is_looked_for(path))?;
    let mode = stat.permissions();
    let told = format!(
        "{path} may not be executed (mode {mode:04o} uid {} gid {})",
        stat.uid, stat.gid
    );
    // A site that gives it to a group means that.
    if stat.gid != 0 && mode & libc::S_IXGRP != 0 {
        let text = format!("take the user into the group {}", stat.gid);
        let step = admin(Cost::AdminSysctl, &text, "");
        return Some(Finding::skipped(told).holding(false).step(step));
    }
    let step = admin(
        Cost::AdminSysctl,
        "let every user execute it",
        &format!("chmod a+rx {path}"),
    );
    Some(Finding::fail(told).step(step))
}

const NOT_IN_PATH: &str = "not in PATH";

/// How long a runtime may take to print its version.
const VERSION_DEADLINE: Duration = Duration::from_secs(3);

/// What every rootless runtime needs.
pub(crate) const USER_NAMESPACE: Formula = Formula::All(&[
    Formula::Check("ns.user"),
    Formula::Check("ns.user.map"),
    Formula::Check("ns.user.capuse"),
    Formula::Check("ns.mnt"),
]);

/// Mapping more than one id.
pub(crate) const MANY_IDS: Formula = Formula::All(&[
    Formula::Check("uid.subid.file"),
    Formula::Check("uid.newuidmap"),
]);

/// The check of images whose ids are held against those that the caller may map.
pub const RANGE: &str = "image.range";

/// What a set-user-id runtime needs that makes no user namespace: its own privilege, and the
/// kernel's drivers.
pub(crate) const KERNEL_MOUNTS: Formula = Formula::All(&[
    Formula::Check("uid.suid.runtimes"),
    Formula::Check("fs.loop"),
    Formula::Check("fs.squash"),
    Formula::Check("ovl.kernel"),
]);

/// A registry answers; asked only where the network may be used, else not known.
pub(crate) const REGISTRY: Formula = Formula::Check("reg.v2ping");

/// There is a GPU, with its driver, the caller may open it, and the image, where one is given,
/// can load the driver's libraries: each runtime takes them from the node.
pub(crate) const GPU: Formula = Formula::All(&[
    Formula::Check("gpu.driver"),
    Formula::Check("gpu.nodes"),
    Formula::Check("gpu.glibcfloor"),
]);

/// The node has an MPI that can replace that of an image: of the one that is given, by what loads in
/// it.
pub(crate) const HOST_MPI: Formula = Formula::All(&[
    Formula::Check("mpi.families"),
    Formula::Check("image.coupling"),
]);

/// The node has a program that starts ranks.
pub(crate) const LAUNCHER: Formula = Formula::Check("mpi.launcher");

impl Runtime {
    /// Judges the operations that were asked for; none are all.
    pub fn judge(&self, ask: &Ask, facts: &Facts, host: &dyn Host) -> doctor::Runtime {
        let ops = &ask.operations;
        let path = self.programs.iter().find_map(|program| host.which(program));
        let asked = |rule: &&Rule| ops.is_empty() || ops.iter().any(|op| op == rule.op);
        doctor::Runtime {
            runtime: self.name.into(),
            installed: facts
                .holds(self.installed.id)
                .unwrap_or(path.is_some() && !ask.fast),
            version: self.version_at(path.as_deref().filter(|_| !ask.fast), host),
            path,
            operations: self
                .rules
                .iter()
                .filter(asked)
                .map(|rule| operation(rule, facts, ask.image.is_none()))
                .collect(),
        }
    }

    /// The version that the program prints: the first word that begins with a digit.
    fn version_at(&self, path: Option<&str>, host: &dyn Host) -> Option<String> {
        if self.programs.is_empty() {
            return Some(env!("CARGO_PKG_VERSION").into());
        }
        // Without an argument that only prints, a program would do its work.
        let path = path.filter(|_| !self.version.is_empty())?;
        let path = match self.version_of {
            Some(program) => host.which(program)?,
            None => path.to_owned(),
        };
        let argv: Vec<&str> = std::iter::once(path.as_str())
            .chain(self.version.iter().copied())
            .collect();
        let ran = host.run_aside(&argv, VERSION_DEADLINE);
        let words = ran
            .stdout
            .split_whitespace()
            .chain(ran.stderr.split_whitespace());
        let version = words.map(|word| word.trim_start_matches('v').trim_end_matches(','));
        version
            .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            .map(ToOwned::to_owned)
            .next()
    }
}

/// The checks of images that an operation of some runtime rests on.
pub fn asked_of_images(op: &str) -> impl Iterator<Item = &'static str> {
    let rules = RUNTIMES.iter().flat_map(|runtime| runtime.rules);
    let rules = rules.filter(move |rule| rule.op == op);
    let asked: Vec<&str> = rules.flat_map(|rule| rule.needs.checks()).collect();
    probe::of_images().filter(move |id| asked.contains(id))
}

/// Judges an operation, on any image where none was given.
fn operation(rule: &Rule, facts: &Facts, any_image: bool) -> doctor::Operation {
    let answer = decided(rule, facts);
    doctor::Operation {
        op: rule.op.into(),
        verdict: answer.verdict,
        tried: rule.tried,
        images: any_image.then(|| unmet(rule, facts, &answer)),
        because: answer.because.iter().map(ToString::to_string).collect(),
        fix: answer.fix,
    }
}

fn decided(rule: &Rule, facts: &Facts) -> Answer {
    let mut answer = solver::decide(&rule.needs, rule.wants, facts);
    answer.because.dedup();
    answer
}

/// The verdicts on images that do not meet a check of images, where that changes the answer.
fn unmet(rule: &Rule, facts: &Facts, met: &Answer) -> Vec<doctor::Unmet> {
    let checks = rule.needs.checks();
    let of_images = probe::of_images().filter(|id| checks.contains(id));
    let verdicts = of_images.filter_map(|id| {
        let mut with = probe::UNMET_WITH.iter();
        let base = match with.find(|(unmet, _)| *unmet == id) {
            Some((_, with)) => facts.clone().holding(with, Some(false)),
            None => facts.clone(),
        };
        let answer = decided(rule, &base.clone().holding(id, Some(false)));
        // What is as bad without it says nothing of it.
        let is_worse = match id {
            RANGE => answer.verdict != decided(rule, &base).verdict,
            _ => answer != *met,
        };
        is_worse.then(|| doctor::Unmet {
            unmet: id.into(),
            up_to: facts.range.filter(|_| id == RANGE),
            verdict: answer.verdict,
            because: answer.because.iter().map(ToString::to_string).collect(),
            fix: answer.fix,
        })
    });
    verdicts.collect()
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Stat;
    use hpcctl_model::doctor::{Status, Verdict};

    use super::*;
    use crate::scripted::{Scripted, stat};
    use crate::{OPERATIONS, checks};

    #[test]
    fn rules_name_checks_and_operations_that_there_are() {
        for runtime in RUNTIMES {
            let mut places = Vec::new();
            for rule in runtime.rules {
                let place = OPERATIONS.iter().position(|op| *op == rule.op);
                places.push(place.unwrap_or_else(|| panic!("{}: {}", runtime.name, rule.op)));
                for id in rule.needs.checks().iter().chain(rule.wants) {
                    let known = checks().any(|probe| probe.id == *id);
                    assert!(
                        known,
                        "{} {}: there is no check {id}",
                        runtime.name, rule.op
                    );
                }
            }
            assert!(
                places.is_sorted(),
                "{}: not in the order of OPERATIONS",
                runtime.name
            );
            places.dedup();
            assert_eq!(places.len(), runtime.rules.len(), "{}: twice", runtime.name);
        }
    }

    #[test]
    fn an_image_of_several_owners_is_judged_apart_where_that_matters() {
        let run = podman::RUNTIME.rules.iter().find(|rule| rule.op == "run");
        let judged = |root, subids| {
            let facts = checks().fold(Facts::new(root), |facts, probe| {
                let holds = probe.id != "uid.subid.file" || subids;
                facts.holding(probe.id, Some(holds && probe.id != "podman.one_owner"))
            });
            let found = operation(run.unwrap(), &facts, true);
            (found.verdict, found.images.unwrap())
        };
        let (any, images) = judged(false, true);
        assert_eq!((any, images.len()), (Verdict::Yes, 1));
        assert_eq!(
            (images[0].unmet.as_str(), images[0].verdict),
            ("image.range", Verdict::No)
        );
        assert_eq!(images[0].because, ["image.ids", "image.range"]);
        assert_eq!(judged(true, true), (Verdict::Yes, Vec::new()));
        let (any, images) = judged(false, false);
        assert_eq!(images.len(), 1, "{images:?}");
        // The map of ids is wanted, too.
        assert_eq!(any, Verdict::Degraded);
        assert_eq!(
            (images[0].unmet.as_str(), images[0].verdict),
            ("image.ids", Verdict::No)
        );
        assert_eq!(images[0].because, ["image.ids", "uid.subid.file"]);
        let facts = Facts::new(false);
        assert_eq!(operation(run.unwrap(), &facts, false).images, None);
    }

    #[test]
    fn the_mpi_of_the_node_goes_by_what_loads_in_the_image() {
        for runtime in RUNTIMES {
            let Some(rule) = runtime.rules.iter().find(|rule| rule.op == "mpi-host") else {
                continue;
            };
            for (holds, verdict) in [
                (Some(true), Verdict::Yes),
                (Some(false), Verdict::No),
                (None, Verdict::Unknown),
            ] {
                let facts = checks().fold(Facts::new(false), |facts, probe| {
                    let is_it = probe.id == "image.coupling";
                    facts.holding(probe.id, if is_it { holds } else { Some(true) })
                });
                let found = operation(rule, &facts, false);
                assert_eq!(found.verdict, verdict, "{}", runtime.name);
            }
            let ask = Ask {
                operations: vec!["mpi-host".into()],
                ..Ask::default()
            };
            let made = crate::examine(&Scripted::new(), &ask).report.checks;
            let coupling = made.iter().find(|check| check.id == "image.coupling");
            assert_eq!(coupling.unwrap().summary, "no image was given");
        }
    }

    #[test]
    fn what_is_there_and_may_not_be_executed_is_not_said_to_be_missing() {
        let judged = |mode: u32, gid: u32| {
            let mut host = Scripted::new();
            host.env.insert("PATH".into(), "/bin:/usr/bin".into());
            let file = Stat { gid, ..stat(mode) };
            let host = host.stat("/usr/bin/podman", file);
            let site = Site::new(&host);
            let installed = &podman::RUNTIME.installed;
            (installed.judge)(&(installed.read)(&site), &site)
        };
        let found = judged(0o100_700, 0);
        assert_eq!((found.status, found.holds), (Status::Fail, Some(false)));
        let told = "/usr/bin/podman may not be executed (mode 0700 uid 0 gid 0)";
        assert_eq!(found.summary, told);
        let command = found.steps[0].command.as_deref();
        assert_eq!(command, Some("chmod a+rx /usr/bin/podman"));
        // What a group is given others are not to have.
        let found = judged(0o100_750, 1005);
        assert_eq!((found.status, found.holds), (Status::Skipped, Some(false)));
        assert_eq!(found.steps[0].text, "take the user into the group 1005");
        let found = judged(0o040_755, 0);
        assert_eq!(found.summary, "podman is not installed");
    }

    #[test]
    fn a_script_without_a_version_asks_its_daemon() {
        const NODE: &str = r#"{"schema":"hpcctl.recording/1","host":{"name":"n","kernel":"k","arch":"a"},
            "caller":{"uid":1000,"gid":1000,"name":"alice"},
            "answers":{"which dockerd":"/usr/bin/dockerd","run /usr/bin/dockerd --version":
                {"argv":[],"end":{"Exit":0},"stdout":"Docker version 28.3.2, build 5d6db84","stderr":""}}}"#;
        let node = hpcctl_host::Recording::parse(NODE).unwrap();
        let version = |path| docker_rootless::RUNTIME.version_at(path, &node);
        let found = version(Some("/usr/bin/dockerd-rootless.sh"));
        assert_eq!(found.as_deref(), Some("28.3.2"));
        assert_eq!(version(None), None);
    }
}
