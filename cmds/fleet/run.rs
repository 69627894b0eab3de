//! `hpcctl fleet run`: hpcctl on many nodes, carried by an engine that the site has.

use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser as _};
use hpcctl_host::command::{End, Ran, run_read};
use hpcctl_host::{Host, Live, shell};
use hpcctl_model::Unknown;
use hpcctl_model::fleet::Fleet;
use hpcctl_reports::fleet::{Merge, NodeSet, Terms};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use super::engine::{ENGINES, Engine, Nodes, Plan};
use super::last;
use crate::cli::Cli;
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt;
use crate::state::Kept;
use crate::ui::Ui;

/// How much of the engine's output is read at a time.
const CHUNK: usize = 256 << 10;

/// How many words of an engine may stand in front of the name of a node: `srun: error: n3: `.
const HEAD: usize = 3;

/// How long an engine may take to tell its version.
const VERSION: Duration = Duration::from_secs(10);

/// Run hpcctl on many nodes, and fold what they found.
///
/// The engine is one that the site has and trusts: hpcctl starts it, reads what it prints, and
/// opens no connection of its own. The program must be at the same path on the nodes. Nodes that
/// did not report in time are named. The report is kept for `fleet match`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl fleet run --engine srun --nodes n[001-128] -- doctor --fast
  hpcctl fleet run --engine pdsh --nodes n[001-128] --expected n[001-130] -- doctor --fast
  hpcctl fleet run --engine clush --nodes n[1-8] --engine-option=--worker=rsh -- doctor --fast
  hpcctl fleet run --engine mpiexec --nodes n[1-8] --dry-run -- doctor --fast
  hpcctl fleet run --engine local -- doctor

EXIT STATUS
  0 containers run with every installed runtime of every node; 1 on one they do not, or it has none
  (builtin counts where it alone is asked for); 3 on none of those that reported, but of one it is not known, or a node did not report; 5 the engine cannot be started.")]
pub struct Run {
    /// What carries the command to the nodes
    #[arg(long, value_name = "ENGINE", value_parser = PossibleValuesParser::new(ENGINES.iter().map(|engine| engine.name)))]
    engine: String,
    /// The nodes, such as n[001-128,130] [default: those of the job that this runs in]
    #[arg(long, value_name = "SET", value_parser = super::node_set)]
    nodes: Option<NodeSet>,
    /// The nodes that are to report, where that is more than --nodes
    #[arg(long, value_name = "SET", value_parser = super::node_set)]
    expected: Option<NodeSet>,
    /// hpcctl on the nodes [default: the path of this one]
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// An option for the engine; repeatable
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    engine_option: Vec<String>,
    /// End the engine after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86400))]
    deadline: u64,
    /// Only print the command line of the engine
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    kept: Kept,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Fleet))]
    output: Vec<String>,
    /// The command on the nodes, after --: doctor and its options
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Run {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Fleet)?;
        let engine = ENGINES.iter().find(|engine| engine.name == self.engine);
        let engine = engine.ok_or_else(|| Failure::fault("an engine without a row"))?;
        let nodes = self.nodes(engine)?;
        let argv = (engine.argv)(&Plan {
            nodes: nodes.as_ref(),
            options: &self.engine_option,
            command: self.on_node()?,
            deadline: self.deadline,
            version: version(engine),
        });
        if self.dry_run {
            return emit::to_stdout((typed(&argv) + "\n").as_bytes()).map(|()| Exit::Clean);
        }
        let begun = Timestamp::now();
        let mut merged = Merge::new(super::table());
        let words: Vec<&str> = argv.iter().map(String::as_str).collect();
        let deadline = Duration::from_secs(self.deadline);
        let ran = interrupt::held(|| {
            run_read(&words, deadline, &interrupt::came, |out| {
                merged.read(BufReader::with_capacity(CHUNK, out))
            })
        });
        let (ran, read) = match ran {
            Ok(ran) => ran,
            Err(interrupted) => return Ok(interrupted),
        };
        if let End::NotStarted(errno) = ran.end {
            let message = format!("cannot start {}: {errno}", argv[0]);
            return Err(Failure::unreachable(message).hint(engine.hint));
        }
        let expected = self.expected.as_ref().or(nodes.as_ref());
        merged.hear(&ran.stderr);
        if ran.end == End::Deadline {
            let why = format!(
                "nothing came from it by the deadline of {} s",
                self.deadline
            );
            merged.otherwise(why);
        }
        let result = merged.report(&Terms {
            expected,
            asked: Some(begun),
            now: Some(Timestamp::now()),
            within: None,
        });
        let broke_off = read.and_then(Result::err);
        let mut unknowns: Vec<Unknown> = broke_off
            .map(|error| Unknown::new(engine.name, error.to_string()))
            .into_iter()
            .collect();
        if result.reported == 0 || result.missing.count > 0 {
            unknowns.extend(complaint(engine, &ran, &result));
        }
        let exit = super::exit(&result);
        let report = emit::envelope("fleet", begun, result, unknowns);
        last::keep(&report, &self.kept, ui);
        emit::write(&Report::Fleet(&report), &outputs, ui)?;
        Ok(exit)
    }

    /// The nodes that were named, or those of the job.
    fn nodes(&self, engine: &Engine) -> Result<Option<NodeSet>, Failure> {
        if let Some(nodes) = &self.nodes {
            return match engine.nodes {
                Nodes::OfJob => Err(Failure::usage(format!(
                    "{} reaches the nodes of its job, and cannot be told any",
                    engine.name
                ))
                .hint("--expected says which nodes are to report")),
                Nodes::This => here(engine, nodes),
                Nodes::Told => Ok(Some(nodes.clone())),
            };
        }
        let of_job = (engine.of_job)(&Live);
        let of_job = of_job.map(|set| NodeSet::parse(&set)).transpose();
        let of_job = of_job.map_err(|error| {
            Failure::unreachable(format!("cannot read the nodes of the job: {error}"))
        })?;
        match of_job.filter(|nodes| !nodes.is_empty()) {
            None if engine.nodes == Nodes::Told => Err(Failure::usage(format!(
                "{} must be told the nodes, and this is no job that has any",
                engine.name
            ))
            .hint("name them: --nodes n[001-128]")),
            nodes => Ok(nodes),
        }
    }

    /// The command on a node.
    fn on_node(&self) -> Result<Vec<String>, Failure> {
        let [first, rest @ ..] = self.command.as_slice() else {
            return Err(Failure::usage("no command follows --"));
        };
        let is_output = |word: &String| word.starts_with("-o") || word.starts_with("--output");
        if first != "doctor" || rest.iter().any(is_output) {
            let message = "only doctor, without -o, prints the lines that are merged";
            return Err(Failure::usage(message).hint("-- doctor --fast"));
        }
        let known = Cli::try_parse_from([&["hpcctl".to_owned()], self.command.as_slice()].concat());
        if let Err(error) = known {
            let error = error.to_string();
            let line = error.lines().next().unwrap_or_default();
            let why = line.strip_prefix("error: ").unwrap_or(line);
            return Err(Failure::usage(format!("doctor does not take that: {why}")));
        }
        let program = match &self.program {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(|error| {
                Failure::unreachable(format!("cannot find the path of hpcctl: {error}"))
                    .hint("name it: --program PATH")
            })?,
        };
        let program = program.display().to_string();
        let command = [&[program], self.command.as_slice()].concat();
        Ok([command, vec!["-o".into(), "line".into()]].concat())
    }
}

