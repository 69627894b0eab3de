//! `hpcctl bench`: what a container costs.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use hpcctl_bench::{Approach, EXECUTORS, Elsewhere, Factor, Request, SUBJECTS, Watch};
use hpcctl_host::Live;
use hpcctl_model::Envelope;
use hpcctl_model::bench::{Bench as Measured, Compared, Verdict, counts};
use hpcctl_reports::{Kind, Report};
use indicatif::ProgressBar;
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::image;
use crate::interrupt;
use crate::measured;
use crate::ui::Ui;

/// Measure what a container costs, inside against outside.
///
/// The same program measures on both sides, in pairs of fresh processes and in random order. First
/// it measures outside against outside, which says what slow-down the run will find. Equivalent
/// means that the 90 % interval of the ratio lies within the margin; slower or faster that the
/// interval lies beyond it, and that the difference is none by chance at 1 % over all that was
/// measured together; else it is inconclusive, and what makes it so is said. So at most one run of
/// a hundred says of a container that costs nothing that anything differs, and a cost just at the
/// margin is called equivalent in at most one of twenty.
///
/// The ratio is inside by outside, pair by pair, so it need not be that of the medians beside it; of a time more is dearer, of
/// a rate less. libc is that of the image: one that hpcctl does not run with, such as musl or an older glibc, is measured by a
/// small program that any C library starts, which then measures the node's, too. libc and fs tell what a piece of work typically takes, so that a limit on processor time shows in cpu. fs reads
/// files of the node that are bound into the container, or of an empty image; fs.image those that the image brings,
/// where it is a directory, against a copy on the node.
///
/// launch.start is warm. launch.cold drops from the page cache, before each start, the program and what the launcher executes and maps,
/// as seen by ptrace; so the next one of others is colder once, too. What other processes have mapped, names, and the caches of
/// a disk, a file server or a daemon stay as they are.
///
/// Of ranks, each has a container of its own, as a launcher starts them; where they lose each other's
/// memory or /dev/shm, that is said. --why adds one factor of the container after the other with the
/// builtin launcher. A cause is confirmed when the figure leaves the margin with it and is back
/// without it; what cannot be tried here is told as unknown.
///
/// all is all of the runtime; overlay, which compares the ways of a container into the network of
/// the node whatever the runtime, is asked for by name, and so is mpi, which needs an MPI on both
/// sides: the mpiexec that is first on the path, and the library that is beside it or that the loader
/// finds. Inside that is the image's own, or the node's where the container is on the node's tree.
///
/// fabric, by name as well, is libfabric through the library that the loader finds on either side (LD_LIBRARY_PATH, as modules
/// set it): its providers, and messages by size with tcp, with shm and with the first provider of hardware that it ranks.
/// fabric.sockets compares two providers of the node whatever the runtime: tcp, to which a container falls back whose
/// library lacks that of the hardware, against this one, or shm where there is none.
///
/// gpu is asked for by name, too. It takes the first GPU that the driver of CUDA knows, opened at run time, else the first of
/// HIP (ROCm 5 to 7), else the first of OpenCL, of which PoCL is one that a processor stands in for; what the library, its
/// driver and the GPU are is compared. The ways by CUDA and HIP have been tried on stubs of driver and runtime only, on no GPU yet.
///
/// mounts, by name as well and whatever the runtime, reads a tree of small files and imports as Python does, from a squashfs
/// by FUSE (squashfuse_ll, else squashfuse) and by the kernel (as root, with a loop device), and from an overlay by FUSE
/// (fuse-overlayfs) and by the kernel, each against the same tree as a directory in TMPDIR. The squashfs is as mksquashfs makes
/// it; reader and program take turns on one processor. Everything was read once before: the caches of
/// file systems are warm. The mounts are in namespaces of the process that measures and end with it.
///
/// Nothing on the node is changed. Inside, the agent with its libraries and what it reads are bound read-only, and what it
/// writes is in a directory of its own; charliecloud and sarus bind for writing, too, and know nothing else. An image is a directory, or charliecloud:NAME; podman takes
/// containers-storage:NAME, too, and apptainer sif:FILE; these have a digest, which the report names, so
/// that a policy of hpcctl gate can ask for it. What is packed (docker://, oci:, tar:, squashfs:, sif: and files of these) is not
/// unpacked here: the command that makes a directory of it is told. docker-rootless takes docker:NAME alone, and sarus sarus:NAME. Without
/// one the builtin launcher runs on the host's own tree, read-only, the others on an empty tree with the host's C library,
/// which the daemon of docker-rootless has until the run ends; sarus has none.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl bench all                               the builtin launcher on the host's own tree
  hpcctl bench net libc --budget 120s --margin 1%
  hpcctl bench net --network none                loopback of a network namespace of its own
  hpcctl bench overlay                           veth, bridge, nft, slirp4netns and pasta against loopback
  hpcctl bench mounts                            squashfs and overlay, by FUSE and by the kernel, against a directory
  hpcctl bench net libc --inside podman --why    and why what differs differs
  hpcctl bench ranks --inside charliecloud --why messages between two ranks, each in its container
  hpcctl bench mpi                               the node's own MPI, its ranks in a container
  hpcctl bench mpi --image /images/mpich         the image's own MPI against the node's
  hpcctl bench mpi --image /images/mpich --mpi host-library
                                                 the node's MPI brought into the image
  hpcctl bench fabric --image /images/app        the image's libfabric, its providers, sockets against native
  hpcctl bench gpu --image /images/pytorch       the driver that is bound into the image against the node's
  hpcctl bench net --peer node2                  to another node, by ssh; by a scheduler with
                                                 --peer-by \"srun -N1 -w {}\"
  hpcctl bench all --compare before.json         what an update changed
  hpcctl bench all --inside host --plant 5%      is a slow-down of 5 % found on this node?
  hpcctl bench fs libc --image /images/debian    a directory that holds an image
  hpcctl bench all --inside podman --image containers-storage:debian
  hpcctl bench launch --inside charliecloud      what ch-run costs to start
  hpcctl bench all -o table -o json=bench.json   every sample
  hpcctl bench all -o html=bench.html            plots: bands, sizes, distributions

