//! Which runtime a command line uses, for what, and with which options.

mod options;

pub use options::Helps;

use options::Options;

use crate::solver::{Choice, Formula};

/// Programs that start or build containers, and the runtime that each belongs to.
pub(crate) static PROGRAMS: &[(&str, &str)] = &[
    ("podman", "podman"),
    ("podman-hpc", "podman-hpc"),
    ("ch-run", "charliecloud"),
    ("ch-image", "charliecloud"),
    ("apptainer", "apptainer"),
    ("singularity", "apptainer"),
    ("docker", "docker-rootless"),
    ("enroot", "enroot"),
    ("sarus", "sarus"),
    ("shifter", "shifter"),
    ("udocker", "udocker"),
];

/// Programs that do one thing without being told to.
const RUNNERS: &[&str] = &["ch-run", "shifter"];

/// Subcommands, and the operations that they are.
const SUBCOMMANDS: &[(&str, &str)] = &[
    ("run", "run"),
    ("create", "run"),
    ("exec", "run"),
    ("start", "run"),
    ("shell", "run"),
    ("test", "run"),
    ("build", "build"),
    ("pull", "pull"),
];

/// An option as it was given; a short one by the long name where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    /// The name, without dashes.
    pub(crate) name: String,
    /// The value, where there is one.
    pub(crate) value: Option<String>,
    /// Whether the program's own help knows it; none where there is no help.
    pub(crate) known: Option<bool>,
}

/// A container command in a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerCommand {
    /// Its program, without a directory.
    pub(crate) program: &'static str,
    /// The runtime.
    pub(crate) runtime: &'static str,
    /// The word that says what to do; empty where the program does one thing.
    pub(crate) verb: String,
    /// The operation; none where it neither starts, builds nor pulls.
    pub(crate) op: Option<&'static str>,
    /// The options of the program, before the image.
    pub(crate) options: Vec<Given>,
    /// The image, and the words after it.
    pub(crate) rest: Vec<String>,
}

impl ContainerCommand {
    /// Whether an option is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|given| given.name == name)
    }

    /// The value of an option; the last one counts.
    pub(crate) fn value(&self, names: &[&str]) -> Option<&str> {
        let mut given = self.options.iter().rev();
        given.find_map(|given| {
            let named = names.contains(&given.name.as_str());
            given.value.as_deref().filter(|_| named)
        })
    }

    /// The image, where one is to be run.
    pub(crate) fn image(&self) -> Option<&str> {
        let runs = self.op == Some("run") && !matches!(self.verb.as_str(), "exec" | "start");
        let runs = runs || (self.runtime == "apptainer" && self.op == Some("run"));
        self.rest.first().map(String::as_str).filter(|_| runs)
    }

    /// The other ways of a rule that it takes.
    pub(crate) fn taken(&self, needs: &Formula, helps: &Helps<'_>) -> Vec<&'static Choice> {
        let mut choices = needs.choices();
        choices.retain(|choice| self.takes(choice.command, helps));
        choices
    }

    /// Whether it takes another way that a rule knows: each option of that way is given here.
    pub(crate) fn takes(&self, way: &str, helps: &Helps<'_>) -> bool {
        let words: Vec<String> = way.split_whitespace().map(ToOwned::to_owned).collect();
        let Some(way) = parse(&words, helps) else {
            return false;
        };
        let same = |wanted: &Given| {
            let name = wanted.name.as_str();
            let given = self.value(&[name]).map(ToOwned::to_owned);
            let given = given.or_else(|| self.value(spelt(name)).map(ToOwned::to_owned));
            match &wanted.value {
                Some(value) => given.is_some_and(|given| like(name, &given) == like(name, value)),
                None => self.has(name),
            }
        };
        way.program == self.program
            && way.op.is_none_or(|op| Some(op) == self.op)
            && !way.options.is_empty()
            && way.options.iter().all(same)
    }
}

/// Other spellings of an option.
fn spelt(name: &str) -> &'static [&'static str] {
    match name {
        "network" => &["net"],
        _ => &[],
    }
}

/// What a value is as good as: with the network of another, or none, no interface is made.
fn like<'a>(name: &str, value: &'a str) -> &'a str {
    match name {
        "network" if value == "none" || value.starts_with("container:") => "host",
        "network" if value.starts_with("ns:") => "host",
        "runtime" => value.rsplit('/').next().unwrap_or(value),
        _ => value,
    }
}

/// The first container command among the words of a line.
pub(crate) fn find(words: &[String], helps: &Helps<'_>) -> Option<ContainerCommand> {
    let at = words.iter().position(|word| program(word).is_some())?;
    parse(&words[at..], helps)
}

/// The program that a word names.
pub(crate) fn program(word: &str) -> Option<(&'static str, &'static str)> {
    let name = word.rsplit('/').next().unwrap_or(word);
    PROGRAMS.iter().find(|row| row.0 == name).copied()
}

