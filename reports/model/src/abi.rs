//! What `hpcctl abi` reports: which libraries of the host work when they are bound into an image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bench::{Ratio, Verdict};

/// The result of `hpcctl abi`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Abi {
    /// The image.
    pub image: AbiImage,
    /// Its programs that use MPI, a fabric or a GPU.
    pub programs: Vec<Program>,
    /// Programs that use such a library, too, and were not asked for, so that nothing is said of them.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Whether all was read that may change what is said of the programs.
    #[serde(default)]
    pub complete: bool,
    /// The libraries of the host that were looked at.
    pub host: Vec<HostLibrary>,
    /// What can be bound, each with its verdict.
    pub bindings: Vec<Binding>,
    /// Device files of networks that the host has, where programs use MPI or a fabric.
    #[serde(default)]
    pub devices: Vec<String>,
    /// What the GPUs of the host need in a container beside their libraries, where programs use one.
    #[serde(default)]
    pub gpus: Vec<Gpu>,
    /// The ways to use MPI with it, of each library of MPI that programs need, each with its verdict;
    /// none where no program uses MPI.
    #[serde(default)]
    pub ways: Vec<Way>,
    /// Variables of the host that have to cross into the container, and those that must not.
    #[serde(default)]
    pub environment: Vec<Variable>,
    /// What a container that was really started had loaded; null where that was not asked for.
    #[serde(default)]
    pub proof: Option<Proof>,
}

impl Abi {
    /// The best of what stands for a name that a program needs; none where no library of the host
    /// does.
    pub fn best(&self, program: &str, soname: &str) -> Option<&Binding> {
        let own = |row: &&Binding| {
            row.soname == soname && row.programs.iter().any(|path| path == program)
        };
        self.bindings
            .iter()
            .filter(own)
            .min_by_key(|row| row.verdict)
    }
}

/// A way to use MPI with an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    /// `host-library` (the host's takes the place of the image's), `host-launcher` (a launcher of
    /// the host starts containers that use the image's), or `container-only`.
    pub way: String,
    /// The library that programs need and that it is of, such as `libmpi.so.40`; null where MPI is a
    /// part of the program.
    #[serde(default)]
    pub soname: Option<String>,
    /// Whether it can work here.
    pub verdict: AbiVerdict,
    /// By which launchers, each with the protocol that both sides speak.
    pub launchers: Vec<Launcher>,
    /// Why not, or what is lost.
    pub because: Vec<String>,
    /// What `hpcctl bench mpi` found of it, of each report that was given.
    #[serde(default)]
    pub measured: Vec<Measured>,
}

/// A report of `hpcctl bench mpi` whose ranks used the library of a way inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// The file of the report.
    pub file: String,
    /// When that run began (RFC 3339, UTC).
    pub started_at: String,
    /// The node that it ran on.
    pub node: String,
    /// The runtime that inside was, and its network.
    pub runtime: String,
    /// The library inside, by what it calls itself.
    pub inside: String,
    /// The library outside.
    pub outside: String,
    /// Its figures, inside by outside.
    pub figures: Vec<MeasuredFigure>,
}

/// A figure of such a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredFigure {
    /// The measurement, such as `mpi.latency.8B`.
    pub metric: String,
    /// Inside by outside.
    pub ratio: Ratio,
    /// What was found.
    pub verdict: Verdict,
}

/// What starts the ranks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Launcher {
    /// Its path.
    pub path: String,
    /// What it is, such as `Slurm` or `Hydra`.
    pub kind: String,
    /// The protocol: `PMI-1`, `PMI-2` or `PMIx`.
    pub protocol: String,
    /// How it is told to use that, such as `--mpi=pmi2`; null where nothing has to be told.
    pub option: Option<String>,
}

/// Variables of the host by a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Variable {
    /// The name, or its beginning and a star.
    pub pattern: String,
    /// Whether they have to cross; they must not where this is false.
    pub crosses: bool,
    /// What for, or why not.
    pub why: String,
    /// Where that is said, and when that was read.
    pub source: String,
}

/// What a container had loaded for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// The runtime that made it.
    pub runtime: String,
    /// The program, which was ended before it ran.
    pub program: String,
    /// Whether the host's libraries are in use.
    pub outcome: ProofOutcome,
    /// The libraries of MPI, of a fabric or of a GPU that were loaded.
    pub loaded: Vec<InUse>,
    /// Why it is not proved, each reason.
    pub because: Vec<String>,
}

