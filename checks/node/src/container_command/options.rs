//! The options of a program, as its own `--help` tells them: those of the release that is
//! installed.
//!
//! The forms are those of cobra (podman, apptainer, docker), argp (ch-run) and argparse
//! (ch-image).

use super::Given;

/// Asks a program for its help: the arguments, with the program, to what it prints.
#[derive(Clone, Copy)]
pub struct Helps<'a> {
    ask: &'a dyn Fn(&[&str]) -> String,
}

impl<'a> Helps<'a> {
    /// By this function; what is empty counts as no help.
    pub fn new(ask: &'a dyn Fn(&[&str]) -> String) -> Self {
        Self { ask }
    }

    pub(super) fn of(&self, argv: &[&str]) -> String {
        (self.ask)(argv)
    }
}

impl std::fmt::Debug for Helps<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Helps")
    }
}

/// An option that the help tells of.
#[derive(Debug, Clone, Default)]
struct Row {
    long: Option<String>,
    short: Option<char>,
    /// Whether a word of its own follows.
    takes: bool,
}

/// The options of a program.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    rows: Vec<Row>,
    /// Whether there was a help.
    told: bool,
}

/// Options with a value, where there is no help to ask.
const TAKE: &[&str] = &[
    "B",
    "bind",
    "cd",
    "cgroup-manager",
    "cgroups",
    "device",
    "e",
    "entrypoint",
    "env",
    "file",
    "gpus",
    "ipc",
    "isolation",
    "log-level",
    "memory",
    "mount",
    "name",
    "net",
    "network",
    "overlay",
    "pid",
    "pull",
    "root",
    "runroot",
    "runtime",
    "security-opt",
    "shm-size",
    "storage-driver",
    "storage-opt",
    "tag",
    "tmpfs",
    "ulimit",
    "user",
    "userns",
    "uts",
    "v",
    "volume",
    "workdir",
];

impl Options {
    /// Reads the lines that begin with an option.
    pub(super) fn read(help: &str) -> Self {
        let rows: Vec<Row> = help
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with('-'))
            .filter_map(row)
            .collect();
        let told = !rows.is_empty();
        Self { rows, told }
    }

    /// Takes options of the program before its subcommand, which are good after it, too.
    pub(super) fn add(&mut self, more: Self) {
        self.rows.extend(more.rows);
    }

    /// Splits words into options and the rest, which begins with the first other word.
    pub(super) fn split<'w>(&self, words: &'w [String]) -> (Vec<Given>, &'w [String]) {
        let mut given = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            if word == "--" {
                return (given, &words[at + 1..]);
            }
            if !word.starts_with('-') || word.len() == 1 {
                break;
            }
            at += 1;
            let wants = match word.strip_prefix("--") {
                Some(long) => self.long(long, &mut given),
                None => self.short(&word[1..], &mut given),
            };
            if let (true, Some(last)) = (wants, given.last_mut()) {
                last.value = words.get(at).cloned();
                at += 1;
            }
        }
        (given, words.get(at..).unwrap_or_default())
    }

    /// A long option; whether its value is the next word.
    fn long(&self, text: &str, given: &mut Vec<Given>) -> bool {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let row = self.named(name);
        let takes = match row {
            Some(row) => row.takes,
            None => TAKE.contains(&name),
        };
        let long = row.and_then(|row| row.long.clone());
        let wants = takes && value.is_none();
        given.push(Given {
            name: long.unwrap_or_else(|| name.to_owned()),
            value,
            known: self.told.then_some(row.is_some()),
        });
        wants
    }

    /// By its name, or by a beginning of it that no other has.
    fn named(&self, name: &str) -> Option<&Row> {
        let begins = |row: &&Row| row.long.as_ref().is_some_and(|long| long.starts_with(name));
        let mut beginning = self.rows.iter().filter(begins);
        let exact = |row: &&Row| row.long.as_deref() == Some(name);
        self.rows.iter().find(exact).or_else(|| {
            let first = beginning.next()?;
            beginning.next().is_none().then_some(first)
        })
    }

    /// Short options in one word; whether the value of the last is the next word.
    fn short(&self, letters: &str, given: &mut Vec<Given>) -> bool {
        for (at, letter) in letters.char_indices() {
            let row = self.rows.iter().find(|row| row.short == Some(letter));
            let name = letter.to_string();
            let takes = match row {
                Some(row) => row.takes,
                None => TAKE.contains(&name.as_str()),
            };
            let long = row.and_then(|row| row.long.clone());
            let rest = &letters[at + letter.len_utf8()..];
            let value =
                (takes && !rest.is_empty()).then(|| rest.trim_start_matches('=').to_owned());
            let done = value.is_some();
            given.push(Given {
                name: long.unwrap_or(name),
                value,
                known: self.told.then_some(row.is_some()),
            });
            if done {
                return false;
            }
            if takes {
                return true;
            }
        }
        false
    }
}

