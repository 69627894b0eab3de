//! Passwords and tokens that are written into a command: in a script, a history, or a step of the
//! build. `curl -u USER:WORD`, a header such as `Authorization: Bearer WORD`, a line of netrc(5) that
//! a command writes, the option of a password.

mod secret;

use std::borrow::Cow;

pub(super) use secret::typed;
use secret::{BY_STDIN, by_option, given, header, login};

use super::{Detector, Sightings, Source, netrc};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.command",
    "A password or a token that is written into a command.",
)
.holding(
    &[
        "curl ",
        "wget ",
        "sshpass ",
        "docker login ",
        "podman login ",
        "buildah login ",
        "apptainer remote login ",
        "apptainer registry login ",
        "singularity remote login ",
        "singularity registry login ",
        BY_STDIN,
        "skopeo ",
        "uthorization: ",
        "uthorization:Bearer",
        "-TOKEN: ",
        "-Token: ",
        "-token: ",
        "X-Api-Key: ",
        "X-API-Key: ",
        "X-API-KEY: ",
        "x-api-key: ",
        "machine ",
        "wandb login ",
        "conda config ",
        // That of micromamba, too.
        "mamba config ",
    ],
    place,
);

/// The most bytes of a command that are looked at.
const MOST: usize = 4 * 1024;

/// The bytes before a header that are looked at for the option that it is the value of.
const NEAR: usize = 64;

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let before = &source.bytes[at.saturating_sub(MOST)..at];
    let before = &before[memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1)..];
    // A comment shows how it could be done.
    if before.trim_ascii_start().starts_with(b"#") {
        return;
    }
    let near = &before[before.len().saturating_sub(NEAR)..];
    let rest = &source.bytes[at..];
    let told = match rest[0] {
        _ if rest.starts_with(BY_STDIN.as_bytes()) => {
            let before = joined(&source.bytes[at.saturating_sub(MOST)..at]);
            given(&String::from_utf8_lossy(before)).map(|typed| typed.told())
        }
        b'm' if rest.starts_with(b"machine ") => {
            let is_of_netrc = netrc::NAMES.contains(&source.name());
            let login = || login(&line(rest)).map(|typed| typed.told());
            (!is_of_netrc).then(login).flatten()
        }
        b'a' | b'b' | b'c' | b'd' | b'm' | b'p' | b's' | b'w' => {
            if sightings.covers(DETECTOR.id, at) {
                return;
            }
            let rest = &rest[..rest.len().min(MOST)];
            let line = line(rest);
            let typed = by_option(&line);
            let read = match (&line, &typed) {
                // What follows it may be another one.
                (Cow::Borrowed(line), Some(typed)) => typed.begins_in(line),
                _ => line_end(rest),
            };
            sightings.cover(DETECTOR.id, at, read, MOST);
            typed.map(|typed| typed.told())
        }
        // In a text that only speaks of headers, such as the code of a client, tokens are examples.
        _ if near.windows(2).any(|option| option == b"-H")
            || memchr::memmem::find(near, b"--header").is_some() =>
        {
            let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
            let name = near.iter().rev().take_while(is_of_name).count();
            header(&line(&source.bytes[at - name..])).map(|typed| typed.told())
        }
        _ => None,
    };
    if let Some(told) = told {
        sightings.at(DETECTOR.id, source, at, told);
    }
}

/// The end of a text from the start of its last line on; a backslash at the end of a line joins it with
/// the next.
fn joined(text: &[u8]) -> &[u8] {
    let mut ends = memchr::memrchr_iter(b'\n', text);
    let start = ends.find(|end| !text[..*end].ends_with(b"\\"));
    &text[start.map_or(0, |end| end + 1)..]
}

/// The line that begins here, up to the most that is looked at.
fn line(rest: &[u8]) -> Cow<'_, str> {
    let rest = &rest[..rest.len().min(MOST)];
    String::from_utf8_lossy(&rest[..line_end(rest)])
}

