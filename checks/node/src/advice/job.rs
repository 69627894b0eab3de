//! A job script that runs an image with the runtime that works here.

use hpcctl_host::shell::quoted;

use super::Known;

/// The schedulers that a script can be written for.
pub static SCHEDULERS: &[&str] = &["pbs", "slurm"];

/// What a reference to an image names, by its words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An unpacked image.
    Directory,
    /// A squashfs image.
    Squashfs,
    /// A SIF image.
    Sif,
    /// An archive or a layout with a transport, such as `docker-archive:FILE`.
    Archive,
    /// A name in a registry.
    Name,
}

impl Kind {
    fn of(image: &str) -> Self {
        let ends = |ends: &[&str]| ends.iter().any(|end| image.ends_with(end));
        let begins = |begins: &[&str]| begins.iter().any(|begin| image.starts_with(begin));
        if begins(&["docker-archive:", "oci-archive:", "oci:"]) {
            Self::Archive
        } else if begins(&["docker://"]) {
            Self::Name
        } else if begins(&["sif:"]) || ends(&[".sif"]) {
            Self::Sif
        } else if begins(&["squashfs:"]) || ends(&[".sqfs", ".sqsh", ".squashfs"]) {
            Self::Squashfs
        } else if begins(&["/", "./", "../", "dir:"]) {
            Self::Directory
        } else {
            Self::Name
        }
    }
}

/// A runtime, in the order of preference for jobs: what it takes, and how it runs that.
struct Way {
    runtime: &'static str,
    kinds: &'static [Kind],
    command: &'static str,
}

const WAYS: &[Way] = &[
    Way {
        runtime: "charliecloud",
        kinds: &[Kind::Directory, Kind::Squashfs, Kind::Name],
        command: "ch-run --join \"$IMAGE\" -- COMMAND",
    },
    Way {
        runtime: "apptainer",
        kinds: &[
            Kind::Directory,
            Kind::Squashfs,
            Kind::Sif,
            Kind::Archive,
            Kind::Name,
        ],
        command: "apptainer exec \"$IMAGE\" COMMAND",
    },
    Way {
        runtime: "sarus",
        kinds: &[Kind::Name],
        command: "sarus run \"$IMAGE\" COMMAND",
    },
    Way {
        runtime: "podman-hpc",
        kinds: &[Kind::Name],
        command: "podman-hpc run --rm \"$IMAGE\" COMMAND",
    },
    Way {
        runtime: "podman",
        kinds: &[Kind::Archive, Kind::Name],
        command: "podman run --rm --network=host --ipc=host \"$IMAGE\" COMMAND",
    },
    Way {
        runtime: "enroot",
        kinds: &[Kind::Squashfs],
        command: "enroot start \"$IMAGE\" COMMAND",
    },
    Way {
        runtime: "udocker",
        kinds: &[Kind::Name],
        command: "udocker run \"$IMAGE\" COMMAND",
    },
];

/// The script; else why none can be written.
pub fn script(scheduler: &str, image: &str, known: &Known<'_>) -> Result<String, String> {
    if image.is_empty() {
        return Err("the reference of the image is empty".to_owned());
    }
    let kind = Kind::of(image);
    // What podman made here is in no registry.
    let is_local = image.starts_with("localhost/");
    let runs = |way: &&Way| {
        (!is_local || way.runtime.starts_with("podman"))
            && known.works(way.runtime, operation(way, kind))
    };
    let way = WAYS
        .iter()
        .filter(|way| way.kinds.contains(&kind))
        .find(runs)
        .ok_or_else(|| none(kind, known))?;
    let mut lines = vec!["#!/bin/bash".to_owned()];
    lines.extend(directives(scheduler));
    lines.push(String::new());
    lines.push(format!(
        "# {} runs such images on this node; hpcctl doctor tried it.",
        way.runtime
    ));
    lines.extend(before(way, kind, image, known));
    if known.fails("sch.env") || known.fails("env.runtime_dir") {
        lines.push("# Jobs start without a login session, so the directory is made here.".into());
        lines.push("export XDG_RUNTIME_DIR=$(mktemp -d /tmp/run-$USER.XXXXXX)".into());
    }
    lines.push(
        "# The scheduler starts the container: its own container options are not relied on.".into(),
    );
    lines.push("# COMMAND stands for the program in the image, with its arguments.".into());
    lines.push(format!("IMAGE={}", quoted(&named(way, kind, image))));
    lines.push(launched(scheduler, way, known));
    Ok(lines.join("\n") + "\n")
}

/// The operation that must work: an image that is mounted takes more than one that is run.
fn operation(way: &Way, kind: Kind) -> &'static str {
    match kind {
        Kind::Squashfs | Kind::Sif if matches!(way.runtime, "charliecloud" | "apptainer") => {
            "mount-fuse"
        }
        _ => "run",
    }
}

/// The image as the runtime takes it.
fn named(way: &Way, kind: Kind, image: &str) -> String {
    match (way.runtime, kind) {
        // No runtime knows these transports; the path behind them is what it takes.
        (_, Kind::Directory | Kind::Squashfs | Kind::Sif) => {
            let transports = ["dir:", "squashfs:", "sif:"];
            let mut paths = transports
                .iter()
                .filter_map(|name| image.strip_prefix(name));
            paths.next().unwrap_or(image).to_owned()
        }
        ("apptainer", Kind::Name) if !image.contains("://") => format!("docker://{image}"),
        ("apptainer", _) => image.to_owned(),
        (_, Kind::Name) => image.strip_prefix("docker://").unwrap_or(image).to_owned(),
        _ => image.to_owned(),
    }
}

