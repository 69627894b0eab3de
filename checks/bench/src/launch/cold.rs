//! `launch.cold`: the same start with nothing of what is executed for it in the page cache.
//!
//! What the launcher executes is seen by ptrace(2), once; these files, those that their loader maps, and the program are dropped
//! before each start, posix_fadvise(2). What another process has mapped stays, as the C library does, and so do names and what
//! lies in the caches of a disk or a file server.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hpcctl_host::trace;
use hpcctl_model::bench::Better;
use rustix::fs::{Advice, fadvise};

use super::start;
use crate::measurement::{Figure, Measurement, Processors, Task};
use crate::timing::Clock;

/// The row.
pub(crate) static COLD: Measurement = Measurement {
    figures: &[Figure {
        id: "launch.cold",
        what: "a program started and ended, its files and the launcher's not in the page cache",
        unit: "ms",
        better: Better::Less,
    }],
    processors: Processors::All,
    take,
};

/// How long a launch may take that is looked at, and a loader.
const LAUNCH: Duration = Duration::from_secs(30);
const LOADER: Duration = Duration::from_secs(5);

/// Starts a command without what this process is told, which many a runtime hands on.
const QUIET: &str = "exec \"$@\" </dev/null";

/// The most programs that are looked at.
const PROGRAMS: usize = 64;

fn take(task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    // What cannot be opened is not read either, or by others only.
    let files: Vec<File> = task
        .cold
        .iter()
        .filter_map(|path| File::open(path).ok())
        .collect();
    start::launched(task, clock, || drop_cached(&files))
}

fn drop_cached(files: &[File]) {
    for file in files {
        // What cannot be dropped is as warm as it was.
        let _ = fadvise(file, 0, None, Advice::DontNeed);
    }
}

/// The files that a command executes, and those that are mapped with them.
pub(crate) fn read_by(argv: &[String]) -> Result<Vec<PathBuf>, String> {
    let shell = ["/bin/sh", "-c", QUIET, "sh"].map(str::to_owned);
    let traced = trace::run(&[&shell, argv].concat(), LAUNCH)
        .map_err(|errno| format!("the launch cannot be traced: {errno}"))?;
    // Of one that breaks off, what comes after is not known.
    if traced.deadline || traced.status != Some(0) {
        let said = traced.output.trim_end().lines().next_back();
        let said = said.unwrap_or("no word");
        return Err(format!("the launch does not succeed under ptrace: {said}"));
    }
    let executed = traced
        .executed
        .into_iter()
        .filter(|it| !it.inside)
        .map(|it| it.path);
    let programs: BTreeSet<String> = executed.chain(traced.let_go).collect();
    let mut files = BTreeSet::new();
    // Of some the path is that of an open file of a process that has ended.
    let lasting = programs
        .into_iter()
        .filter(|path| path.starts_with('/') && !path.starts_with("/proc/"));
    for program in lasting.take(PROGRAMS) {
        files.extend(trace::mapped(std::slice::from_ref(&program), LOADER).unwrap_or_default());
        files.insert(program);
    }
    let files = files.into_iter().map(PathBuf::from);
    Ok(files.filter(|path| is_file(path)).collect())
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use hpcctl_host::{Host, Live};

    use super::*;

    #[test]
    fn what_is_dropped_is_not_in_the_page_cache() {
        /// `TMPFS_MAGIC` of linux/magic.h.
        const TMPFS: u64 = 0x0102_1994;
        let Some(fincore) = Live.which("fincore") else {
            println!("skipped: there is no fincore");
            return;
        };
        let dir = tempfile::tempdir_in(env!("OUT_DIR")).unwrap();
        if Live.stat(env!("OUT_DIR")).unwrap().fs_type == TMPFS {
            println!("skipped: a tmpfs is nothing but cache");
            return;
        }
        let path = dir.path().join("file");
        let mut file = File::create_new(&path).unwrap();
        file.write_all(&[1; 64 << 10]).unwrap();
        file.sync_all().unwrap();
        let pages = || {
            let path = path.display().to_string();
            let argv = [&fincore, "--noheadings", "--output", "PAGES", &path];
            let ran = Live.run(&argv, LOADER);
            ran.stdout.trim().parse::<u32>().unwrap()
        };
        assert_eq!(pages(), 16);
        drop_cached(&[file]);
        assert_eq!(pages(), 0);
    }

    #[test]
    fn what_is_executed_is_found_with_its_libraries() {
        let argv = ["/bin/sh", "-c", "/bin/ls / >/dev/null"].map(str::to_owned);
        let files = read_by(&argv).unwrap();
        let has = |name: &str| files.iter().any(|path| path.ends_with(name));
        assert!(has("bin/ls") && has("libc.so.6"), "{files:?}");
    }

    #[test]
    fn a_launch_that_fails_is_no_list() {
        let of = |script: &str| read_by(&["/bin/sh", "-c", script].map(str::to_owned));
        let begins = "the launch does not succeed under ptrace: ";
        assert_eq!(
            of("echo first; echo last >&2; exit 3"),
            Err(format!("{begins}last"))
        );
        assert_eq!(of("kill -KILL $$"), Err(format!("{begins}no word")));
        assert!(read_by(&["/nonexistent".to_owned()]).is_err());
    }
}
