//! The C library of a side, measured by a program of a few kilobytes that any of them starts: `bare/program.rs`.
//!
//! hpcctl itself is made for glibc of today. Where the image has musl or an older one, an agent that brings its own libraries
//! runs there, and has the loader of the image start this program; outside, that of the node starts the same file.

use std::fs::{Permissions, set_permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use hpcctl_host::{Host, Live, kit};

use crate::far;
use crate::measurement::Task;
use crate::timing::{Clock, Series};

/// Its name in the shared directory.
pub(crate) const NAME: &str = "bare";

/// Made by build.rs; empty where that failed.
static PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bare"));

/// A program that is in every image, and the loaders to try where it says none.
const SHELL: &str = "/bin/sh";
const LOADERS: [&str; 4] = [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

/// How long it may take to say what its library is, and to begin and end beside what it measures.
const HELLO: Duration = Duration::from_secs(10);

/// Work that it does, in its words: what is in a unit, and how many threads there are.
pub(super) struct Work {
    pub(super) name: &'static str,
    pub(super) unit: usize,
    pub(super) threads: usize,
}

/// Writes it.
pub(crate) fn write(path: &Path) -> io::Result<()> {
    io::copy(&mut &*PROGRAM, &mut std::fs::File::create(path)?)?;
    set_permissions(path, Permissions::from_mode(0o755))
}

/// Has it do some work where the task asks for it: the seconds of a unit.
pub(super) fn apart(
    task: &Task,
    clock: Clock,
    name: &'static str,
    unit: usize,
) -> Option<Result<f64, String>> {
    let work = Work {
        name,
        unit,
        threads: 1,
    };
    let taken = threads(task, clock, &work)?;
    Some(taken.map(|seconds| seconds[0]))
}

/// The same by several threads at once: the seconds of a unit of each.
pub(super) fn threads(task: &Task, clock: Clock, work: &Work) -> Option<Result<Vec<f64>, String>> {
    task.bare.then(|| take(task, clock, work))
}

fn take(task: &Task, clock: Clock, work: &Work) -> Result<Vec<f64>, String> {
    let program = task.place.join(NAME).display().to_string();
    let numbers = [
        clock.length().as_nanos(),
        (task.planted * 1e6) as u128,
        work.unit as u128,
        work.threads as u128,
    ];
    let command = [loader()?, program, work.name.to_owned()];
    let argv: Vec<String> = command
        .into_iter()
        .chain(numbers.map(|it| it.to_string()))
        .collect();
    let mut running = far::alike(&argv, &[])?;
    let mut times = || {
        let line = running
            .ask("", HELLO + 2 * clock.length())
            .map_err(|error| error.to_string())?;
        let seconds = seconds(&line).map(|times| Series::of(times).typical());
        seconds.ok_or_else(|| format!("{line:.40} are no times"))
    };
    (0..work.threads).map(|_| times()).collect()
}

/// The seconds in a line of nanoseconds.
fn seconds(line: &str) -> Option<Vec<f64>> {
    let times = line.split(' ');
    times
        .map(|it| Some(it.parse::<u64>().ok()? as f64 / 1e9))
        .collect()
}

/// The C library of this side, as the program has it.
pub(crate) fn library(program: &Path) -> Result<String, String> {
    if PROGRAM.is_empty() {
        return Err("this build of hpcctl has no program for another C library".into());
    }
    let loader = loader()?;
    let ran = Live.run(&[&loader, &program.display().to_string()], HELLO);
    if !ran.ok() {
        return Err(format!("{loader}: {} {}", ran.end, ran.first_line())
            .trim_end()
            .to_owned());
    }
    match ran.stdout.trim() {
        "" => Ok(format!("musl {}", version_of_musl(&loader))
            .trim_end()
            .to_owned()),
        said => Ok(said.to_owned()),
    }
}

/// What its loader says without arguments, in a line of its own.
fn version_of_musl(loader: &str) -> String {
    let ran = Live.run(&[loader], HELLO);
    let said = ran
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("Version "));
    said.unwrap_or_default().to_owned()
}

/// The loader of this side: that of its shell, else the first that there is.
fn loader() -> Result<String, String> {
    let of_shell = kit::loader(Path::new(SHELL));
    let there = LOADERS.map(str::to_owned).into_iter();
    let mut all = of_shell.into_iter().chain(there);
    all.find(|path| Path::new(path).is_file())
        .ok_or_else(|| "there is no loader of a C library".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_library_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(NAME);
        write(&program).unwrap();
        let said = library(&program).unwrap();
        let own = hpcctl_host::c_library().unwrap();
        assert_eq!(said, format!("glibc {own}"));
    }

    #[test]
    fn times_are_nanoseconds_however_long() {
        assert_eq!(seconds("1000 5000000000"), Some(vec![1e-6, 5.0]));
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("1 x"), None);
        assert_eq!(seconds("-1"), None);
    }

    #[test]
    fn each_figure_is_that_of_the_program() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join(NAME)).unwrap();
        let task = Task {
            bare: true,
            ..Task::in_dir(dir.path())
        };
        let clock = |planted| Clock::new(task.length, planted);
        for measurement in super::super::MEASUREMENTS {
            let values = (measurement.take)(&task, clock(0.0)).unwrap();
            assert_eq!(values.len(), measurement.figures.len());
            assert!(
                values.iter().all(|value| *value > 0.0),
                "{}: {values:?}",
                measurement.id()
            );
        }
        // A delay is planted by the program, whose units are never shorter than that.
        let slow = Task {
            planted: 9.0,
            ..task.clone()
        };
        let seconds = |task: &Task| apart(task, clock(0.0), "kernel", 1000).unwrap().unwrap();
        let (plain, planted) = (seconds(&task), seconds(&slow));
        assert!(planted > 3.0 * plain, "{plain} {planted}");
        let gone = Task {
            place: "/nonexistent".into(),
            ..task
        };
        assert!(apart(&gone, clock(0.0), "kernel", 1000).unwrap().is_err());
    }

    #[test]
    fn the_program_needs_no_version_and_no_other_library() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(NAME);
        write(&program).unwrap();
        let needs = Live.needs(&program.display().to_string());
        assert_eq!(needs, Ok(Vec::new()));
        assert!(PROGRAM.len() < 32 << 10, "{}", PROGRAM.len());
    }
}