/// What must be done once before the job.
fn before(way: &Way, kind: Kind, image: &str, known: &Known<'_>) -> Option<String> {
    let name = quoted(&named(way, kind, image));
    let command = match (way.runtime, kind) {
        ("charliecloud", Kind::Name) if known.passes("img.git") => {
            format!("ch-image pull {name}")
        }
        ("charliecloud", Kind::Name) => {
            format!("CH_IMAGE_CACHE=disabled ch-image pull {name}")
        }
        ("sarus", Kind::Name) => format!("sarus pull {name}"),
        ("podman-hpc", Kind::Name) => format!("podman-hpc pull {name}"),
        ("udocker", Kind::Name) => format!("udocker pull {name}"),
        _ => return None,
    };
    Some(format!("# Once, before the job: {command}"))
}

/// The line that starts the container, by the launcher that there is.
fn launched(scheduler: &str, way: &Way, known: &Known<'_>) -> String {
    // ch-run --join must know how many ranks of the node share a container: Slurm tells it.
    match scheduler {
        "slurm" => format!("srun {}", way.command),
        _ => {
            let command = way.command.replace("--join ", "");
            let launcher = ["mpiexec", "mpirun"]
                .into_iter()
                .find(|name| known.fact("mpi.launcher", name).is_some());
            match launcher {
                Some(launcher) => format!("{launcher} {command}"),
                None => command,
            }
        }
    }
}

/// Why no runtime runs such an image.
fn none(kind: Kind, known: &Known<'_>) -> String {
    let other = WAYS.iter().find(|way| known.works(way.runtime, "run"));
    let what = match kind {
        Kind::Directory => "a directory",
        Kind::Squashfs => "a squashfs image",
        Kind::Sif => "a SIF image",
        Kind::Archive => "an archive",
        Kind::Name => "an image from a registry",
    };
    let way_round = match (other.map(|way| way.runtime), kind) {
        (Some("charliecloud"), Kind::Squashfs) => {
            "; charliecloud runs directories here: ch-convert IMAGE.sqfs DIR"
        }
        (Some("charliecloud"), Kind::Archive) => {
            "; charliecloud runs directories here: unpack the image to one, for example with umoci"
        }
        _ => "",
    };
    format!("no runtime that is installed runs {what} here{way_round}")
}

fn directives(scheduler: &str) -> Vec<String> {
    let lines: &[&str] = match scheduler {
        "slurm" => &[
            "#SBATCH --job-name=container",
            "#SBATCH --nodes=1",
            "#SBATCH --ntasks=1",
            "#SBATCH --time=00:10:00",
        ],
        _ => &[
            "#PBS -N container",
            "#PBS -l select=1:ncpus=1:mpiprocs=1",
            "#PBS -l walltime=00:10:00",
        ],
    };
    lines.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Verdict;

    use super::*;
    use crate::advice::tests::{examined, report};
    use crate::scripted::Scripted;
    use crate::{Helps, lint};

    #[test]
    fn the_first_runtime_that_works_is_used_and_our_own_lint_finds_nothing() {
        let found = report(
            &[],
            &[("charliecloud", Verdict::No), ("podman", Verdict::Yes)],
        );
        for scheduler in SCHEDULERS {
            let text = script(scheduler, "it's", &Known::new(&found)).unwrap();
            assert!(text.contains("podman run --rm"), "{text}");
            assert!(text.contains("IMAGE='it'\\''s'"), "{text}");
            let examined = examined(found.clone());
            let host = Scripted::new();
            let silent = |_: &[&str]| String::new();
            let node = lint::tests::node(&examined, &host, Helps::new(&silent));
            let read = lint::file("job", &text, &node).unwrap();
            let bad = read
                .findings
                .iter()
                .find(|finding| finding.outcome.is_finding());
            assert_eq!(bad, None);
        }
        let none = report(&[], &[("podman", Verdict::No)]);
        assert!(script("slurm", "x", &Known::new(&none)).is_err());
        assert!(script("slurm", "", &Known::new(&found)).is_err());
    }

    #[test]
    fn transports_that_no_runtime_knows_are_taken_off() {
        let mut found = report(&[], &[("apptainer", Verdict::Yes)]);
        let mut mounts = found.runtimes[0].operations[0].clone();
        mounts.op = "mount-fuse".into();
        found.runtimes[0].operations.push(mounts);
        let image = |image: &str| {
            let text = script("slurm", image, &Known::new(&found)).unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix("IMAGE="));
            line.unwrap_or_default().to_owned()
        };
        assert_eq!(image("sif:/images/a"), "'/images/a'");
        assert_eq!(image("squashfs:a.img"), "'a.img'");
        assert_eq!(image("dir:/r"), "'/r'");
        assert_eq!(image("docker://h/a.sif"), "'docker://h/a.sif'");
        assert_eq!(image("debian:12"), "'docker://debian:12'");
    }

    #[test]
    fn a_runtime_is_given_only_images_that_it_takes() {
        let found = report(
            &[],
            &[("charliecloud", Verdict::Yes), ("podman", Verdict::Yes)],
        );
        let script = |image: &str| script("slurm", image, &Known::new(&found));
        assert!(script("localhost/x").unwrap().contains("podman run"));
        assert!(script("/images/app").unwrap().contains("ch-run --join"));
        assert!(
            script("debian:12")
                .unwrap()
                .contains("ch-image pull 'debian:12'")
        );
        assert!(
            script("docker-archive:a.tar")
                .unwrap()
                .contains("podman run")
        );
        // The report says nothing of mount-fuse, so nothing is promised.
        assert!(script("a.sqfs").unwrap_err().contains("ch-convert"));
        assert!(script("a.sif").unwrap_err().contains("a SIF image"));
    }
}
