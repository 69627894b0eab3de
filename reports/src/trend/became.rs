//! What became of one finding of a node or an image since it was looked at before.

use hpcctl_model::doctor::Status;

use super::said::weight;
use super::subject::Subject;
use super::usual::Usual;

/// What a finding is told under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is worse, or stays although it used to come and go.
    New,
    /// It passes.
    Fixed,
    /// It is better, and does not pass.
    Eased,
    /// It changed again, as it did often.
    Flapping,
    /// It is as it was, or was looked at for the first time.
    Still,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy)]
pub struct Became {
    pub change: Change,
    pub is: Status,
    /// The outcome before, where one is known.
    pub was: Option<Status>,
    /// Of which of the times that the subject reported its text is told.
    pub told: usize,
    /// Whether it was looked at for the first time, and is not known to be worse.
    pub first: bool,
}

impl Became {
    /// What became of a finding; none where it was not looked at this night. Nothing is held against a
    /// first night.
    pub fn of(subject: &Subject<'_>, id: &str, is_first: bool, usual: &Usual) -> Option<Self> {
        let is = subject.status(0, id)?;
        let before = subject.before(id);
        let mut was = before.map(|(_, status)| status);
        let then = before.map_or(0, |(then, _)| then);
        // A runtime that is there again is no worse, whatever is known of it.
        let is_back = before.is_some() && subject.is_back(id, then);
        let is_worse = weight(is) > was.map_or(0, weight) || is == Status::Unknown && !is_back;
        // Where it was never looked at, and its peers had it before, it is as it was.
        if is_worse && was.is_none() && usual.has(id) {
            was = Some(is);
        }
        // Else it is not known to be worse, but what fails is a break.
        let first = is_worse && was.is_none() && (is_first || is != Status::Fail);
        let is_bad = weight(is) > 0;
        // A runtime that ran no container before is gone all the same.
        let is_gone = before.is_some_and(|(then, _)| {
            subject.gone(0, id).is_some() && subject.gone(then, id).is_none()
        });
        let change = if first {
            Change::Still
        } else if was == Some(is) {
            let is_new = is_gone || is_bad && subject.stays(id);
            if is_new { Change::New } else { Change::Still }
        } else if subject.flaps(id) {
            Change::Flapping
        } else if is_worse {
            Change::New
        } else if is_bad {
            Change::Eased
        } else {
            Change::Fixed
        };
        let told = if is_bad { 0 } else { then };
        Some(Self {
            change,
            is,
            was,
            told,
            first,
        })
    }

    /// The worse of the two outcomes.
    pub fn worst(&self) -> Status {
        match self.was {
            Some(was) if weight(was) > weight(self.is) => was,
            _ => self.is,
        }
    }

    /// Whether it is not known, and was not before.
    pub fn is_unknown(&self) -> bool {
        self.is == Status::Unknown && self.was.is_none_or(|was| was == Status::Unknown)
    }

    /// Whether it fails, and that is news.
    pub fn breaks(&self) -> bool {
        self.is == Status::Fail && matches!(self.change, Change::New | Change::Flapping)
    }
}
