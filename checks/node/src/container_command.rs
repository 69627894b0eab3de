//! Which runtime a command line uses, and for what.

/// Programs that start or build containers, and the runtime that each belongs to.
pub(crate) static PROGRAMS: &[(&str, &str)] = &[
    ("podman", "podman"),
    ("podman-hpc", "podman-hpc"),
    ("ch-run", "charliecloud"),
    ("ch-image", "charliecloud"),
    ("apptainer", "apptainer"),
    ("singularity", "apptainer"),
    ("docker", "docker-rootless"),
    ("enroot", "enroot"),
    ("sarus", "sarus"),
    ("shifter", "shifter"),
    ("udocker", "udocker"),
];

/// A container command in a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContainerCommand {
    /// Its program, without a directory.
    pub(crate) program: &'static str,
    /// The runtime.
    pub(crate) runtime: &'static str,
    /// The operation: `run` or `build`.
    pub(crate) op: &'static str,
}

/// The first container command among the words of a line.
pub(crate) fn find<'a>(words: impl Iterator<Item = &'a str>) -> Option<ContainerCommand> {
    let mut names = words.map(|word| word.rsplit('/').next().unwrap_or(word));
    let known = |word| PROGRAMS.iter().find(|(program, _)| *program == word);
    let (program, runtime) = names.find_map(known)?;
    let builds = *program == "ch-image" || names.any(|word| word == "build");
    Some(ContainerCommand {
        program,
        runtime,
        op: if builds { "build" } else { "run" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runtime_is_known() {
        for (_, runtime) in PROGRAMS {
            assert!(
                crate::RUNTIMES.iter().any(|row| row.name == *runtime),
                "{runtime}"
            );
        }
    }

    #[test]
    fn running_is_told_from_building() {
        let of = |line: &str| find(line.split(' ')).map(|found| (found.runtime, found.op));
        assert_eq!(
            of("srun ch-run /img -- true"),
            Some(("charliecloud", "run"))
        );
        assert_eq!(of("ch-image pull alpine"), Some(("charliecloud", "build")));
        assert_eq!(of("/usr/bin/podman build ."), Some(("podman", "build")));
        assert_eq!(of("build podmanager"), None);
    }
}
