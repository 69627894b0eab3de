//! What one report says of a node or an image.

use hpcctl_model::doctor::{Status, Verdict};
use hpcctl_model::history::Said;

use crate::runtime::BUILTIN;

/// How bad an outcome is.
pub fn weight(status: Status) -> u8 {
    match status {
        Status::Pass | Status::Skipped => 0,
        Status::Warn => 1,
        Status::Unknown => 2,
        Status::Fail => 3,
    }
}

/// Whether runtimes of containers were looked for, and none is there.
pub fn is_bare(said: &Said) -> bool {
    !has_one(said) && !said.lacking.is_empty()
}

/// Whether a runtime of containers is installed.
fn has_one(said: &Said) -> bool {
    said.judged.iter().any(|runtime| runtime != BUILTIN)
}

/// Whether a runtime counts there: the builtin one does where no other was looked for.
fn counts<'r>(said: &Said) -> impl Fn(&&'r str) -> bool + use<'r> {
    let is_alone = !has_one(said) && said.lacking.is_empty();
    move |runtime| is_alone || *runtime != BUILTIN
}

/// The runtimes that are installed.
pub fn installed(said: &Said) -> impl Iterator<Item = &str> {
    said.judged.iter().map(String::as_str).filter(counts(said))
}

/// The installed runtimes that run no container.
pub fn failing(said: &Said) -> Vec<&str> {
    let failed = said.found.iter().filter(|one| one.status == Status::Fail);
    let named = failed.filter_map(|one| one.id.strip_prefix("run."));
    named.filter(counts(said)).collect()
}

/// Whether no container runs. What earlier versions kept tells only of runtimes that run none.
pub fn none_runs(said: &Said) -> bool {
    let failing = failing(said);
    run(said) == Some(Verdict::No) && installed(said).all(|one| failing.contains(&one))
}

/// Whether containers run; none where it is not known.
pub fn run(said: &Said) -> Option<Verdict> {
    // What earlier versions kept counts the builtin one there.
    if is_bare(said) {
        return Some(Verdict::No);
    }
    let mut verdicts = said.found.iter().filter(|one| one.id.starts_with("run."));
    // Earlier versions kept only those that do not.
    let none = verdicts.any(|one| one.status == Status::Fail);
    said.run.or(none.then_some(Verdict::No))
}

/// What a report says of a finding; none where it says nothing. A runtime that is lacking fails where
/// it was there before.
pub fn said_of(said: &Said, id: &str, was_there: impl Fn(&str) -> bool) -> Option<Status> {
    if let Some(found) = said.found.iter().find(|one| one.id == id) {
        return Some(found.status);
    }
    let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
    if let Some(runtime) = id.strip_prefix("run.").filter(|_| !said.image) {
        if has(&said.judged, runtime) {
            return Some(Status::Pass);
        }
        if has(&said.lacking, runtime) {
            // One that never was there is nobody's loss.
            return was_there(runtime).then_some(Status::Fail);
        }
        if runtime != BUILTIN {
            return None;
        }
    }
    (said.whole && !has(&said.skipped, id)).then_some(Status::Pass)
}
