//! The container commands of a script: the line and the words of each, as its shell would come to them:
//! behind keywords and launchers, in scripts that are words of others, with variables that the script sets.
//! From the commands that `shell` reads, sh(1).

use std::collections::HashMap;

use super::shell::{self, Simple};
use crate::container_command;

/// Words of the shell before a command.
const KEYWORDS: &[&str] = &[
    "if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "exec", "nohup",
];

/// Programs that start another, which stands among their words.
const LAUNCHERS: &[&str] = &[
    "aprun",
    "env",
    "flock",
    "ibrun",
    "ionice",
    "jsrun",
    "mpiexec",
    "mpiexec.hydra",
    "mpirun",
    "nice",
    "numactl",
    "orterun",
    "parallel",
    "prun",
    "salloc",
    "sbatch",
    "setsid",
    "srun",
    "stdbuf",
    "strace",
    "taskset",
    "timeout",
    "xargs",
];

/// The deepest that scripts in words of scripts are followed.
const DEPTH: usize = 4;

/// The container commands of a script: the line and the words of each, from the program on.
pub(super) fn container_commands(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    collect(text, 1, 0, &mut HashMap::new(), &mut found);
    found
}

fn collect(
    text: &str,
    first_line: usize,
    depth: usize,
    variables: &mut HashMap<String, String>,
    found: &mut Vec<(usize, Vec<String>)>,
) {
    for Simple { line, words, .. } in shell::commands(text, first_line) {
        let words: Vec<String> = words.iter().map(|word| expand(word, variables)).collect();
        let mut rest = words.as_slice();
        while let Some((word, more)) = rest.split_first() {
            if let Some((name, value)) = assignment(word) {
                if more.is_empty() || rest.len() == words.len() {
                    variables.insert(name.to_owned(), value.to_owned());
                }
            } else if !KEYWORDS.contains(&word.as_str()) && word != "export" {
                break;
            }
            rest = more;
        }
        let Some(first) = rest.first() else {
            continue;
        };
        let name = first.rsplit('/').next().unwrap_or(first);
        let launches = LAUNCHERS.contains(&name);
        if let Some(script) = inner_script(rest, launches)
            && depth < DEPTH
        {
            collect(script, line, depth + 1, variables, found);
            continue;
        }
        let program = rest
            .iter()
            .position(|word| container_command::program(word).is_some());
        match program {
            Some(0) => found.push((line, rest.to_vec())),
            Some(at) if launches => found.push((line, rest[at..].to_vec())),
            _ => {}
        }
    }
}

/// The script in the words of `sh -c`, or of `sbatch --wrap`.
fn inner_script(words: &[String], launches: bool) -> Option<&str> {
    for (at, word) in words.iter().enumerate() {
        let name = word.rsplit('/').next().unwrap_or(word);
        if matches!(name, "sh" | "bash" | "dash" | "zsh") {
            let rest = &words[at + 1..];
            let flag = rest
                .iter()
                .position(|word| word.starts_with('-') && word.ends_with('c'))?;
            return rest.get(flag + 1).map(String::as_str);
        }
        if launches && let Some(script) = word.strip_prefix("--wrap=") {
            return Some(script);
        }
        if launches && word == "--wrap" {
            return words.get(at + 1).map(String::as_str);
        }
        // What comes after the container command runs in the container.
        if !launches || container_command::program(word).is_some() {
            return None;
        }
    }
    None
}

fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (letters && begins).then_some((name, value))
}

/// Puts in the values of variables that the script itself has set.
fn expand(word: &str, variables: &HashMap<String, String>) -> String {
    let mut rest = word;
    let mut out = String::new();
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let body = &after[1..];
        let (name, used) = match body.strip_prefix('{') {
            Some(inner) => match inner.find('}') {
                Some(end) => (&inner[..end], end + 3),
                None => ("", 1),
            },
            None => {
                let end = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                let end = end.unwrap_or(body.len());
                (&body[..end], end + 1)
            }
        };
        match variables.get(name) {
            Some(value) => out.push_str(value),
            None => out.push_str(&after[..used]),
        }
        rest = &after[used..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::readings;

    #[test]
    fn commands_are_found_where_commands_stand() {
        let text = "# podman run x\nsrun -n 2 ch-run /img -- podman run\n/usr/bin/podman run x\nsarus run x\necho podman run x\nwhich podman\nif podman run x; then y; fi\nbash -c 'podman run x'\nexport A=1 && env B=2 podman run x\ncat <<END\npodman run x\nEND\n";
        let lines: Vec<usize> = container_commands(text).iter().map(|row| row.0).collect();
        assert_eq!(lines, [2, 3, 4, 7, 8, 9]);
        assert!(readings(text) > 0);
    }

    #[test]
    fn variables_of_the_script_are_put_in() {
        let text = "IMAGE=/img.sqfs\nRUN=\"podman\"\n$RUN run ${IMAGE} $OTHER\n";
        let found = container_commands(text);
        assert_eq!(
            found,
            [(
                3,
                vec![
                    "podman".into(),
                    "run".into(),
                    "/img.sqfs".into(),
                    "$OTHER".into()
                ]
            )]
        );
    }
}
