//! What `hpcctl scan` reports: an image, what is in it, and whether it may be published.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// The files that bear a licence, and licence files in which none was recognised, sorted by path.
    pub files: Vec<File>,
    /// The regular files that no package owns and no package database is made of, sorted by path.
    pub unowned: Vec<UnownedFile>,
    /// What no image should hold, such as keys, in whichever layer, sorted by path.
    #[serde(default)]
    pub sensitive: Vec<Sensitive>,
    /// The files that give whoever runs or opens them more rights, in whichever layer, sorted by path.
    #[serde(default)]
    pub privileged: Vec<Privileged>,
    /// The files whose holder restricts who may pass them on, in whichever layer, sorted by path.
    #[serde(default)]
    pub restricted: Vec<Restricted>,
    /// What a later layer removed and whose licence counts all the same, sorted by path.
    #[serde(default)]
    pub removed: Vec<Removed>,
    /// The packages that declare other licences than their texts bear, sorted by purl.
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
    /// The texts of licence files that no list has, and of NOTICE files, by the SHA-256 digests of the
    /// files in hex: at most 128 KiB of one, and 4 MiB of a layer and of all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// How much it is.
    #[serde(default)]
    pub totals: Totals,
    /// Whether it may be published.
    pub verdict: Verdict,
}

/// What was not looked at because that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// The catalogers that did not run.
    pub catalogers: Vec<String>,
    /// The purl types whose packages were not taken from catalogers that ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
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
        self.catalogers.is_empty() && self.types.is_empty() && self.paths.is_empty()
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
    /// The platform that it is for (`OS/ARCHITECTURE[/VARIANT]`), where its documents say so.
    #[serde(default)]
    pub platform: Option<String>,
    /// The other platforms, or digests, of the index that it was chosen from: they were not looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_platforms: Vec<String>,
    /// Who supplies the image, where whoever had it scanned said so.
    pub supplier: Option<String>,
    /// The layers, lowest first; one for a directory.
    pub layers: Vec<Layer>,
    /// What else the image holds, such as a signature that was not verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
    /// The labels of its configuration (OCI: `config.Labels`).
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// When its configuration says that it was made (RFC 3339).
    #[serde(default)]
    pub created: Option<String>,
    /// The user that its processes run as, where its configuration says so.
    #[serde(default)]
    pub user: Option<String>,
}

impl Image {
    /// Whether it is the machine that was scanned, which nobody publishes.
    pub fn is_host(&self) -> bool {
        self.reference == "dir:/"
    }
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Layer {
    /// The digest of the layer as stored (compressed or not), or null for a directory.
    pub digest: Option<String>,
    /// The digest of the plain tar, or null for a directory. A quick scan takes it as the image's
    /// configuration says where the digest of the stored bytes holds.
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
    /// The absolute paths of its licence files, sorted; in some of them nothing may have been recognised.
    pub license_files: Vec<String>,
    /// The absolute paths of the READMEs beside them that have copyright statements, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readmes: Vec<String>,
    /// The cataloger that found it.
    pub found_by: String,
    /// Who supplies it, where the package says so.
    pub supplier: Option<String>,
    /// The name and version of the source package, where it differs.
    pub source: Option<String>,
    /// How many files of the image belong to it, directories not counted.
    pub files: u64,
    /// The absolute paths of these files, sorted, where they were asked for (`--files`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owned_files: Vec<String>,
    /// The purl of the package that brought this one as part of its files: one of the
    /// distribution, of a manager of software trees (such as conda or Spack), or one of a
    /// language that bundles libraries and programs.
    pub owned_by: Option<String>,
    /// The purls of the packages of this image that it needs, sorted.
    pub depends: Vec<String>,
    /// Whether it counts for the verdict itself: not where the terms of what brought it cover it,
    /// or where only a lock file names it.
    #[serde(default = "yes")]
    pub judged: bool,
}

impl Package {
    /// The name, with the version where one is known.
    pub fn titled(&self) -> String {
        match self.version.as_str() {
            "" => self.name.clone(),
            version => format!("{} {version}", self.name),
        }
    }
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

/// A package whose metadata and texts name licences that disagree; both have to be met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conflict {
    /// The package URL.
    pub package: String,
    /// What the package's metadata say.
    pub declared: String,
    /// What the texts of its licence files say.
    pub detected: String,
    /// The absolute paths of the files that bear its licences, sorted.
    pub files: Vec<String>,
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
    pub layer: Option<Arc<str>>,
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

    /// Whether it may be data: what is no program, nor a part of one.
    pub fn is_data(self) -> bool {
        matches!(self, Self::Data | Self::Text | Self::Archive)
    }
}

/// The [`Sensitive::rule`] of an archive that was not looked into as a whole: nothing was seen in it.
pub const UNREAD: &str = "secret.archive";

/// Something that no image should hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Sensitive {
    /// The absolute path in the image, `config:env/NAME`, `history:N`, or `manifest:`, `index:` or
    /// `config:` with the JSON Pointer of a string.
    pub path: String,
    /// Where the same stands besides, such as `history:3`.
    #[serde(default)]
    pub also: Vec<String>,
    /// The digest of the layer that holds it, or null for a directory and the configuration.
    pub layer: Option<String>,
    /// What it is, such as `secret.munge-key`.
    pub rule: String,
    /// The line of a text, from 1.
    pub line: Option<u64>,
    /// One sentence that does not show the secret.
    pub text: String,
    /// Whether it may well be an example, such as a key among the tests of a package.
    pub doubtful: bool,
    /// Whether a later layer deletes or replaces the file, which ships all the same.
    pub deleted: bool,
}

