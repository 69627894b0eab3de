//! How the bindings that work are told to a runtime, one file each.

mod apptainer;
mod charliecloud;
mod podman;
mod sarus;

use hpcctl_host::Host;
use hpcctl_model::abi::{Abi, Bind};

use crate::closure::PLACE;
use crate::comments;
use crate::wanted::Wanted;

/// A runtime: its name and what is printed for it.
#[derive(Debug)]
pub struct Emit {
    /// The name, as `--emit` takes it.
    pub name: &'static str,
    /// The names of its program, the usual one first.
    pub programs: &'static [&'static str],
    /// Whether what is printed starts a container, so that it can be tried.
    pub starts: bool,
    /// What stands between the paths of a bind mount, so that no path may have it.
    separators: &'static [char],
    /// Writes the command or the configuration; what the runtime takes in place of the image
    /// where it does not take it.
    write: fn(&Wanted<'_>) -> Result<String, String>,
}

/// Whose MPI is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mpi {
    /// The host's, in the place of the image's.
    OfHost,
    /// The image's own, under a launcher of the host.
    OfImage,
}

/// How a runtime is called.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Whether root does it.
    pub as_root: bool,
    /// The name of its program, where that is not the usual one.
    pub name: Option<&'static str>,
    /// Options of the program, in front of what it is to do.
    pub program: Vec<String>,
    /// Options of what starts a container.
    pub run: Vec<String>,
    /// Whether a user keeps the groups in it that open device files; none where that is not known.
    pub keeps_groups: Option<bool>,
}

/// Every runtime that something is printed for.
pub static EMITS: &[&Emit] = &[
    &podman::EMIT,
    &apptainer::EMIT,
    &charliecloud::EMIT,
    &sarus::EMIT,
];

/// Why nothing is printed.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// Nothing is needed.
    #[error("no program of the image needs a library of MPI, of a fabric or of a GPU")]
    NoNeed,
    /// Nothing is needed for sure.
    #[error(
        "{0} may open {1} as it runs, and nothing else is needed: whether the host's works is not known"
    )]
    Opened(String, String),
    /// Nothing works.
    #[error("no library of the host works in the image")]
    Nothing,
    /// Nothing uses MPI.
    #[error("no program of the image needs a library of MPI")]
    NoMpi,
    /// No launcher of the host can start the image's own MPI.
    #[error("no launcher of the host works with the image's own MPI: {0}")]
    NoLauncher(String),
    /// Neither side has what a program needs.
    #[error(
        "{0} needs {1}: no library of the host works for it, and the image has none of its own"
    )]
    Neither(String, String),
    /// The runtime does not take such an image.
    #[error("{0}")]
    Image(String),
}

impl Emit {
    /// The runtime of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        EMITS.iter().find(|emit| emit.name == name).copied()
    }

    /// The first of the names of its program by which it is installed.
    pub fn program_on(&self, host: &dyn Host) -> Option<&'static str> {
        let mut names = self.programs.iter();
        names.find(|name| host.which(name).is_some()).copied()
    }

    /// The command, or the configuration, for the bindings that work.
    ///
    /// # Errors
    ///
    /// When nothing works, or the runtime does not take such an image.
    pub fn write(&self, abi: &Abi, call: &Call, mpi: Mpi) -> Result<String, EmitError> {
        let wanted = Wanted::asked(abi, call, mpi)?;
        let text = self.render(&wanted).map_err(EmitError::Image)?;
        let about = self.starts.then(|| comments::of(abi, &wanted));
        Ok(about.unwrap_or_default() + &text)
    }

    /// The command alone, without what is found out for a launcher of ranks as it is given.
    ///
    /// # Errors
    ///
    /// As [`Emit::write`].
    pub fn alone(&self, abi: &Abi, call: &Call, mpi: Mpi) -> Result<String, EmitError> {
        let mut wanted = Wanted::asked(abi, call, mpi)?;
        wanted.once = Some("alone".to_owned());
        self.render(&wanted).map_err(EmitError::Image)
    }

    pub(crate) fn render(&self, wanted: &Wanted<'_>) -> Result<String, String> {
        let mut paths = wanted
            .binds
            .iter()
            .flat_map(|bind| [&bind.host, &bind.image]);
        match paths.find(|path| path.contains(self.separators)) {
            Some(path) => Err(format!(
                "{} cannot bind {path}, for what is in its name: --host-lib with a copy elsewhere",
                self.name
            )),
            None => (self.write)(wanted),
        }
    }
}

/// A command over several lines.
fn command(first: &str, options: Vec<String>, last: &str) -> String {
    let mut lines = vec![first.to_owned()];
    lines.extend(options);
    lines.push(last.to_owned());
    lines.join(" \\\n  ") + "\n"
}

/// What is bound beside the libraries of the image, with its name there, and what over them.
pub(crate) fn parted(binds: &[Bind]) -> (Vec<(&str, &Bind)>, Vec<&Bind>) {
    let mut beside = Vec::new();
    let mut over = Vec::new();
    for bind in binds {
        match bind.image.strip_prefix(PLACE) {
            Some(name) => beside.push((name.trim_start_matches('/'), bind)),
            None => over.push(bind),
        }
    }
    (beside, over)
}
