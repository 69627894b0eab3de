//! What is said of runtimes that are not there any more, and of those that are there again.

use hpcctl_model::doctor::Status;
use hpcctl_model::history::Found;

use super::subject::Subject;

/// What is said of a runtime that is there again, and does not run or is not known to.
pub fn back(subject: &Subject<'_>, id: &str) -> Option<Found> {
    let (then, _) = subject.before(id)?;
    let found = subject.found(0, id).filter(|_| subject.is_back(id, then))?;
    let runtime = id.strip_prefix("run.")?;
    Some(Found {
        text: format!("{runtime} is there again; {}", found.text),
        ..found.clone()
    })
}

/// What is said of a runtime that is not there any more, or that cannot be started.
pub fn lacking(id: &str, runtime: &str, was: Option<Status>, refused: Option<&Found>) -> Found {
    let was = match was {
        Some(Status::Pass) => " (was: runs)",
        Some(Status::Warn) => " (was: runs, with losses)",
        Some(Status::Fail) => " (was: does not run)",
        Some(Status::Unknown | Status::Skipped) | None => "",
    };
    let text = match refused {
        Some(one) => format!("{}{was}", one.text),
        None => format!("{runtime} is not installed{was}"),
    };
    Found {
        because: refused.iter().map(|one| one.id.clone()).collect(),
        ..Found::of(id, Status::Fail, text)
    }
}
