//! What users typed: histories of shells and of clients of databases, with assignments of secrets
//! and passwords on the command line. Without one, a history is a clue.

use super::{Detector, Sightings, Source, value, variable};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.history",
    "What a user typed, in the history of a shell.",
)
.named(
    &[
        ".bash_history",
        ".zsh_history",
        ".sh_history",
        ".history",
        ".ash_history",
        ".ksh_history",
        "fish_history",
        ".python_history",
        ".mysql_history",
        ".psql_history",
        ".sqlite_history",
        ".rediscli_history",
        ".node_repl_history",
        ".lesshst",
        ".viminfo",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    let mut lines = 0;
    for (number, line) in text.lines().enumerate() {
        lines += 1;
        let mut found = Sightings::default();
        variable::in_command(line, &mut found);
        let typed = found.seen.into_iter().next().map(|one| one.text);
        if let Some(what) = typed.or_else(|| option(line)) {
            sightings.line(DETECTOR.id, number, what);
        }
    }
    let is_of_shell = !matches!(source.name(), ".lesshst" | ".viminfo");
    if sightings.seen.is_empty() && lines > 0 && is_of_shell {
        sightings.file(DETECTOR.id, format!("{lines} lines that a user typed"));
        sightings.only_a_clue();
    }
}

/// What is said of an option that has a password.
fn option(line: &str) -> Option<String> {
    let (program, _) = typed(line)?;
    Some(format!("a password on the command line of {program}"))
}

/// The program and the password of an option: `--password=WORD`, `-pWORD` of mysql,
/// `sshpass -p WORD`, `curl -u USER:WORD`.
pub(super) fn typed(line: &str) -> Option<(&str, &str)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let program = words
        .iter()
        .find(|word| !matches!(**word, "sudo" | "env" | "time"))
        .copied();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied().unwrap_or("");
        let value = match (*word, program) {
            (_, _) if word.starts_with("--password=") => &word["--password=".len()..],
            ("--password" | "--token" | "--secret", _) => next,
            (
                "-p",
                Some("sshpass" | "docker" | "podman" | "apptainer" | "singularity" | "skopeo"),
            ) => next,
            ("-u" | "--user" | "--creds" | "--src-creds" | "--dest-creds", _)
                if next.contains(':') =>
            {
                next.split_once(':')?.1
            }
            (_, Some("mysql" | "mysqldump" | "mariadb"))
                if word.starts_with("-p") && word.len() > 5 =>
            {
                &word[2..]
            }
            _ => continue,
        };
        if value.len() >= 6 && value::is_password(value) && !value.starts_with('-') {
            return Some((program.unwrap_or("a program"), value));
        }
    }
    None
}
