//! What a writer is given, and what can go wrong while it writes.

use std::io;

use hpcctl_model::Envelope;
use hpcctl_model::abi::Abi;
use hpcctl_model::bench::Bench;
use hpcctl_model::doctor::{Doctor, Listed};
use hpcctl_model::fleet::Fleet;
use hpcctl_model::gate::Gate;
use hpcctl_model::license::{Difference, Identified, Licensed};
use hpcctl_model::lint::Lints;
use hpcctl_model::matched::Match;
use hpcctl_model::nightly::Nightly;
use hpcctl_model::publish::{Publish, Verify};
use hpcctl_model::scan::Scan;
use hpcctl_model::stage::Stage;
use hpcctl_model::why::Why;

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What a node can do.
    Doctor,
    /// What is checked.
    Checks,
    /// What is in an image.
    Scan,
    /// Which licences files bear.
    License,
    /// What is known of licences.
    Licenses,
    /// What differs from the text of a licence.
    LicenseDiff,
    /// What a file will do on a node.
    Lint,
    /// On what a command broke.
    Why,
    /// Whether an image may be published.
    Gate,
    /// An image that was published.
    Publish,
    /// Whether what is published matches a decision.
    Verify,
    /// Where an image lies for many nodes.
    Stage,
    /// Which libraries of the host work in an image.
    Abi,
    /// What a container costs.
    Bench,
    /// Many nodes, folded.
    Fleet,
    /// On which nodes an image runs.
    Match,
    /// What changed since last night.
    Nightly,
}

/// A report to be written.
#[derive(Debug, Clone, Copy)]
pub enum Report<'a> {
    /// What a node can do.
    Doctor(&'a Envelope<Doctor>),
    /// What is checked.
    Checks(&'a Envelope<Vec<Listed>>),
    /// What is in an image.
    Scan(&'a Envelope<Scan>),
    /// Which licences files bear.
    License(&'a Envelope<Vec<Identified>>),
    /// What is known of licences.
    Licenses(&'a Envelope<Vec<Licensed>>),
    /// What differs from the text of a licence.
    LicenseDiff(&'a Envelope<Difference>),
    /// What a file will do on a node.
    Lint(&'a Envelope<Lints>),
    /// On what a command broke.
    Why(&'a Envelope<Why>),
    /// Whether an image may be published.
    Gate(&'a Envelope<Gate>),
    /// An image that was published.
    Publish(&'a Envelope<Publish>),
    /// Whether what is published matches a decision.
    Verify(&'a Envelope<Verify>),
    /// Where an image lies for many nodes.
    Stage(&'a Envelope<Stage>),
    /// Which libraries of the host work in an image.
    Abi(&'a Envelope<Abi>),
    /// What a container costs.
    Bench(&'a Envelope<Bench>),
    /// Many nodes, folded.
    Fleet(&'a Envelope<Fleet>),
    /// On which nodes an image runs.
    Match(&'a Envelope<Match>),
    /// What changed since last night.
    Nightly(&'a Envelope<Nightly>),
}

impl<'a> Report<'a> {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Doctor(_) => Kind::Doctor,
            Self::Checks(_) => Kind::Checks,
            Self::Scan(_) => Kind::Scan,
            Self::License(_) => Kind::License,
            Self::Licenses(_) => Kind::Licenses,
            Self::LicenseDiff(_) => Kind::LicenseDiff,
            Self::Lint(_) => Kind::Lint,
            Self::Why(_) => Kind::Why,
            Self::Gate(_) => Kind::Gate,
            Self::Publish(_) => Kind::Publish,
            Self::Verify(_) => Kind::Verify,
            Self::Stage(_) => Kind::Stage,
            Self::Abi(_) => Kind::Abi,
            Self::Bench(_) => Kind::Bench,
            Self::Fleet(_) => Kind::Fleet,
            Self::Match(_) => Kind::Match,
            Self::Nightly(_) => Kind::Nightly,
        }
    }

    /// The report of a node.
    pub(crate) fn doctor(&self) -> Result<&'a Envelope<Doctor>, Error> {
        match self {
            Self::Doctor(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The checks that there are.
    pub(crate) fn checks(&self) -> Result<&'a Envelope<Vec<Listed>>, Error> {
        match self {
            Self::Checks(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of an image.
    pub(crate) fn scan(&self) -> Result<&'a Envelope<Scan>, Error> {
        match self {
            Self::Scan(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of a file that was linted.
    pub(crate) fn lint(&self) -> Result<&'a Envelope<Lints>, Error> {
        match self {
            Self::Lint(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of a command that failed.
    pub(crate) fn why(&self) -> Result<&'a Envelope<Why>, Error> {
        match self {
            Self::Why(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The decision on an image.
    pub(crate) fn gate(&self) -> Result<&'a Envelope<Gate>, Error> {
        match self {
            Self::Gate(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of licences.
    pub(crate) fn licenses(&self) -> Result<&'a Envelope<Vec<Licensed>>, Error> {
        match self {
            Self::Licenses(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// An image that was published.
    pub(crate) fn publish(&self) -> Result<&'a Envelope<Publish>, Error> {
        match self {
            Self::Publish(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// Whether what is published matches a decision.
    pub(crate) fn verify(&self) -> Result<&'a Envelope<Verify>, Error> {
        match self {
            Self::Verify(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of what differs.
    pub(crate) fn license_diff(&self) -> Result<&'a Envelope<Difference>, Error> {
        match self {
            Self::LicenseDiff(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of what a container costs.
    pub(crate) fn bench(&self) -> Result<&'a Envelope<Bench>, Error> {
        match self {
            Self::Bench(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of an image that was staged.
    pub(crate) fn stage(&self) -> Result<&'a Envelope<Stage>, Error> {
        match self {
            Self::Stage(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of libraries of the host.
    pub(crate) fn abi(&self) -> Result<&'a Envelope<Abi>, Error> {
        match self {
            Self::Abi(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of many nodes.
    pub(crate) fn fleet(&self) -> Result<&'a Envelope<Fleet>, Error> {
        match self {
            Self::Fleet(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// On which nodes an image runs.
    pub(crate) fn matched(&self) -> Result<&'a Envelope<Match>, Error> {
        match self {
            Self::Match(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// What changed since last night.
    pub(crate) fn nightly(&self) -> Result<&'a Envelope<Nightly>, Error> {
        match self {
            Self::Nightly(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }

    /// The report of files.
    pub(crate) fn license(&self) -> Result<&'a Envelope<Vec<Identified>>, Error> {
        match self {
            Self::License(report) => Ok(report),
            _ => Err(Error::Kind(self.kind())),
        }
    }
}

/// How a report is to look; formats for machines take no notice.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether every detail is wanted.
    pub verbose: bool,
    /// The columns that a line may take.
    pub width: u16,
    /// Whether colour may be used.
    pub color: bool,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The writer does not write this kind of report.
    #[error("the format does not fit a report of the kind {0:?}")]
    Kind(Kind),
    /// The bytes could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The report could not be turned into JSON.
    #[error("cannot form JSON")]
    Json(#[from] serde_json::Error),
    /// The report could not be turned into CycloneDX.
    #[error("cannot form CycloneDX: {0}")]
    CycloneDx(String),
}
