//! What to do with a staged image: to bring it to the nodes' own disks, and to run it in a job.
//!
//! The commands are those of sbcast(1) and srun(1) of Slurm, pdcp(1) of pdsh, clush(1) of
//! ClusterShell, and pbsdsh(1B) of PBS; `ch-run --set-env` and `apptainer --env-file` take what
//! the image sets.

use std::path::Path;

use hpcctl_host::Host;
use hpcctl_host::shell::word;
use hpcctl_model::stage::{Broadcast, Form, Job, Target};

/// The schedulers that a script can be written for.
pub const SCHEDULERS: &[&str] = &["slurm", "pbs"];

/// The runtimes that a script can call, in the order of preference, with their programs.
pub const RUNTIMES: &[(&str, &str)] = &[
    ("charliecloud", "ch-run"),
    ("apptainer", "apptainer"),
    ("enroot", "enroot"),
    ("podman", "podman"),
];

/// What stands for the hosts in a command that has to name them.
const HOSTS: &str = "HOSTS";

/// What `srun --bcast` copies is the program that it starts, and an image is started by another one:
/// it is for programs that lie beside the image.
const STARTED: &str =
    "srun --bcast=/tmp/PROGRAM PROGRAM  # a program outside the image; the image itself: sbcast";

/// The commands that bring the file to the nodes' own disks.
pub(crate) fn broadcasts(target: &Target, host: &dyn Host) -> Vec<Broadcast> {
    if target.form == Form::Oci {
        return Vec::new();
    }
    let local = local(target);
    let (from, to) = (word(&target.path), word(&local));
    let commands = [
        // Inside an allocation of Slurm.
        ("sbcast", format!("sbcast --force {from} {to}")),
        ("srun", STARTED.to_owned()),
        ("pdcp", format!("pdcp -w {HOSTS} {from} {to}")),
        (
            "clush",
            format!("clush -w {HOSTS} --copy {from} --dest {to}"),
        ),
        ("pbsdsh", format!("pbsdsh -u -- cp {from} {to}")),
    ];
    let all = commands.into_iter().map(|(tool, command)| Broadcast {
        tool: tool.to_owned(),
        installed: host.which(tool).is_some(),
        command,
    });
    all.collect()
}

/// A script that runs the image.
pub(crate) fn job(
    target: &Target,
    nodes: u64,
    scheduler: Option<&str>,
    runtime: Option<&str>,
    host: &dyn Host,
) -> Job {
    let scheduler = scheduler.unwrap_or_else(|| {
        let is_pbs = host.which("sbatch").is_none() && host.which("qsub").is_some();
        if is_pbs { "pbs" } else { "slurm" }
    });
    let takes = |name: &str| takes(name, target.form);
    let mut fitting = RUNTIMES.iter().filter(|(name, _)| takes(name));
    let here = fitting
        .clone()
        .find(|(_, program)| host.which(program).is_some());
    let runtime = runtime
        .or(here.map(|(name, _)| *name))
        .or(fitting.next().map(|(name, _)| *name))
        .unwrap_or("apptainer");
    Job {
        scheduler: scheduler.to_owned(),
        runtime: runtime.to_owned(),
        script: script(target, nodes, scheduler, runtime),
    }
}

/// Whether a runtime runs what is staged as it is.
pub(crate) fn takes(runtime: &str, form: Form) -> bool {
    match form {
        Form::Squashfs => matches!(runtime, "charliecloud" | "apptainer" | "enroot"),
        Form::Sif => runtime == "apptainer",
        Form::Oci => matches!(runtime, "apptainer" | "podman"),
    }
}

fn script(target: &Target, nodes: u64, scheduler: &str, runtime: &str) -> String {
    let is_file = target.form != Form::Oci;
    let is_slurm = scheduler == "slurm";
    let mut lines = vec!["#!/bin/bash".to_owned()];
    if is_slurm {
        lines.push(format!("#SBATCH --nodes={nodes}"));
    } else {
        lines.push(format!("#PBS -l select={nodes}"));
    }
    lines.push(format!("STAGED={}", word(&target.path)));
    if is_file && is_slurm {
        lines
            .push("# On nodes without disks /tmp is memory: there, use \"$STAGED\" itself.".into());
        lines.push(format!("IMAGE=/tmp/$SLURM_JOB_ID.{}", end(target)));
        lines.push("sbcast --force \"$STAGED\" \"$IMAGE\"".into());
    } else {
        lines.push("IMAGE=$STAGED".into());
    }
    let command = command(target, runtime);
    match is_slurm {
        true => lines.push(format!("srun {command}")),
        false => lines.push(format!("mpiexec {command}")),
    }
    if is_file && is_slurm {
        lines.push("srun --ntasks-per-node=1 rm -f \"$IMAGE\"".into());
    }
    lines.join("\n") + "\n"
}

