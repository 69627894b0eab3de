//! What `hpcctl doctor` reports: checks, and what each runtime can do.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::TriedImage;

/// The summary of a check that was not asked for; it is listed, and not made.
pub const NOT_ASKED: &str = "not asked for";

/// What a check says that was left out because it takes long.
pub const LEFT_OUT: &str = "left out by --fast";

/// The result of `hpcctl doctor`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Doctor {
    /// Every check, in the order of the table; none is left out.
    pub checks: Vec<Check>,
    /// Every runtime that was asked for, with its operations.
    pub runtimes: Vec<Runtime>,
    /// The image whose needs count, too; left out where none was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<TriedImage>,
    /// As whom all of it was tried; left out by earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
}

/// Who asked: root's answer is not that of users, nor that of one user the answer of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caller {
    /// The effective user id.
    pub uid: u32,
    /// The name in the user database, or the number where there is none.
    pub name: String,
}

/// The outcome of one check. The five never merge.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It works.
    Pass,
    /// It works less well than it could, or only in part.
    Warn,
    /// It does not work.
    Fail,
    /// It could not be found out.
    Unknown,
    /// It does not apply here.
    Skipped,
}

impl Status {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }
}

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The stable id, lower case and dotted, such as `ns.user`.
    pub id: String,
    /// The outcome.
    pub status: Status,
    /// One sentence: what was found and, where it failed, the cause.
    pub summary: String,
    /// What was tried or read, in order.
    pub evidence: Vec<Evidence>,
    /// What to do about it.
    pub remedy: Remedy,
    /// Manual pages, kernel documents and the like.
    pub refs: Vec<String>,
    /// How long the check took, in microseconds.
    pub took_us: u64,
}

/// One thing that was tried or read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Evidence {
    /// A system call and how it ended.
    Syscall {
        /// The call as one would write it, such as `unshare(CLONE_NEWUSER)`.
        call: String,
        /// The symbolic errno, or null when the call worked.
        errno: Option<String>,
    },
    /// A file and what it held.
    File {
        /// The path that was read.
        path: String,
        /// The value, shortened, or null when it could not be read.
        value: Option<String>,
        /// The symbolic errno, or null when it was read.
        errno: Option<String>,
    },
    /// A command and how it ended.
    Command {
        /// The command line.
        command: String,
        /// The exit status, or null when it was killed or never started.
        status: Option<i32>,
        /// What it printed, shortened.
        output: String,
    },
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syscall { call, errno: None } => write!(f, "{call} = ok"),
            Self::Syscall {
                call,
                errno: Some(errno),
            } => write!(f, "{call} = {errno}"),
            Self::File {
                path,
                value: Some(value),
                ..
            } => write!(f, "{path}: {value}"),
            Self::File { path, errno, .. } => {
                write!(f, "{path}: {}", errno.as_deref().unwrap_or("not read"))
            }
            Self::Command {
                command,
                status,
                output,
            } => {
                match status {
                    Some(status) => write!(f, "{command}: exit {status}")?,
                    None => write!(f, "{command}: did not finish")?,
                }
                if output.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": {output}")
                }
            }
        }
    }
}

/// What to do about a finding, by who can do it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    /// What the user can do without the admin, or null.
    pub user: Option<String>,
    /// What the admin can do, or null.
    pub admin: Option<String>,
}

/// A container runtime and what it can do on this node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Runtime {
    /// The name, such as `podman`.
    pub runtime: String,
    /// Whether it was found.
    pub installed: bool,
    /// Where it was found, or null.
    pub path: Option<String>,
    /// The version it prints, or null.
    pub version: Option<String>,
    /// The operations that were asked for.
    pub operations: Vec<Operation>,
}

/// Whether an operation works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It works.
    Yes,
    /// It works, with the loss that `because` names.
    Degraded,
    /// It does not work.
    No,
    /// It could not be found out; `because` names what was not known.
    Unknown,
}

impl Verdict {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Degraded => "degraded",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// One operation of one runtime, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// The operation, such as `run`.
    pub op: String,
    /// Whether it works.
    pub verdict: Verdict,
    /// Whether the rule behind the verdict was ever tried against the real runtime.
    pub tried: bool,
    /// The ids of the checks that decided; empty when the verdict is yes.
    pub because: Vec<String>,
    /// The smallest sets of changes that would make it work, cheapest first.
    pub fix: Vec<Vec<Step>>,
    /// The verdict on an image that does not meet a check of images, where it is another. Absent
    /// where `--image` named the image that was judged, and where hpcctl was older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<Vec<Unmet>>,
}

/// A user id and a group id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Ids {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

impl Ids {
    /// Whether neither is higher than the other's.
    pub fn is_within(self, most: Self) -> bool {
        self.uid <= most.uid && self.gid <= most.gid
    }
}

/// The verdict on an image that does not meet a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unmet {
    /// The check, such as `image.ids`.
    pub unmet: String,
    /// The highest ids of an image that meets the check here, where it is one of ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Ids>,
    /// Whether the operation works.
    pub verdict: Verdict,
    /// The ids of the checks that decided.
    pub because: Vec<String>,
    /// The smallest sets of changes that would make it work, cheapest first.
    pub fix: Vec<Vec<Step>>,
}

/// A check as it is listed, with its manual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// The id.
    pub id: String,
    /// A short title in plain words.
    pub title: String,
    /// What is checked.
    pub what: String,
    /// Why it matters on a cluster.
    pub why: String,
    /// How it is found out: the calls made and the files read.
    pub how: String,
    /// What the user can do without the admin; null where nothing.
    pub user: Option<String>,
    /// What the admin can do; null where nothing.
    pub admin: Option<String>,
    /// Manual pages, kernel documents and the like.
    pub refs: Vec<String>,
}

/// One step of a fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Who can do it.
    pub who: Who,
    /// What it takes.
    pub cost: Cost,
    /// What to do, in words.
    pub text: String,
    /// The command that does it, or null where there is none.
    pub command: Option<String>,
}

/// Who can take a step.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The user, without privileges.
    User,
    /// The administrator.
    Admin,
}

impl Who {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// What a step takes, cheapest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// An option on the command line or a variable in the environment.
    User,
    /// A file in the user's home.
    UserConfig,
    /// A sysctl, a mode, a line in a file under /etc.
    AdminSysctl,
    /// A package to install.
    AdminPackage,
    /// A new kernel or a boot parameter.
    Reboot,
}
