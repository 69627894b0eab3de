//! The directories that runtimes write to, one for each file system: what the probes that try
//! a file system share.
//!
//! A trial makes a private directory there and removes it. Two directories of one file system
//! would answer alike, so that only the first is tried; one that the caller cannot write to is
//! left to the checks of the home and of the storage.

use hpcctl_host::{Errno, Op, Stat, Trial, Tried};

use crate::{Finding, Reading, Site, attribute, filesystem, storage_conf};

/// Variables that name the cache of a runtime.
const CACHES: &[&str] = &[
    "APPTAINER_CACHEDIR",
    "SINGULARITY_CACHEDIR",
    "CH_IMAGE_STORAGE",
    "ENROOT_CACHE_PATH",
    "ENROOT_DATA_PATH",
];

/// A directory on a file system of its own.
#[derive(Debug, Clone)]
pub struct Place {
    /// The directory, or the nearest above it that is there.
    pub path: String,
    /// What is known of it.
    pub stat: Stat,
}

impl Place {
    /// The directory with its file system, such as `/home/alice (nfs)`.
    pub fn shown(&self) -> String {
        format!("{} ({})", self.path, filesystem::name(&self.stat))
    }
}

/// The directories, that for temporary files first.
pub fn all(site: &Site<'_>) -> Vec<Place> {
    let set = |name: &str| site.host.env(name).filter(|dir| dir.starts_with('/'));
    let mut wanted = vec![site.temp.clone()];
    wanted.extend(set("HOME"));
    wanted.extend(storage_conf::read(site).map(|storage| storage.graphroot));
    wanted.extend(CACHES.iter().filter_map(|name| set(name)));
    let mut places: Vec<Place> = Vec::new();
    for path in wanted {
        let Some(place) = nearest(site, &path).filter(|place| writable(site, &place.stat)) else {
            continue;
        };
        if places.iter().all(|known| known.stat.dev != place.stat.dev) {
            places.push(place);
        }
    }
    places
}

/// A directory, or the nearest above it that is there.
pub fn nearest(site: &Site<'_>, path: &str) -> Option<Place> {
    let mut path = path.trim_end_matches('/');
    loop {
        let here = if path.is_empty() { "/" } else { path };
        if let Ok(stat) = site.host.stat(here) {
            return Some(Place {
                path: here.to_owned(),
                stat,
            });
        }
        (path, _) = path.rsplit_once('/')?;
    }
}

/// Whether the mode lets the caller make files there; a group or an access control list that
/// lets it is not looked at.
pub fn writable(site: &Site<'_>, stat: &Stat) -> bool {
    let own = stat.uid == site.caller.uid && stat.mode & 0o200 != 0;
    own || stat.mode & 0o002 != 0 || site.is_root()
}

/// Tries operations in a private directory of each place; the first ones only prepare.
pub fn try_each(site: &Site<'_>, prepare: &[Op], subject: &[Op]) -> Reading {
    all(site).iter().fold(Reading::new(), |reading, place| {
        let trial = Trial::new().op(Op::Scratch(place.path.clone()));
        let add = |trial: Trial, ops: &[Op]| ops.iter().cloned().fold(trial, Trial::op);
        let trial = add(add(trial, prepare).subject(), subject);
        reading.fact("tried in", place.shown()).trial(site, &trial)
    })
}

/// A file `file` to try something on.
pub fn file() -> Op {
    Op::Create {
        path: "file".into(),
        data: "x".into(),
    }
}

/// Each place that was tried, with how the trial went; or what to say where that is not known.
pub fn outcomes(reading: &Reading) -> Result<Vec<(&str, &Tried)>, Finding> {
    let places = reading.facts.iter().map(|(_, place)| place.as_str());
    let tried: Vec<(&str, &Tried)> = places.zip(&reading.tried).collect();
    if tried.is_empty() {
        return Err(Finding::unknown(
            "there is no directory that the caller may write to",
        ));
    }
    for (place, tried) in &tried {
        if let Some(found) = attribute::unprepared(tried) {
            return Err(Finding::unknown(format!("{place}: {}", found.summary)));
        }
    }
    Ok(tried)
}

/// Judges something that a file system has or lacks, by the errnos that say that it lacks it;
/// any other errno leaves it unknown.
pub fn judge(reading: &Reading, lacks: &[Errno], what: &str) -> Finding {
    let tried = match outcomes(reading) {
        Ok(tried) => tried,
        Err(finding) => return finding,
    };
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for (place, tried) in tried {
        match tried.failed().and_then(|step| Some((step, step.errno?))) {
            None => with.push(place),
            Some((_, errno)) if lacks.contains(&errno) => {
                without.push(format!("{place}: {errno}"));
            }
            Some((step, _)) => return Finding::unknown(format!("{place}: {step}")),
        }
    }
    match without.is_empty() {
        true => Finding::pass(format!("{what} in {}", with.join(", "))),
        false => Finding::warn(format!(
            "not everywhere: {what}; not in {}",
            without.join(", ")
        ))
        .holding(false),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    /// The reading of one place where the last step ended so.
    pub(crate) fn reading(call: &str, outcome: Result<i64, Errno>) -> Reading {
        Reading {
            tried: vec![tried(&[(call, outcome)])],
            ..Reading::new().fact("tried in", "/home/alice (nfs)")
        }
    }

    #[test]
    fn each_file_system_is_tried_once() {
        let on = |dev: u64, mode: u32| {
            let mut there = stat(mode);
            (there.dev, there.uid) = (dev, 1000);
            there
        };
        let mut host = Scripted::new()
            .stat("/tmp", on(1, 0o041777))
            .stat("/home/alice", on(2, 0o040700))
            .stat("/scratch", on(2, 0o041777))
            .stat("/local", on(3, 0o041777));
        for (name, value) in [
            ("HOME", "/home/alice"),
            ("APPTAINER_CACHEDIR", "/scratch/alice"),
            ("CH_IMAGE_STORAGE", "/local/alice.ch"),
        ] {
            host.env.insert(name.into(), value.into());
        }
        let found = all(&Site::new(&host));
        let paths: Vec<&str> = found.iter().map(|place| place.path.as_str()).collect();
        assert_eq!(paths, ["/tmp", "/home/alice", "/local"]);
    }

    #[test]
    fn a_directory_of_others_is_not_tried() {
        let host = Scripted::new().stat("/", stat(0o040755));
        assert!(all(&Site::new(&host)).is_empty());
        assert_eq!(judge(&Reading::new(), &[], "x").status.as_str(), "unknown");
    }

    #[test]
    fn only_the_errnos_that_say_so_are_a_lack() {
        let find = |outcome| {
            let found = judge(&reading("flock(file)", outcome), &[Errno::ENOSYS], "locks");
            (found.status.as_str(), found.holds)
        };
        assert_eq!(find(Ok(0)), ("pass", Some(true)));
        assert_eq!(find(Err(Errno::ENOSYS)), ("warn", Some(false)));
        assert_eq!(find(Err(Errno::EIO)), ("unknown", None));
    }
}