/// Where the line that begins here ends; a backslash at its end joins it with the next.
fn line_end(rest: &[u8]) -> usize {
    let mut ends = memchr::memchr_iter(b'\n', rest);
    let end = ends.find(|end| *end == 0 || rest[end - 1] != b'\\');
    end.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of the commands that are told of a script.
    fn lines(script: &[u8]) -> Vec<u64> {
        let source = Source {
            path: "opt/get.sh",
            mode: 0o755,
            size: script.len() as u64,
            bytes: script,
        };
        let seen = super::super::look(&source).into_iter();
        let seen = seen.filter(|one| one.rule == DETECTOR.id);
        seen.filter_map(|one| one.line).collect()
    }

    #[test]
    fn what_is_piped_into_a_login_is_found_in_scripts() {
        let long = "dX9kQ2mZ7vB4nR1sT6wY".repeat(8);
        for login in [
            "docker login -u me --password-stdin reg",
            "sudo buildah login --password-stdin reg",
            "apptainer registry login --password-stdin oras://reg",
        ] {
            for (script, expected) in [
                (format!("set -e\necho {long} | {login}\n"), &[2][..]),
                (format!("set -e; echo {long} \\\n | {login}\n"), &[2]),
                (
                    format!("n=\"é{}\"; echo {long} | {login}\n", "é".repeat(80)),
                    &[1],
                ),
                (format!("# echo {long} | {login}\n"), &[]),
                (
                    format!("# {}: echo {long} | {login}\n", "x".repeat(90)),
                    &[],
                ),
                (format!("echo $TOKEN | {login}\necho {long} | cat\n"), &[]),
            ] {
                assert_eq!(lines(script.as_bytes()), expected, "{script}");
            }
        }
        // Another encoding hides nothing.
        let latin = [
            b"n=\xe9; echo ",
            long.as_bytes(),
            b" | docker login --password-stdin",
        ];
        assert_eq!(lines(&latin.concat()), [1]);
        let latin = [&b"curl -A \xe9 -u bob:Tr0ub4dor3x https://a\n"[..]];
        assert_eq!(lines(&latin.concat()), [1]);
    }

    #[test]
    fn logins_of_all_programs_are_found_in_scripts() {
        for login in [
            "docker login -u me",
            "buildah login -u me",
            "apptainer remote login",
            "apptainer registry login -u me",
            "singularity remote login",
        ] {
            let script = format!("set -e\n{login} -p Tr0ub4dor3x reg\n");
            assert_eq!(lines(script.as_bytes()), [2], "{login}");
        }
        for config in ["conda", "mamba", "micromamba", "/opt/bin/mamba"] {
            let script = format!("set -e\n{config} config --set token dX9kQ2mZ7vB4nR1sT6wY\n");
            assert_eq!(lines(script.as_bytes()), [2], "{config}");
        }
    }

    #[test]
    fn of_one_line_all_is_looked_at_once() {
        let long = format!(
            "curl a; {}curl -u bob:Tr0ub4dor3x a\n",
            "curl aa; ".repeat(1000)
        );
        assert_eq!(lines(long.as_bytes()), [1]);
        let joined =
            "curl a \\\n && curl -u bob:Tr0ub4dor3x a \\\n && curl a; curl -u eve:Xr0ub4dor3x a\n";
        assert_eq!(lines(joined.as_bytes()), [1, 3]);
        let two = "curl a; curl -u bob:Tr0ub4dor3x a\ncurl -u bob:Tr0ub4dor3x a\n";
        assert_eq!(lines(two.as_bytes()), [1, 2]);
    }

    #[test]
    fn a_line_goes_on_behind_a_backslash() {
        let script = "#!/bin/sh\n# curl -u bob:Tr0ub4dor3x\ncurl -f \\\n  -u bob:Tr0ub4dor3x \\\n https://a\nexit\n";
        let source = Source {
            path: "opt/get.sh",
            mode: 0o755,
            size: script.len() as u64,
            bytes: script.as_bytes(),
        };
        let seen = super::super::look(&source);
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!((seen[0].rule, seen[0].line), ("secret.command", Some(3)));
    }
}