/// A file that gives whoever runs or opens it more rights.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Privileged {
    /// The absolute path in the image.
    pub path: String,
    /// The digest of the layer that holds it, or null for a directory.
    pub layer: Option<String>,
    /// Which rights.
    pub kind: PrivilegeKind,
    /// The permission bits in octal, such as `4755`.
    pub mode: String,
    /// More about it, such as the numbers of a device or the names of capabilities.
    pub detail: Option<String>,
    /// The SHA-256 digest of the content in hex, where it has content.
    pub sha256: Option<String>,
    /// Whether a later layer deletes or replaces the file.
    pub deleted: bool,
}

/// Which rights a file gives.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PrivilegeKind {
    /// It runs as its owner.
    Setuid,
    /// It runs with its group.
    Setgid,
    /// It runs with capabilities (capabilities(7)).
    Capabilities,
    /// It is a device.
    Device,
    /// Everybody may put programs into this directory of PATH, or change this file.
    WorldWritable,
}

impl PrivilegeKind {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Setuid => "setuid",
            Self::Setgid => "setgid",
            Self::Capabilities => "capabilities",
            Self::Device => "device",
            Self::WorldWritable => "world-writable",
        }
    }
}

/// A file whose holder restricts who may pass it on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Restricted {
    /// The absolute path in the image.
    pub path: String,
    /// The digest of the layer that holds it, or null for a directory.
    pub layer: Option<String>,
    /// The row of the terms, such as `nvidia-driver`.
    pub terms: String,
    /// Whether it may be passed on.
    pub state: Redistribution,
    /// What the row was matched by: `path`, `soname`, `build-id` or `package`.
    pub matched_by: String,
    /// What matched, such as the SONAME or the purl.
    pub detail: String,
    /// Who holds the rights, and what the terms ask, in a sentence or two.
    pub text: String,
    /// Where the terms stand, with their version or date.
    pub source: String,
    /// Whether a later layer deletes or replaces the file, which ships all the same.
    pub deleted: bool,
    /// The purl of the package that it belongs to, where it is one.
    #[serde(default)]
    pub package: Option<String>,
}

/// Something that a later layer removed, and that ships in its layer all the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// The absolute path in the image, of a package that of the file that tells of it.
    pub path: String,
    /// The digest of the layer that holds it.
    pub layer: Option<String>,
    /// What it is.
    pub kind: RemovedKind,
    /// The name, the version and the type of a package.
    pub package: Option<String>,
    /// The licences as an SPDX expression, where they are known.
    pub licenses: Option<String>,
    /// The size of a file of data.
    #[serde(default)]
    pub bytes: Option<u64>,
}

/// What a later layer removed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RemovedKind {
    /// A package of which no version is there any more.
    Package,
    /// A file that bears a licence and belonged to no package.
    Licensed,
    /// A program that belonged to no package.
    Program,
    /// A library that belonged to no package.
    Library,
    /// A large file of data that belonged to no package.
    Data,
}

impl RemovedKind {
    /// The words used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Licensed => "file with a licence",
            Self::Program => "program",
            Self::Library => "library",
            Self::Data => "data",
        }
    }
}

/// Whether a file may be passed on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Redistribution {
    /// Yes.
    Yes,
    /// Yes, on conditions.
    Conditional,
    /// The site has to decide, since its own agreement with the holder counts.
    NeedsDecision,
    /// No.
    No,
}

impl Redistribution {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Conditional => "conditional",
            Self::NeedsDecision => "needs-decision",
            Self::No => "no",
        }
    }
}

/// How much an image is, when its layers are merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// The bytes of the regular files.
    pub bytes: u64,
    /// The regular files.
    pub files: u64,
    /// All names: files, directories, links, devices; about the inodes that unpacking takes.
    pub names: u64,
}

/// A file that bears a licence, or a licence file in which none was recognised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// The absolute path in the image.
    pub path: String,
    /// The digest of the layer that brought it, or null for a directory.
    pub layer: Option<String>,
    /// The licences as an SPDX expression; null where none was recognised.
    pub licenses: Option<String>,
    /// Whether it counts for the verdict itself, since no package covers it.
    #[serde(default = "yes")]
    pub judged: bool,
    /// The SHA-256 digest of its content in hex, where it is a licence file.
    #[serde(default)]
    pub sha256: Option<String>,
    /// The copyright statements in it, where it is a licence file or a README; at most a thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copyrights: Vec<String>,
    /// The licences of which it has the whole text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
}

/// What a report that does not say counts as: everything is judged.
fn yes() -> bool {
    true
}

/// Whether an image may be published; of a host, whether what is on it may go into one that is.
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
    /// What whoever publishes it, or an image with it, must do.
    pub obligations: Vec<Obligation>,
    /// Of choices of licences the branches that count, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

/// Which branch of a choice of licences counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// The SPDX expression with the choice.
    pub license: String,
    /// The expression without the branches that were not chosen.
    pub chosen: String,
    /// The purls and paths that bear it, sorted.
    pub subjects: Vec<String>,
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
