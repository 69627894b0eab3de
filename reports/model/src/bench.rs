//! What `hpcctl bench` reports: what a container costs, inside against outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::TriedImage;

/// The result of `hpcctl bench`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bench {
    /// What was asked for.
    pub plan: Plan,
    /// The image, where inside was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<TriedImage>,
    /// What surrounds a program inside otherwise than outside.
    pub differences: Vec<Difference>,
    /// The MPI of either side, where that was measured.
    #[serde(default)]
    pub mpi: Option<Mpi>,
    /// The libfabric of either side, where that was measured.
    #[serde(default)]
    pub fabric: Option<Fabric>,
    /// Each measurement, inside against outside.
    pub comparisons: Vec<Comparison>,
    /// Why what differs differs, where that was asked.
    #[serde(default)]
    pub why: Vec<Why>,
    /// What changed since an earlier run, where that was asked.
    #[serde(default)]
    pub compared: Option<Compared>,
    /// What makes the whole run doubtful, in plain words.
    pub doubts: Vec<String>,
}

/// What does not compare the runtime, or always costs.
const NOT_COUNTED: [&str; 4] = ["launch.", "overlay.", "mounts.", "fabric.sockets."];

/// Whether a verdict on a measurement counts.
pub fn counts(metric: &str) -> bool {
    !NOT_COUNTED.iter().any(|start| metric.starts_with(start))
}

/// What changed since an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// The report of the earlier run, as it was named.
    pub file: String,
    /// When that run began (RFC 3339, UTC).
    pub started_at: String,
    /// The node that it ran on.
    pub host: String,
    /// The runtime that inside was, and its network.
    pub runtime: String,
    /// Every figure that both runs have.
    pub changes: Vec<Change>,
}

/// What a container costs now, by what it cost then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The measurement.
    pub metric: String,
    /// Inside by outside then.
    pub then: Ratio,
    /// Inside by outside now.
    pub now: Ratio,
    /// The one by the other.
    pub ratio: Ratio,
    /// Outside now by then: what the node itself became.
    pub outside: Ratio,
    /// What was found: slower is a container that costs more than it did.
    pub verdict: Verdict,
}

/// Why a measurement differs inside, found by adding one factor of the container at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The measurement.
    pub metric: String,
    /// What was found of it.
    pub verdict: Verdict,
    /// With one factor more each, outside against that.
    pub rungs: Vec<Rung>,
    /// The factor with which the verdict is that of the container; null where no factor brings it.
    pub cause: Option<String>,
    /// How much of what inside costs there is once the builtin launcher has added all factors, on a scale of
    /// logarithms from 0 to 1: less than all of it, and something else costs the rest.
    #[serde(default)]
    pub share: Option<f64>,
    /// With every factor but that one.
    pub without: Option<Rung>,
    /// Whether the figure came back without it.
    pub confirmed: bool,
    /// What to do about it.
    pub fix: Option<String>,
}

/// A container built with some of its factors, against outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rung {
    /// The factor that was added last, or the one that was left out.
    pub factor: String,
    /// Inside by outside.
    pub ratio: Ratio,
    /// What was found.
    pub verdict: Verdict,
}

/// What a run was asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The subjects, such as `net`.
    pub subjects: Vec<String>,
    /// The runtime that inside is.
    pub runtime: String,
    /// The network inside, such as `host`.
    pub network: String,
    /// The image; null where it is the host's own tree, or an empty one with the host's C library.
    pub image: Option<String>,
    /// The other node to which the network was measured.
    #[serde(default)]
    pub peer: Option<String>,
    /// Whose launcher and library the ranks of an MPI inside had, where that was measured:
    /// container-only, host-launcher (and the library of the container) or host-library (and the launcher).
    #[serde(default)]
    pub mpi: Option<String>,
    /// Whether a small program that any C library starts measured them, which hpcctl itself does where it runs with both.
    #[serde(default)]
    pub bare: bool,
    /// The cost that does not matter, as a share: 0.02 is 2 %.
    pub margin: f64,
    /// The seed of every order that is random.
    pub seed: u64,
    /// The seconds that the run may take.
    pub budget_s: f64,
    /// How many pairs were planned once the noise was known.
    pub pairs: usize,
    /// How many pairs of outside against outside came first.
    pub trial_pairs: usize,
    /// A delay that was planted inside, as a share; 0 but for a self-test.
    pub planted: f64,
}