/// How a proof ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProofOutcome {
    /// What was bound is what was loaded.
    Proved,
    /// It is not.
    Disproved,
    /// No such container could be started.
    Unknown,
}

impl ProofOutcome {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Disproved => "disproved",
            Self::Unknown => "unknown",
        }
    }
}

/// A library that was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InUse {
    /// Its name.
    pub soname: String,
    /// Its path in the container.
    pub path: String,
    /// The file of the host that it is; null where it is the image's own.
    pub host_path: Option<String>,
}

/// The image, as its loader sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AbiImage {
    /// The reference, with its transport.
    pub reference: String,
    /// Its digest; null where it has none.
    pub digest: Option<String>,
    /// Its C library and the newest version that defines; null where it has none.
    pub libc: Option<String>,
    /// The machine that its programs are for, as uname(2) names it; null where it has none.
    pub machine: Option<String>,
    /// A directory of it that is empty, over which something can be bound; null where none is.
    #[serde(default)]
    pub empty: Option<String>,
}

/// A program, or a library that programs load as they run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// Its path in the image.
    pub path: String,
    /// The names of the libraries that can be replaced, such as `libmpi.so.12`.
    pub needs: Vec<String>,
    /// Whether MPI is a part of it, so that nothing can be replaced.
    pub static_mpi: bool,
    /// Whether it is no program, but something that programs load as they run, such as a module of
    /// Python.
    #[serde(default)]
    pub module: bool,
    /// Names of such libraries that it may open as it runs, dlopen(3): whether those of the host work is
    /// not known.
    #[serde(default)]
    pub opens: Vec<String>,
    /// Those of the names that it needs of which the image has a library where the loader looks.
    #[serde(default)]
    pub own: Vec<String>,
}

/// A library of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostLibrary {
    /// Its path.
    pub path: String,
    /// The name by which programs ask for it.
    pub soname: String,
    /// The family, such as `MPICH ABI`.
    pub family: String,
    /// The newest version of the C library that it needs, such as `GLIBC_2.34`; null where none.
    pub libc: Option<String>,
}

/// What the GPUs of a maker need in a container beside their libraries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gpu {
    /// `NVIDIA`, `AMD` or `Intel`.
    pub vendor: String,
    /// Their device files; none where the host has the libraries alone.
    pub devices: Vec<String>,
    /// The name by which a specification of CDI hands over all of them, with the libraries that were
    /// judged; null where there is none, or it is of another driver.
    pub cdi: Option<String>,
}

/// How a binding ends.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum AbiVerdict {
    /// It loads, and all that is asked for is there.
    Works,
    /// It loads, but something of the host is not used, or may break.
    Degraded,
    /// Not all of it could be read.
    Unknown,
    /// It does not load, or lacks what the program calls.
    Fails,
}

impl AbiVerdict {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Fails => "fails",
        }
    }
}

/// A library of the host in the place of one that programs need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binding {
    /// The name that the host's library has itself.
    pub library: String,
    /// The name that the programs need.
    pub soname: String,
    /// The file of the host.
    pub host_path: String,
    /// The file of the image that it replaces; null where the image has none.
    pub image_path: Option<String>,
    /// The family of the host's library.
    pub family: String,
    /// Whether it works.
    pub verdict: AbiVerdict,
    /// Every reason why not.
    pub because: Vec<Reason>,
    /// What to do where it does not work, the cheapest first.
    pub fix: Vec<String>,
    /// The programs of which this is true; others have a row of their own.
    pub programs: Vec<String>,
    /// What is bound so that it is used, all of it.
    pub binds: Vec<Bind>,
    /// Variables to be set in the container for it, `NAME=VALUE`.
    pub environment: Vec<String>,
}

/// Why a binding does not work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The rule: `family`, `machine`, `libc`, `missing`, `version`, `symbol`, `static`, `fabric`,
    /// `part` (it is loaded as the program runs), `driver` (older than the image's toolkit), `path`
    /// (where the loader does not look), `together` (only as it is bound with another) or `unread`.
    pub rule: String,
    /// What is wrong, in a sentence.
    pub text: String,
}

/// A file or directory of the host at a place of the container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Bind {
    /// The path on the host, without links.
    pub host: String,
    /// The path in the container.
    pub image: String,
    /// Whether the image has nothing there, so that the place for it has to be made.
    #[serde(default)]
    pub is_new: bool,
}
