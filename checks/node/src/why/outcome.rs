//! How far a container command came: from its trace, and from the runtime's own words.
//!
//! The words are those of podman 4.3 and 5.8, runc 1.1, crun 1.8, Charliecloud 0.31 and 0.45,
//! Apptainer 1.4 and docker 26, in runs that were made to fail.

use hpcctl_host::Errno;
use hpcctl_host::trace::{Ended, Executed, Failed, Traced};
use hpcctl_model::why::Outcome;

use crate::container_command::ContainerCommand;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) outcome: Outcome,
    pub(super) says: String,
    /// The line that says so.
    pub(super) seen: Option<String>,
}

/// Words of a runtime that tell of something else than a fault of the node.
const WORDS: &[(&str, Outcome)] = &[
    ("unknown flag:", Outcome::Usage),
    ("unknown shorthand flag", Outcome::Usage),
    ("flag needs an argument", Outcome::Usage),
    ("unrecognized option", Outcome::Usage),
    ("unrecognized arguments", Outcome::Usage),
    ("unrecognized command", Outcome::Usage),
    ("unknown command", Outcome::Usage),
    ("invalid choice:", Outcome::Usage),
    ("requires at least", Outcome::Usage),
    ("requires exactly", Outcome::Usage),
    ("image and/or cmd not specified", Outcome::Usage),
    ("invalid reference format", Outcome::Usage),
    ("invalid argument \"", Outcome::Usage),
    ("not compatible with nocgroups", Outcome::Usage),
    ("image not known", Outcome::NoImage),
    ("no such image", Outcome::NoImage),
    ("manifest unknown", Outcome::NoImage),
    ("initializing source docker://", Outcome::NoImage),
    ("did not resolve to an alias", Outcome::NoImage),
    ("pull access denied", Outcome::NoImage),
    ("repository does not exist", Outcome::NoImage),
    ("could not open image", Outcome::NoImage),
    ("unknown image type", Outcome::NoImage),
    ("image not found", Outcome::NoImage),
    ("no such container", Outcome::Missing),
    ("error: statfs ", Outcome::Missing),
    ("does not exist on container", Outcome::Missing),
    ("can't bind: source not found", Outcome::Missing),
    ("can't cd to", Outcome::Missing),
    ("default oci runtime", Outcome::Missing),
];

/// Words that say that a program cannot be executed; its name stands between quotes before or
/// after them.
const NO_PROGRAM: &[&str] = &[
    "executable file not found in $path",
    "not found in $path",
    "unable to start container process: exec:",
    "error during container init: exec:",
    "can't execve(2):",
];

/// Reads a run, of which the container command is known or not.
pub(super) fn of(traced: &Traced, command: Option<&ContainerCommand>) -> Option<Told> {
    if traced.deadline {
        return Some(told(Outcome::Late, "it did not end in time", None));
    }
    if traced.status == Some(0) {
        return Some(told(Outcome::Succeeded, "it succeeded", None));
    }
    program(traced, command)
        .or_else(|| no_program(traced, command))
        .or_else(|| words(traced, command))
}

fn told(outcome: Outcome, says: &str, seen: Option<&str>) -> Told {
    Told {
        outcome,
        says: says.into(),
        seen: seen.map(|line| line.trim().into()),
    }
}

/// What is said of an error, the last line first: no warnings, and no progress.
pub(super) fn errors(output: &str) -> impl Iterator<Item = &str> {
    let dull = |line: &&str| {
        let is = |word: &str| line.contains(word);
        line.trim().is_empty()
            || is("level=warning")
            || is("level=info")
            || is("level=debug")
            || line.starts_with("WARNING")
            || line.starts_with("INFO")
            || is("warning: ")
    };
    output.lines().rev().filter(move |line| !dull(line))
}

/// The program of the container that failed, and how it ended.
pub(super) fn failed_program<'a>(
    traced: &'a Traced,
    command: Option<&ContainerCommand>,
) -> Option<(&'a Executed, &'a Ended)> {
    let builds = command.is_some_and(|command| command.op == Some("build"));
    let first = |pid: i32| {
        let mut entries = traced
            .executed
            .iter()
            .filter(|seen| seen.inside && !seen.within);
        entries.any(|seen| seen.pid == pid)
    };
    let same = |ended: &&Ended| {
        builds
            || traced.status == Some(ended.status)
            || (traced.signal.is_some() && traced.signal == ended.signal)
    };
    let ended = traced
        .ended
        .iter()
        .rev()
        .filter(|ended| first(ended.pid))
        .find(same)?;
    // It may have executed another program before it ended.
    let mut programs = traced.executed.iter().rev();
    let program = programs.find(|seen| seen.pid == ended.pid && seen.at < ended.at)?;
    Some((program, ended))
}

