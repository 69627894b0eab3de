//! What `hpcctl scan` reports: an image, what is in it, and whether it may be published.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of `hpcctl scan`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// What was scanned.
    pub image: Image,
    /// False when something could not be read; `unknowns` says what.
    pub complete: bool,
    /// What was not looked at because that was asked for.
    #[serde(default)]
    pub left_out: LeftOut,
    /// The packages, sorted by type, name, version.
    pub packages: Vec<Package>,
    /// The files that bear a licence, sorted by path.
    pub files: Vec<File>,
    /// The regular files that no package owns and no package database is made of, sorted by path.
    pub unowned: Vec<UnownedFile>,
    /// Whether it may be published.
    pub verdict: Verdict,
}

/// What was not looked at because that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// The catalogers that did not run.
    pub catalogers: Vec<String>,
    /// The globs of paths that were passed over, with all that is below them.
    pub paths: Vec<String>,
}

impl Scan {
    /// Whether everything was asked for and could be read, so that nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.complete && self.left_out.is_empty()
    }
}

impl LeftOut {
    /// Whether everything was looked at.
    pub fn is_empty(&self) -> bool {
        self.catalogers.is_empty() && self.paths.is_empty()
    }
}

/// What was scanned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Image {
    /// The reference as given, with its transport.
    pub reference: String,
    /// The digest of the manifest (OCI), of the configuration (docker-archive), of the file (SIF,
    /// squashfs, ext, a tar of a root file system), or null (a directory); for a bill of materials
    /// what it says of its subject.
    pub digest: Option<String>,
    /// The format, such as `docker-archive`, or that of a bill of materials, such as `spdx-json`.
    pub format: String,
    /// Who supplies the image, where whoever had it scanned said so.
    pub supplier: Option<String>,
    /// The layers, lowest first; one for a directory.
    pub layers: Vec<Layer>,
    /// What else the image holds, such as a signature that was not verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Layer {
    /// The digest of the layer as stored (compressed or not), or null for a directory.
    pub digest: Option<String>,
    /// The digest of the plain tar, or null for a directory.
    pub diff_id: Option<String>,
    /// The media type that the bytes really have, such as `application/vnd.oci.image.layer.v1.tar+gzip`.
    pub media_type: String,
    /// The bytes as stored.
    pub size: u64,
    /// The instruction that made the layer, where the history tells.
    pub created_by: Option<String>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Package {
    /// The ecosystem's own full name.
    pub name: String,
    /// The version, empty when unknown.
    pub version: String,
    /// The purl type, such as `deb`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The package URL.
    pub purl: String,
    /// Its licences.
    pub licenses: Licenses,
    /// The files that are the evidence for it.
    pub locations: Vec<Location>,
    /// The absolute paths of the files that bear its licences, sorted.
    pub license_files: Vec<String>,
    /// The cataloger that found it.
    pub found_by: String,
    /// Who supplies it, where the package says so.
    pub supplier: Option<String>,
    /// The name and version of the source package, where it differs.
    pub source: Option<String>,
    /// How many files of the image belong to it, directories not counted.
    pub files: u64,
    /// The purl of the package that brought this one as part of its files: one of the
    /// distribution, of a manager of software trees (such as conda or Spack), or one of a
    /// language that bundles libraries and programs.
    pub owned_by: Option<String>,
    /// The purls of the packages of this image that it needs, sorted.
    pub depends: Vec<String>,
}

/// The licences of a package: SPDX expressions, or null where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Licenses {
    /// What the package's metadata say.
    pub declared: Option<String>,
    /// What the texts of its licence files say.
    pub detected: Option<String>,
    /// What we go by.
    pub concluded: Option<String>,
}

/// A file in a layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// The absolute path in the image.
    pub path: String,
    /// The digest of the layer that brought it, or null for a directory.
    pub layer: Option<String>,
    /// The instruction that made the layer, where the history tells.
    pub created_by: Option<String>,
}

/// A regular file that no package owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnownedFile {
    /// The absolute path in the image.
    pub path: String,
    /// The digest of the layer that brought it, or null for a directory.
    pub layer: Option<String>,
    /// The size in bytes.
    pub size: u64,
    /// What its content looks like.
    pub kind: ContentKind,
}

/// What the content of a file looks like, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContentKind {
    /// Nothing.
    Empty,
    /// An ELF program.
    Program,
    /// An ELF shared library.
    Library,
    /// Other ELF files: object files and core dumps.
    Object,
    /// A text that begins with `#!`.
    Script,
    /// An archive or a compressed file.
    Archive,
    /// Another text.
    Text,
    /// Anything else.
    Data,
}

impl ContentKind {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Program => "program",
            Self::Library => "library",
            Self::Object => "object",
            Self::Script => "script",
            Self::Archive => "archive",
            Self::Text => "text",
            Self::Data => "data",
        }
    }
}

/// A file that bears a licence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// The absolute path in the image.
    pub path: String,
    /// The digest of the layer that brought it, or null for a directory.
    pub layer: Option<String>,
    /// The licences as an SPDX expression.
    pub licenses: Option<String>,
}

/// Whether an image may be published.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Yes.
    Publishable,
    /// Yes, once the obligations are met.
    Conditional,
    /// Not known: something in it bears no known licence, or could not be read.
    Undetermined,
    /// No.
    Refused,
}

impl Outcome {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publishable => "publishable",
            Self::Conditional => "conditional",
            Self::Undetermined => "undetermined",
            Self::Refused => "refused",
        }
    }
}

/// The verdict on an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The outcome: the worst of the reasons.
    pub outcome: Outcome,
    /// What led to it, worst first.
    pub reasons: Vec<Reason>,
    /// What whoever publishes it must do.
    pub obligations: Vec<Obligation>,
}

/// One reason for a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The outcome that this reason alone leads to.
    pub outcome: Outcome,
    /// What it is about: a purl or a path.
    pub subject: String,
    /// The licence that decided, or null where none is known.
    pub license: Option<String>,
    /// One sentence.
    pub text: String,
}

/// One thing to do when publishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Obligation {
    /// The stable id, such as `source-offer`.
    pub id: String,
    /// What to do.
    pub text: String,
    /// The purls and paths that it applies to, sorted.
    pub subjects: Vec<String>,
}