/// Something that is not the same inside and outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// What it is, such as `namespace net` or `Seccomp`.
    pub what: String,
    /// What it is outside.
    pub outside: String,
    /// What it is inside.
    pub inside: String,
}

impl Difference {
    /// What a side is said to have that has nothing of it.
    pub const ABSENT: &str = "not there";

    /// Whether inside has it.
    pub fn is_inside(&self) -> bool {
        self.inside != Self::ABSENT
    }
}

/// The MPI of either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mpi {
    /// Outside.
    pub outside: MpiLibrary,
    /// Inside.
    pub inside: MpiLibrary,
}

/// A library of MPI that ranks used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MpiLibrary {
    /// The first line of what it calls itself, and the path by which it was opened.
    pub says: String,
    /// The file that it is, without links, where it was used; null where that is not known.
    #[serde(default)]
    pub file: Option<String>,
    /// The digest of that file, `sha256:…`; null where it could not be read.
    #[serde(default)]
    pub digest: Option<String>,
}

/// The libfabric of either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fabric {
    /// Outside; null where there is none.
    pub outside: Option<FabricLibrary>,
    /// Inside; null where there is none.
    pub inside: Option<FabricLibrary>,
}

/// A libfabric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FabricLibrary {
    /// The version of its interface, such as `1.17`.
    pub version: String,
    /// The file that it is, without links; null where that is not known.
    pub file: Option<String>,
    /// The providers that have messages matched by a tag, as the library ranks them.
    pub providers: Vec<FabricProvider>,
}

/// A provider of libfabric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FabricProvider {
    /// The name, with its layers, such as `tcp;ofi_rxm`.
    pub name: String,
    /// Its version, in the library's own numbering.
    pub version: String,
    /// The networks that it reaches, the first of which was used; eight at most.
    pub networks: Vec<String>,
}

/// Whether more or less of a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// A time: less is better.
    Less,
    /// A rate: more is better.
    More,
}

/// What was found of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The difference lies within the margin.
    Equivalent,
    /// Inside costs more than the margin.
    Slower,
    /// Inside costs less by more than the margin.
    Faster,
    /// These pairs cannot tell.
    Inconclusive,
}

impl Verdict {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// One measurement, inside against outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The name, such as `net.tcp.latency`.
    pub metric: String,
    /// What is measured, in words.
    pub what: String,
    /// The unit of the figures.
    pub unit: String,
    /// Whether more or less is better.
    pub better: Better,
    /// Outside.
    pub outside: Figures,
    /// Inside.
    pub inside: Figures,
    /// Inside by outside, of the figures as they are.
    pub ratio: Ratio,
    /// Outside by outside, of the pairs that came first: 1 but for noise.
    pub null: Option<Ratio>,
    /// What was found.
    pub verdict: Verdict,
    /// What slow-down could be found.
    pub detectable: Detectable,
    /// What makes this doubtful, in plain words.
    pub doubts: Vec<String>,
    /// Every pair, in the order in which they were measured.
    pub samples: Vec<Sample>,
}

/// The figures of one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// How many.
    pub n: usize,
    /// The median.
    pub median: f64,
    /// An interval that holds the median with 95 % confidence.
    pub ci: [f64; 2],
}

/// A ratio with its 90 % interval, which drift and spikes that meet both sides do not move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ratio {
    /// The estimate, from the ratios of the pairs (Hodges and Lehmann).
    pub estimate: f64,
    /// The lower end.
    pub ci_low: f64,
    /// The upper end.
    pub ci_high: f64,
}

/// The smallest slow-down that would be called one in nineteen of twenty runs, as a share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detectable {
    /// As stated before the run, from the pairs of outside against outside.
    pub stated: f64,
    /// As the run itself turned out.
    pub found: f64,
    /// Whether the run was as good as stated, give or take a quarter.
    pub reached: bool,
}

/// One pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// The figure outside.
    pub outside: f64,
    /// The figure inside.
    pub inside: f64,
    /// Whether outside was measured first.
    pub outside_first: bool,
    /// Seconds from the begin of the run.
    pub at_s: f64,
}