/// Reads the words of a container command, of which the first is the program.
fn parse(words: &[String], helps: &Helps<'_>) -> Option<ContainerCommand> {
    let (first, words) = words.split_first()?;
    let (program, runtime) = program(first)?;
    let mut command = ContainerCommand {
        program,
        runtime,
        verb: String::new(),
        op: None,
        options: Vec::new(),
        rest: Vec::new(),
    };
    let own = Options::read(&helps.of(&[program, "--help"]));
    if RUNNERS.contains(&program) {
        command.op = Some("run");
        let (given, rest) = own.split(words);
        (command.options, command.rest) = (given, rest.to_vec());
        return Some(command);
    }
    let (given, mut rest) = own.split(words);
    command.options = given;
    // Some programs have groups of subcommands.
    if let Some(("container" | "image", more)) = rest.split_first().map(|(w, r)| (w.as_str(), r)) {
        rest = more;
    }
    if let Some((verb, words)) = rest.split_first() {
        let known = SUBCOMMANDS.iter().find(|(name, _)| name == verb);
        command.op = known.map(|(_, op)| *op);
        command.verb.clone_from(verb);
        let mut options = Options::default();
        // Only of what is judged: other subcommands are not asked for their help.
        if known.is_some() {
            options = Options::read(&helps.of(&[program, verb, "--help"]));
            options.add(own);
        }
        let (given, rest) = options.split(words);
        command.options.extend(given);
        command.rest = rest.to_vec();
    }
    Some(command)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const PODMAN: &str = "Options:
      --cgroup-manager string    Cgroup manager to use
      --runtime string           Path to the OCI runtime
      --remote                   Access service
";
    pub(crate) const PODMAN_RUN: &str = "Options:
  -i, --interactive              Keep STDIN open
      --network network          Connect a container to a network
      --rm                       Remove container
  -t, --tty                      Allocate a pseudo-TTY
      --ulimit ulimit            Ulimit options
  -v, --volume strings           Bind mount a volume
";
    pub(crate) const CH_RUN: &str = "Usage: ch-run [OPTION...] IMAGE -- CMD [ARG...]
  -b, --bind=SRC[:DST]   mount SRC at guest DST (default: same as SRC)
      --set-env[=ARG]    set environment variables per ARG
  -w, --write            mount image read-write
  -V, --version          print version and exit
";

    /// The help of podman and of ch-run.
    pub(crate) fn helps(argv: &[&str]) -> String {
        match argv {
            ["podman", "--help"] => PODMAN,
            ["podman", "run", "--help"] => PODMAN_RUN,
            ["ch-run", "--help"] => CH_RUN,
            _ => "",
        }
        .into()
    }

    pub(crate) fn command(line: &str) -> Option<ContainerCommand> {
        let words: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
        find(&words, &Helps::new(&helps))
    }

    #[test]
    fn every_runtime_is_known() {
        for (_, runtime) in PROGRAMS {
            assert!(
                crate::RUNTIMES.iter().any(|row| row.name == *runtime),
                "{runtime}"
            );
        }
    }

    #[test]
    fn running_is_told_from_building() {
        let of = |line: &str| command(line).map(|found| (found.runtime, found.op));
        assert_eq!(
            of("srun ch-run /img -- true"),
            Some(("charliecloud", Some("run")))
        );
        assert_eq!(
            of("ch-image pull alpine"),
            Some(("charliecloud", Some("pull")))
        );
        assert_eq!(
            of("/usr/bin/podman build ."),
            Some(("podman", Some("build")))
        );
        assert_eq!(
            of("podman --runtime runc run x build"),
            Some(("podman", Some("run")))
        );
        assert_eq!(of("podman images"), Some(("podman", None)));
        assert_eq!(of("build podmanager"), None);
    }

    #[test]
    fn options_end_where_the_image_begins() {
        let found =
            command("podman --runtime runc run -it --rm -v /a:/b --network=host deb sh --rm");
        let found = found.unwrap();
        assert_eq!(found.image(), Some("deb"));
        assert_eq!(found.rest, ["deb", "sh", "--rm"]);
        assert_eq!(found.value(&["runtime"]), Some("runc"));
        assert_eq!(found.value(&["network"]), Some("host"));
        assert_eq!(found.value(&["volume"]), Some("/a:/b"));
        assert!(found.has("tty") && found.has("interactive"));
        let found = command("ch-run -w --set-env --bind /a /img -- ls -w").unwrap();
        assert_eq!(found.rest, ["/img", "--", "ls", "-w"]);
        assert!(found.has("write") && found.has("set-env"));
    }

    #[test]
    fn another_way_is_taken_where_its_options_are_given() {
        let takes = |line: &str, way: &str| command(line).unwrap().takes(way, &Helps::new(&helps));
        let runc = "podman --runtime runc …";
        let host = "podman run --network=host …";
        assert!(takes("podman --runtime runc run x", runc));
        assert!(takes("podman --runtime=/usr/sbin/runc run x", runc));
        assert!(!takes("podman run x --runtime runc", runc));
        assert!(takes("podman run --network host x", host));
        assert!(takes("podman run --net=none x", host));
        assert!(!takes("podman run --network=bridge x", host));
        assert!(!takes("podman build --network=host .", host));
        assert!(takes("ch-run -w d -- true", "ch-run -w DIR -- …"));
        assert!(!takes(
            "ch-run d -- true",
            "ch-convert IMAGE.sqfs DIR && ch-run DIR -- …"
        ));
    }
}