EXIT STATUS
  0 everything is equivalent or faster; 1 something is slower by more than the margin; 3 nothing is
  slower, but something is inconclusive or could not be measured; 5 the runtime or the image cannot
  be used. The start of a container (launch), the ways into its network (overlay), the kinds of mount (mounts) and
  sockets instead of a native provider (fabric.sockets) always cost and do not count.")]
pub struct Bench {
    /// What to measure
    #[arg(value_name = "SUBJECT", required_unless_present = "agent", value_parser = subjects())]
    subjects: Vec<String>,
    /// Of these only what begins so, such as net.node
    #[arg(long, value_name = "METRIC")]
    only: Option<String>,
    /// The runtime that inside is; host is outside once more, a self-test
    #[arg(long, value_name = "RUNTIME", default_value = "builtin", value_parser = runtimes())]
    inside: String,
    /// The image, which is not unpacked [default: none, with the host's C library]
    #[arg(long, value_name = "REF")]
    image: Option<String>,
    /// The network inside: host, or none for a namespace with loopback alone; podman also knows
    /// bridge, slirp4netns and pasta [default: host]
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// Another node: what passes to it is measured, too (net.peer); hpcctl is started there
    #[arg(long, value_name = "HOST")]
    peer: Option<String>,
    /// The command that starts a program on another node, {} being its name; such as "srun -w {}"
    #[arg(
        long,
        value_name = "COMMAND",
        default_value = "ssh -oBatchMode=yes {}",
        requires = "peer"
    )]
    peer_by: String,
    /// Where hpcctl is on the other node [default: where it is here]
    #[arg(long, value_name = "FILE", requires = "peer")]
    peer_program: Option<PathBuf>,
    /// Whose launcher and library the ranks of mpi have inside: those of the container, which holds both; the
    /// node's launcher, which starts each in the container, as in mpiexec ch-run; or the node's library, too
    /// [default: container-only]
    #[arg(long, value_name = "APPROACH", value_parser = approaches())]
    mpi: Option<String>,
    /// Compare with the JSON report of an earlier run: what the container costs now by what it
    /// cost then, by the same rules
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// How long the run may take, but for --why; 20 pairs are measured all the same (six after a minute, or three times as
    /// long), and where they take longer, that is said before
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    budget: Duration,
    /// The cost that does not matter
    #[arg(long, value_name = "PERCENT", default_value = "2%", value_parser = share, allow_hyphen_values = true)]
    margin: f64,
    /// The seed of the random order [default: another one each time]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Make inside slower by so much, to see that it is found
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = share)]
    plant: f64,
    /// Find out why what differs differs: the builtin launcher adds one factor of the container at a
    /// time, and then leaves out the one that it was; each takes as long as 20 pairs
    #[arg(long)]
    why: bool,
    /// Let the builtin launcher add a factor, to see that it is found
    #[arg(long, value_name = "FACTOR", hide = true, value_parser = factor)]
    add: Vec<Factor>,
    /// Measure what standard input asks for
    #[arg(long, hide = true, conflicts_with = "subjects")]
    agent: bool,
    /// Be a rank of an MPI that measures what is asked for here
    #[arg(long, value_name = "PLAN", hide = true, requires = "agent")]
    mpi_rank: Option<String>,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Bench))]
    output: Vec<String>,
}