/// The command that runs the image; the script puts its place into `IMAGE`.
fn command(target: &Target, runtime: &str) -> String {
    let set = |option: &str| {
        let environment = target.environment.as_deref();
        environment.map_or_else(String::new, |file| format!("{option}{} ", word(file)))
    };
    match (runtime, target.form) {
        ("charliecloud", _) => {
            format!("ch-run {}\"$IMAGE\" -- COMMAND", set("--set-env="))
        }
        ("enroot", _) => "enroot start \"$IMAGE\" COMMAND".to_owned(),
        ("podman", _) => {
            "podman run --rm --network=host --ipc=host \"oci:$IMAGE\" COMMAND".to_owned()
        }
        (_, Form::Oci) => "apptainer exec \"oci:$IMAGE\" COMMAND".to_owned(),
        _ => format!("apptainer exec {}\"$IMAGE\" COMMAND", set("--env-file ")),
    }
}

/// Where a copy lies on each node.
fn local(target: &Target) -> String {
    let name = Path::new(&target.path).file_name().unwrap_or_default();
    format!("/tmp/{}", name.to_string_lossy())
}

fn end(target: &Target) -> &'static str {
    match target.form {
        Form::Sif => "sif",
        _ => "sqfs",
    }
}

/// The environment of an image as a file that runtimes and shells read: a name, `=`, and the
/// value in single quotes, a line each; what is no such setting is left out.
pub(crate) fn environment(set: &[String]) -> String {
    let mut text = String::new();
    for (name, value) in set.iter().filter_map(|one| one.split_once('=')) {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let is_name =
            name.bytes().all(word) && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        // Neither runtime has a way to write these.
        if is_name && !value.contains(['\n', '\'', '\0']) {
            text += &format!("{name}='{value}'\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hpcctl_host::Live;

    fn target(form: Form, path: &str) -> Target {
        Target {
            path: path.to_owned(),
            link: None,
            form,
            bytes: None,
            sha256: None,
            environment: Some("/x/a.env".to_owned()),
            staged_by: None,
            staged_at: None,
        }
    }

    #[test]
    fn a_script_calls_a_runtime_that_takes_what_is_staged() {
        let squashfs = target(Form::Squashfs, "/x/it's.sqfs");
        let job = job(&squashfs, 40, Some("slurm"), Some("charliecloud"), &Live);
        for line in [
            "#SBATCH --nodes=40",
            "STAGED='/x/it'\\''s.sqfs'",
            "sbcast --force \"$STAGED\" \"$IMAGE\"",
            "srun ch-run --set-env=/x/a.env \"$IMAGE\" -- COMMAND",
        ] {
            assert!(
                job.script.lines().any(|there| there == line),
                "{}",
                job.script
            );
        }
        let tools = broadcasts(&squashfs, &Live);
        let tools: Vec<&str> = tools.iter().map(|one| &*one.tool).collect();
        assert_eq!(tools, ["sbcast", "srun", "pdcp", "clush", "pbsdsh"]);
        let layout = target(Form::Oci, "/x/a.oci");
        let job = super::job(&layout, 2, Some("pbs"), None, &Live);
        assert!(job.script.contains("oci:$IMAGE"), "{}", job.script);
        assert!(!job.script.contains("sbcast"), "{}", job.script);
        assert!(broadcasts(&layout, &Live).is_empty());
        for form in [Form::Squashfs, Form::Sif, Form::Oci] {
            assert!(RUNTIMES.iter().any(|(name, _)| takes(name, form)));
        }
    }

    #[test]
    fn an_environment_is_written_so_that_nothing_in_it_is_run() {
        let set = [
            "PATH=/a:/b",
            "X=$(id)",
            "1=2",
            "Q=it's",
            "N=a\nb",
            "none",
            "E=",
        ];
        let text = environment(&set.map(str::to_owned));
        assert_eq!(text, "PATH='/a:/b'\nX='$(id)'\nE=''\n");
    }
}
