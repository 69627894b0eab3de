//! The launcher that starts the ranks, and the libraries that go with it.
//!
//! A launcher and a library of different MPIs start without an error, each rank a world of its own;
//! so the family that the launcher names itself decides what libraries are tried: mpiexec of MPICH
//! and Intel MPI (both are Hydra), mpirun(1) of Open MPI.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hpcctl_host::Host;
use hpcctl_host::dialogue::Dialogue;

/// The names under which launchers are installed, the standard's own first.
const NAMES: [&str; 4] = ["mpiexec", "mpirun", "mpiexec.hydra", "mpiexec.openmpi"];

/// Where the libraries are below the directory that a launcher's `bin` is in.
const FOLDERS: [&str; 3] = ["lib", "lib64", "lib/release"];

/// How long a launcher may take to say what it is.
const COMMAND: Duration = Duration::from_secs(10);

/// The launchers that are alike.
#[derive(Debug, PartialEq, Eq)]
struct Family {
    /// Words in what it calls itself, one of which is there.
    says: &'static [&'static str],
    /// The options with which it starts ranks here, and nowhere else.
    options: &'static [&'static str],
    /// The libraries that it starts ranks of, the likeliest first.
    libraries: &'static [&'static str],
}

static FAMILIES: [Family; 2] = [
    Family {
        says: &["HYDRA", "Intel(R) MPI", "MPICH"],
        options: &["-launcher", "fork"],
        libraries: &[
            "libmpi.so.12",
            "libmpich.so.12",
            "libmpi_abi.so.1",
            "libmpi_abi.so.0",
        ],
    },
    Family {
        says: &["Open MPI", "OpenRTE", "PRRTE"],
        // Where the ranks run is ours to say, and inside the user is root.
        options: &[
            "--allow-run-as-root",
            "--oversubscribe",
            "--bind-to",
            "none",
        ],
        libraries: &["libmpi.so.40"],
    },
];

/// A launcher that is installed.
#[derive(Debug)]
pub(super) struct Launcher {
    path: String,
    family: &'static Family,
}

impl Launcher {
    /// Finds the one that the user would start.
    pub(super) fn find(host: &dyn Host) -> Result<Self, String> {
        let mut unknown = None;
        for path in NAMES.iter().filter_map(|name| host.which(name)) {
            let ran = host.run(&[&path, "--version"], COMMAND);
            match family(&format!("{}{}", ran.stdout, ran.stderr)) {
                Some(family) => return Ok(Self { path, family }),
                None => unknown = unknown.or(Some(format!("{path} says: {}", ran.first_line()))),
            }
        }
        Err(match unknown {
            Some(said) => format!("the launcher is of no MPI that is known here; {said}"),
            None => "there is no mpiexec, without which each rank is a world of its own; load the \
                module of an MPI, or install one"
                .into(),
        })
    }

    /// The libraries to try: beside the launcher, then wherever the loader finds them.
    pub(super) fn libraries(&self) -> Vec<String> {
        // A link leads to where the launcher is installed.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| PathBuf::from(&self.path));
        let prefix = path.parent().and_then(Path::parent);
        let prefix = prefix.unwrap_or(Path::new("/usr"));
        let mut found = Vec::new();
        for name in self.family.libraries {
            let beside = FOLDERS.map(|folder| prefix.join(folder).join(name));
            let beside = beside.iter().filter(|path| path.is_file());
            found.extend(beside.map(|path| path.display().to_string()));
            found.push((*name).to_owned());
        }
        found
    }

    /// The names of its libraries, for whoever's loader finds them.
    pub(super) fn names(&self) -> Vec<String> {
        self.family
            .libraries
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Starts two ranks of a command, whose libraries are also looked for in a directory.
    pub(super) fn start(
        &self,
        rank: &[String],
        place: &Path,
        libraries: Option<&Path>,
    ) -> Result<Dialogue, String> {
        let words = self.family.options.iter().copied().chain(["-n", "2"]);
        let mut argv = vec![self.path.clone()];
        argv.extend(words.map(str::to_owned));
        argv.extend_from_slice(rank);
        let mut environment: Vec<String> = std::env::vars()
            .filter(|(name, _)| name != "TMPDIR")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        // What it leaves there goes with the run; of a container the root may be read-only.
        environment.push(format!("TMPDIR={}", place.display()));
        if let Some(dir) = libraries {
            let others = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
            environment.push(format!("LD_LIBRARY_PATH={}:{others}", dir.display()));
        }
        Dialogue::start(&argv, &environment).map_err(|error| error.to_string())
    }

    /// Its path, as it was found.
    pub(super) fn name(&self) -> &str {
        &self.path
    }
}

fn family(said: &str) -> Option<&'static Family> {
    let mut all = FAMILIES.iter();
    all.find(|family| family.says.iter().any(|words| said.contains(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_known_by_what_it_says() {
        let hydra = Some(&FAMILIES[0]);
        let open = Some(&FAMILIES[1]);
        assert_eq!(family("HYDRA build details:\n    Version: 4.0.2\n"), hydra);
        assert_eq!(
            family("Intel(R) MPI Library for Linux* OS, Version 2021"),
            hydra
        );
        assert_eq!(family("mpiexec.openmpi (OpenRTE) 4.1.4"), open);
        assert_eq!(family("mpiexec (Open MPI) 5.0.11"), open);
        assert_eq!(family("srun 22.05"), None);
    }

    #[test]
    fn libraries_beside_the_launcher_come_first() {
        let dir = tempfile::tempdir().unwrap();
        let prefix = fs::canonicalize(dir.path()).unwrap();
        for folder in ["bin", "lib64"] {
            fs::create_dir(prefix.join(folder)).unwrap();
        }
        for file in ["bin/mpiexec", "lib64/libmpich.so.12"] {
            fs::File::create(prefix.join(file)).unwrap();
        }
        let launcher = Launcher {
            path: prefix.join("bin/mpiexec").display().to_string(),
            family: &FAMILIES[0],
        };
        let beside = prefix.join("lib64/libmpich.so.12").display().to_string();
        let expected = [
            "libmpi.so.12",
            &beside,
            "libmpich.so.12",
            "libmpi_abi.so.1",
            "libmpi_abi.so.0",
        ];
        assert_eq!(launcher.libraries(), expected);
    }
}