/// The name that stands for every subject that compares the runtime.
const ALL: &str = "all";

/// The subjects that are none of them: overlay and mounts compare ways of their own, mpi needs an MPI, fabric a libfabric,
/// gpu a GPU.
const BY_NAME: [&str; 5] = ["overlay", "mpi", "fabric", "gpu", "mounts"];

fn subjects() -> PossibleValuesParser {
    let names = SUBJECTS.iter().map(|subject| subject.name);
    PossibleValuesParser::new(names.chain([ALL]))
}

fn approaches() -> PossibleValuesParser {
    PossibleValuesParser::new(Approach::names())
}

fn runtimes() -> PossibleValuesParser {
    PossibleValuesParser::new(EXECUTORS.iter().map(|row| row.name))
}

/// Reads a time such as `60s`, `2m` or `90`.
fn time(text: &str) -> Result<Duration, String> {
    let (digits, seconds) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    match digits.trim().parse::<f64>() {
        Ok(count) if (0.1..=86_400.0).contains(&(count * seconds)) => {
            Ok(Duration::from_secs_f64(count * seconds))
        }
        _ => Err("a time is a number of seconds up to a day, such as 60s, or 2m".into()),
    }
}

fn factor(name: &str) -> Result<Factor, String> {
    Factor::named(name).ok_or_else(|| "there is no such factor".into())
}

/// Reads a share such as `2%`.
fn share(text: &str) -> Result<f64, String> {
    match text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err("a share is a percentage from 0 to 100, such as 2%".into()),
    }
}

/// Passes the progress on to a bar.
struct Bar<'a> {
    bar: ProgressBar,
    ui: &'a Ui,
}