fn program(traced: &Traced, command: Option<&ContainerCommand>) -> Option<Told> {
    let (program, ended) = failed_program(traced, command)?;
    let words = match program.words.is_empty() {
        true => program.path.clone(),
        false => program.words.join(" "),
    };
    let end = match ended.signal {
        Some(signal) => format!("was ended by signal {signal}"),
        None => format!("ended with status {}", ended.status),
    };
    let shell = ["sh", "bash", "dash", "ash"].iter().any(|name| {
        let first = program.words.first().unwrap_or(&program.path);
        first.rsplit('/').next() == Some(name)
    });
    let means = match ended.status {
        126 if shell => ": a shell says so of a program that may not be executed",
        127 if shell => ": a shell says so of a command that is not there",
        _ => "",
    };
    let says = format!("the container started, and its own program {end}{means}: {words}");
    // Podman and the like say nothing of their own then.
    let seen = errors(&traced.output).next();
    Some(told(Outcome::Program, &says, seen))
}

fn no_program(traced: &Traced, command: Option<&ContainerCommand>) -> Option<Told> {
    let line = errors(&traced.output).find(|line| {
        let line = line.to_lowercase();
        NO_PROGRAM.iter().any(|part| line.contains(part))
    });
    if let Some(line) = line
        && let Some(name) = quoted(line)
        && is_of_command(&name, line, command)
    {
        let lower = line.to_lowercase();
        let says = if lower.contains("permission denied") {
            format!(
                "{name} may not be executed in the image: look at its mode, or whether it is a directory"
            )
        } else if lower.contains("exec format error") {
            format!(
                "{name} is no program of this machine: the image is one for another processor, or a script lacks its first line"
            )
        } else {
            format!("the image has no program {name}, or not the interpreter that it names")
        };
        return Some(told(Outcome::NoProgram, &says, Some(line)));
    }
    let started = traced.executed.iter().any(|seen| seen.inside);
    let failed = traced.failed.iter().rev().find(|failed| is_start(failed));
    let failed = failed.filter(|_| !started)?;
    let path = failed
        .call
        .trim_start_matches("execve(")
        .trim_end_matches(')');
    let says = match failed.errno {
        Errno::EACCES => format!("{path} may not be executed in the image (EACCES)"),
        errno => format!("the image has no program {path} that can be executed ({errno})"),
    };
    Some(told(
        Outcome::NoProgram,
        &says,
        errors(&traced.output).next(),
    ))
}

fn is_start(failed: &Failed) -> bool {
    failed.inside && matches!(failed.name, "execve" | "execveat")
}

/// The name between quotes, or after `execve(2):`.
fn quoted(line: &str) -> Option<String> {
    if let Some((_, rest)) = line.split_once("can't execve(2):") {
        return rest.trim().split(':').next().map(ToOwned::to_owned);
    }
    let (_, rest) = line
        .split_once("exec: \"")
        .or_else(|| line.split_once('`'))
        .or_else(|| line.split_once('"'))?;
    let end = rest.find(['"', '`', '\''])?;
    Some(rest[..end].trim_end_matches('\\').to_owned())
}

/// Whether a program that was not found is the one that the command wants in the container, not
/// one that the runtime itself needs.
fn is_of_command(name: &str, line: &str, command: Option<&ContainerCommand>) -> bool {
    let starts =
        line.contains("unable to start container process") || line.contains("can't execve(2)");
    let named = command.is_some_and(|command| command.rest.iter().any(|word| word == name));
    starts || named
}

fn words(traced: &Traced, command: Option<&ContainerCommand>) -> Option<Told> {
    let image = command.and_then(ContainerCommand::image);
    for line in errors(&traced.output) {
        let lower = line.to_lowercase();
        if let Some(image) = image
            && is_missing_image(line, image)
        {
            let says = format!("there is no image {image}, or it is no root file system");
            return Some(told(Outcome::NoImage, &says, Some(line)));
        }
        let Some((_, outcome)) = WORDS.iter().find(|(part, _)| lower.contains(part)) else {
            continue;
        };
        let says = match outcome {
            Outcome::Usage => "the runtime does not take the command as it is written".into(),
            Outcome::NoImage => match image {
                Some(image) => format!(
                    "the image {image} is not on this node, and was not got from a registry"
                ),
                None => "the image is not on this node, and was not got from a registry".into(),
            },
            _ => "something that the command names is not there".into(),
        };
        return Some(told(*outcome, &says, Some(line)));
    }
    // ch-run and ch-image end so where their own words are wrong.
    let usage = command.is_some_and(|command| match command.program {
        "ch-run" => traced.status == Some(64),
        "ch-image" => traced.status == Some(2),
        _ => false,
    });
    usage.then(|| {
        let says = "the runtime does not take the command as it is written";
        told(Outcome::Usage, says, errors(&traced.output).next())
    })
}