/// One line: `-v, --volume strings   …`, `-b, --bind=SRC   …`, `-t TAG, --tag TAG   …`.
fn row(line: &str) -> Option<Row> {
    let spec = line.split("  ").next()?;
    let mut row = Row::default();
    for part in spec.split(", ") {
        let end = part.find([' ', '=', '[']).unwrap_or(part.len());
        let (name, after) = part.split_at(end);
        row.takes |= after.starts_with('=') || after.starts_with(' ');
        match name.strip_prefix("--") {
            Some(long) => row.long = Some(long.to_owned()),
            None => row.short = name.strip_prefix('-').and_then(|name| name.chars().next()),
        }
    }
    (row.long.is_some() || row.short.is_some()).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = (String, Option<String>, Option<bool>);

    fn split(help: &str, line: &str) -> (Vec<Seen>, String) {
        let words: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
        let (given, rest) = Options::read(help).split(&words);
        let given = given
            .into_iter()
            .map(|given| (given.name, given.value, given.known));
        (given.collect(), rest.join(" "))
    }

    #[test]
    fn each_form_of_help_is_read() {
        let cobra = "  -v, --volume strings   Bind\n      --rm               Remove\n";
        let argp = "  -b, --bind=SRC[:DST]   mount\n      --set-env[=ARG]    set\n";
        let argparse = "  -t TAG, --tag TAG     name\n  -n, --dry-run         do\n";
        let value = |text: &str| Some(text.to_owned());
        let (given, rest) = split(cobra, "-v a --rm x --rm");
        assert_eq!(given[0], ("volume".into(), value("a"), Some(true)));
        assert_eq!((given[1].0.as_str(), rest.as_str()), ("rm", "x --rm"));
        let (given, rest) = split(argp, "-ba --set-env --bind=b /i -- c");
        assert_eq!(given[0].1, value("a"));
        assert_eq!((given[1].1.clone(), given[2].1.clone()), (None, value("b")));
        assert_eq!(rest, "/i -- c");
        let (given, rest) = split(argparse, "-t x -n .");
        assert_eq!((given[0].1.clone(), rest.as_str()), (value("x"), "."));
    }

    #[test]
    fn what_the_help_does_not_know_is_told() {
        let help = "  -w, --write    write\n      --writable    x\n";
        assert_eq!(split(help, "--write-fake i").0[0].2, Some(false));
        assert_eq!(split(help, "--wri i").0[0].2, Some(false), "not unique");
        assert_eq!(split(help, "--writa i").0[0].0, "writable");
        assert_eq!(split("", "--write-fake i").0[0].2, None);
    }

    #[test]
    fn words_that_are_no_options_do_no_harm() {
        assert_eq!(split("", "").1, "");
        assert_eq!(split("", "-- x").1, "x");
        assert_eq!(split("", "--runtime").1, "");
        assert_eq!(split("", "- x").1, "- x");
    }
}