impl Bench {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        if self.agent {
            return self.serve();
        }
        self.check()?;
        let outputs = emit::outputs(&self.output, Kind::Bench)?;
        let begun = Timestamp::now();
        let seed = self
            .seed
            .unwrap_or_else(|| begun.as_microsecond().unsigned_abs());
        let names = self.names();
        let agent = ["bench", "--agent"].map(str::to_owned);
        let then = self.compare.as_deref().map(measured::read).transpose()?;
        let elsewhere = self.elsewhere(&agent)?;
        let request = Request {
            subjects: &names,
            only: self.only.as_deref(),
            runtime: &self.inside,
            peer: self.peer.as_deref().map(|host| Elsewhere {
                host,
                command: &elsewhere,
            }),
            network: self.network.as_deref(),
            image: self.image.as_deref(),
            margin: self.margin,
            seed,
            budget: self.budget,
            planted: self.plant,
            why: self.why,
            added: &self.add,
            // No other name is taken.
            approach: self
                .mpi
                .as_deref()
                .and_then(Approach::named)
                .unwrap_or_default(),
            agent: &agent,
        };
        let seconds = usize::try_from(self.budget.as_secs()).unwrap_or(usize::MAX);
        let bar = Bar {
            bar: ui.count("measuring, seconds", seconds),
            ui,
        };
        let measured = interrupt::held(|| hpcctl_bench::bench(&request, &Live, &bar));
        bar.bar.finish_and_clear();
        let measured = match measured {
            Ok(measured) => measured,
            Err(exit) => return Ok(exit),
        };
        let (mut bench, unknowns) = measured.map_err(|error| failure(&error))?;
        bench.image = self.image.as_deref().map(image::tried);
        if let Some(then) = &then {
            self.compare_with(then, &mut bench);
        }
        let exit = exit(&bench, !unknowns.is_empty());
        let report = emit::envelope("bench", begun, bench, unknowns);
        emit::write(&Report::Bench(&report), &outputs, ui)?;
        Ok(exit)
    }
}

impl Bench {
    /// Refuses what can never be carried out.
    fn check(&self) -> Result<(), Failure> {
        if self.margin == 0.0 {
            return Err(Failure::usage("a margin of 0 can never be shown to hold")
                .hint("name the cost that does not matter, such as --margin 2%"));
        }
        if self.mpi.is_some() && !self.subjects.iter().any(|name| name == "mpi") {
            return Err(Failure::usage(
                "--mpi says how ranks of mpi are started, and mpi is not asked for",
            )
            .hint("hpcctl bench mpi; all does without it"));
        }
        Ok(())
    }

    /// The names of the subjects.
    fn names(&self) -> Vec<&'static str> {
        let is_all = self.subjects.iter().any(|given| given == ALL);
        let chosen = |name: &&str| {
            let given = self.subjects.iter().any(|given| given == name);
            given || is_all && !BY_NAME.contains(name)
        };
        let names = SUBJECTS.iter().map(|subject| subject.name);
        names.filter(chosen).collect()
    }

    /// Measures what standard input asks for, or as the rank of an MPI.
    fn serve(&self) -> Result<Exit, Failure> {
        let served = match &self.mpi_rank {
            Some(plan) => {
                hpcctl_bench::be_rank(plan, io::stdout().lock(), hpcctl_image::file_digest)
            }
            None => hpcctl_bench::serve(io::stdin().lock(), io::stdout().lock()),
        };
        served
            .map(|()| Exit::Clean)
            .map_err(|error| Failure::fault(format!("the agent was left alone: {error}")))
    }

    /// The command that runs the agent on another node.
    fn elsewhere(&self, agent: &[String]) -> Result<Vec<String>, Failure> {
        let Some(host) = &self.peer else {
            return Ok(Vec::new());
        };
        if host.is_empty() || host.starts_with('-') {
            return Err(Failure::usage(format!("{host:?} is no name of a node")));
        }
        let own = std::env::current_exe()
            .map_err(|error| Failure::fault(format!("cannot find this program: {error}")))?;
        let program = self.peer_program.as_deref().unwrap_or(&own);
        let words = self.peer_by.split_whitespace();
        let mut command: Vec<String> = words.map(|word| word.replace("{}", host)).collect();
        if !self.peer_by.contains("{}") {
            command.push(host.clone());
        }
        command.push(program.display().to_string());
        command.extend_from_slice(agent);
        Ok(command)
    }

    /// Says what changed since an earlier run, and how that was another.
    fn compare_with(&self, then: &Envelope<Measured>, now: &mut Measured) {
        let plan = &then.result.plan;
        let file = self.compare.as_deref().unwrap_or(Path::new(""));
        let compared = Compared {
            file: file.display().to_string(),
            started_at: then.started_at.clone(),
            host: then.host.name.clone(),
            runtime: format!("{}, network {}", plan.runtime, plan.network),
            changes: hpcctl_bench::since(now, &then.result, self.margin),
        };
        if compared.changes.is_empty() {
            let doubt = "the earlier run has no figure that this one has";
            now.doubts.push(doubt.into());
        }
        now.doubts.extend(hpcctl_bench::unlike(&now.plan, plan));
        now.compared = Some(compared);
    }
}