/// Whether ch-run or apptainer says that the directory or file of the image is not there.
fn is_missing_image(line: &str, image: &str) -> bool {
    let dev = format!("destination not found: {}/dev", image.trim_end_matches('/'));
    let absent =
        line.contains("No such file or directory") || line.contains("no such file or directory");
    line.contains(&dev)
        || (line.contains("can't stat:") && line.contains(image) && absent)
        || (line.contains("could not open image") && absent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container_command::tests::command;

    fn run(status: i32, output: &str) -> Traced {
        Traced {
            status: Some(status),
            output: output.into(),
            ..Traced::default()
        }
    }

    fn executed(pid: i32, path: &str, inside: bool, within: bool, at: usize) -> Executed {
        Executed {
            pid,
            path: path.into(),
            words: vec![path.into()],
            inside,
            within,
            at,
        }
    }

    fn outcome(line: &str, traced: &Traced) -> Option<Outcome> {
        of(traced, command(line).as_ref()).map(|told| told.outcome)
    }

    #[test]
    fn a_program_that_fails_is_told_from_a_runtime_that_does() {
        let mut traced = run(7, "");
        traced
            .executed
            .push(executed(3, "/usr/bin/runc", false, false, 1));
        traced.executed.push(executed(5, "sh", true, false, 2));
        traced.executed.push(executed(6, "/bin/ls", true, true, 3));
        let end = |pid, status, at| Ended {
            pid,
            status,
            signal: None,
            at,
        };
        traced.ended.push(end(6, 2, 4));
        assert_eq!(outcome("podman run i sh", &traced), None);
        traced.ended.push(end(5, 7, 5));
        let told = of(&traced, command("podman run i sh").as_ref()).unwrap();
        assert_eq!(told.outcome, Outcome::Program);
        assert!(told.says.contains("status 7"), "{}", told.says);
        traced.status = Some(126);
        assert_eq!(outcome("podman run i sh", &traced), None);
        assert_eq!(outcome("podman build .", &traced), Some(Outcome::Program));
    }

    /// A command, its status, what it said, and what that means.
    type Row = (&'static str, i32, &'static str, Option<Outcome>);

    const SAID: &[Row] = &[
        (
            "podman run i nosuch",
            127,
            "Error: runc: runc create failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found",
            Some(Outcome::NoProgram),
        ),
        (
            "podman run i nosuch",
            127,
            "Error: crun: executable file `nosuch` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found",
            Some(Outcome::NoProgram),
        ),
        (
            "ch-run i -- nosuch",
            1,
            "ch-run[1]: error: can't execve(2): nosuch: No such file or directory (ch_core.c:410 2)",
            Some(Outcome::NoProgram),
        ),
        (
            "podman run i /f",
            126,
            "Error: runc: runc create failed: unable to start container process: error during container init: exec: \"/f\": permission denied: OCI permission denied",
            Some(Outcome::NoProgram),
        ),
        (
            "podman run i true",
            125,
            "Error: could not find slirp4netns, the network namespace can't be configured: exec: \"slirp4netns\": executable file not found in $PATH",
            None,
        ),
        (
            "podman run i true",
            127,
            "Error: crun: create directory `/opt/nonexistent`: No such file or directory: OCI runtime attempted to invoke a command that was not found",
            None,
        ),
        (
            "podman run i true",
            125,
            "Error: initializing source docker://i:latest: pinging container registry localhost",
            Some(Outcome::NoImage),
        ),
        (
            "ch-run /no -- true",
            1,
            "ch-run[1]: error: can't bind: destination not found: /no/dev (ch_core.c:111)",
            Some(Outcome::NoImage),
        ),
        (
            "ch-run no -- true",
            1,
            "ch-run[1]: error: can't stat: no: No such file or directory (ch_core.c:255 2)",
            Some(Outcome::NoImage),
        ),
        (
            "ch-run -b /x:/y /i -- true",
            1,
            "ch-run[1]: error: can't bind: source not found: /x (ch_core.c:104)",
            Some(Outcome::Missing),
        ),
        (
            "ch-run --blah /i -- true",
            64,
            "ch-run: unrecognized option '--blah'\nTry `ch-run --help' or `ch-run --usage' for more information.",
            Some(Outcome::Usage),
        ),
        (
            "podman run --blah i",
            125,
            "Error: unknown flag: --blah\nSee 'podman run --help'",
            Some(Outcome::Usage),
        ),
        (
            "podman run i true",
            125,
            "time=\"x\" level=warning msg=\"unknown flag: no\"\nError: newuidmap",
            None,
        ),
    ];

    #[test]
    fn the_words_of_runtimes_are_known() {
        for (line, status, said, wanted) in SAID {
            assert_eq!(outcome(line, &run(*status, said)), *wanted, "{said}");
        }
    }

    #[test]
    fn a_start_that_failed_in_the_container_is_seen_in_the_trace() {
        let mut traced = run(1, "");
        traced.failed.push_back(Failed {
            pid: 2,
            program: "ch-run".into(),
            name: "execve",
            call: "execve(/bin/x)".into(),
            errno: Errno::EACCES,
            inside: true,
            at: 1,
        });
        let told = of(&traced, None).unwrap();
        assert_eq!(told.outcome, Outcome::NoProgram);
        assert!(told.says.contains("/bin/x"), "{}", told.says);
        traced.executed.push(executed(2, "x", true, false, 2));
        assert_eq!(of(&traced, None), None);
    }
}