/// The nodes, where they are this one: that others do not report says nothing of them.
fn here(engine: &Engine, nodes: &NodeSet) -> Result<Option<NodeSet>, Failure> {
    let name = crate::doctor::node_name();
    if nodes.len() == 1 && nodes.knows(&name) {
        return Ok(Some(nodes.clone()));
    }
    let message = format!(
        "{} reaches this node ({name}) alone, and not {}",
        engine.name,
        nodes.folded()
    );
    Err(Failure::usage(message)
        .hint("another engine reaches them: --engine srun, pdsh, clush or ansible"))
}

/// What an engine whose options depend on it tells as its version.
fn version(engine: &Engine) -> String {
    if !engine.asks_version {
        return String::new();
    }
    let ran = Live.run(&[engine.name, "--version"], VERSION);
    ran.stdout + &ran.stderr
}

/// What an engine said of itself, where it did not reach every node. What it says of single nodes is
/// told of those.
fn complaint(engine: &Engine, ran: &Ran, fleet: &Fleet) -> Option<Unknown> {
    let end = match ran.end {
        End::Exit(status) => format!("ended with status {status}"),
        End::Signal(signal) => format!("was ended by signal {signal}"),
        End::Deadline => "was ended at the deadline".into(),
        End::NotStarted(errno) => format!("cannot be waited for: {errno}"),
    };
    let sets = fleet.groups.iter().map(|group| &group.nodes.set);
    let sets = sets.chain([&fleet.missing.set]);
    let nodes: Vec<NodeSet> = sets.filter_map(|set| NodeSet::parse(set).ok()).collect();
    let is_node = |word: &str| nodes.iter().any(|set| set.contains(word));
    let mut words = ran.stderr.lines().map(str::trim).filter(|line| {
        let mut parts = line.split(": ").take(HEAD);
        !line.is_empty() && !parts.any(is_node)
    });
    // Engines end with the status of a node, which is no word of their own.
    let said = match (words.next(), ran.end) {
        (Some(line), _) => format!(": {line}"),
        (None, End::Exit(_)) if !fleet.groups.is_empty() => return None,
        (None, _) => String::new(),
    };
    Some(Unknown::new(engine.name, format!("{end}{said}")))
}

/// A command line as one would type it.
fn typed(argv: &[String]) -> String {
    let words = argv.iter().map(|word| shell::word(word));
    words.collect::<Vec<_>>().join(" ")
}