/// What a run is to find, before it is one: in a line, and in one for each figure.
fn stated(pairs: usize, detectable: &[(&str, f64)], verbose: bool) -> Vec<String> {
    let figure = |(id, share): &(&str, f64)| format!("{:.1} % ({id})", share * 100.0);
    let ends = match detectable {
        [] => return Vec::new(),
        [only] => figure(only),
        [least, .., most] => format!("{} to {}", figure(least), figure(most)),
    };
    let mut lines = vec![format!(
        "{pairs} pairs are to find a slow-down of {ends} or more"
    )];
    if verbose && detectable.len() > 1 {
        lines.extend(detectable.iter().map(|one| format!("  {}", figure(one))));
    }
    lines
}

/// The exit status that the verdicts make.
fn exit(bench: &Measured, some_unknown: bool) -> Exit {
    let counted = bench.comparisons.iter();
    let mut counted = counted.filter(|comparison| counts(&comparison.metric));
    let changes = bench.compared.iter().flat_map(|it| &it.changes);
    let became_dearer = changes
        .filter(|change| counts(&change.metric))
        .any(|change| change.verdict == Verdict::Slower);
    if became_dearer || counted.clone().any(|one| one.verdict == Verdict::Slower) {
        Exit::Findings
    } else if some_unknown || counted.any(|one| one.verdict == Verdict::Inconclusive) {
        Exit::Inconclusive
    } else {
        Exit::Clean
    }
}

fn failure(error: &hpcctl_bench::Error) -> Failure {
    let message = format!("cannot compare: {}", chain(error));
    match error {
        hpcctl_bench::Error::Usage(_) => Failure::usage(message),
        hpcctl_bench::Error::Unreachable(_) => Failure::unreachable(message)
            .hint("hpcctl doctor says what stands in the way of a runtime on this node"),
        _ => Failure::unreachable(message),
    }
}

impl Watch for Bar<'_> {
    fn passed(&self, passed: Duration, of: Duration) {
        self.bar.set_length(of.max(passed).as_secs());
        self.bar.set_position(passed.as_secs());
    }

    fn stated(&self, pairs: usize, detectable: &[(&str, f64)]) {
        let lines = stated(pairs, detectable, self.ui.verbose);
        self.bar
            .suspend(|| lines.iter().for_each(|line| self.ui.note(line)));
    }

    fn least(&self, pairs: usize, time: Duration) {
        let seconds = time.as_secs_f64().ceil();
        let line = format!(
            "the run takes {seconds} s or more, for {pairs} pairs: longer than --budget says; --only leaves figures out"
        );
        self.bar.suspend(|| self.ui.note(&line));
    }

    fn is_over(&self) -> bool {
        interrupt::came()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_shares_are_read() {
        assert_eq!(time("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(time("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(time("7"), Ok(Duration::from_secs(7)));
        assert!(time("0s").is_err() && time("soon").is_err() && time("nan").is_err());
        assert_eq!(share("2%"), Ok(0.02));
        assert_eq!(share("0.5"), Ok(0.005));
        assert!(share("-1%").is_err() && share("101%").is_err());
    }

    #[test]
    fn what_a_run_is_to_find_is_one_line_or_one_a_figure() {
        let all = [
            ("libc.math", 0.021),
            ("libc.string", 0.03),
            ("cpu.compute", 0.2),
        ];
        let line =
            "26 pairs are to find a slow-down of 2.1 % (libc.math) to 20.0 % (cpu.compute) or more";
        assert_eq!(stated(26, &all, false), [line]);
        let lines = stated(26, &all, true);
        assert_eq!(
            (lines.len(), lines[2].as_str()),
            (4, "  3.0 % (libc.string)")
        );
        let one = "20 pairs are to find a slow-down of 2.1 % (libc.math) or more";
        assert_eq!(stated(20, &all[..1], true), [one]);
    }
}
