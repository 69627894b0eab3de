//! `hpcctl doctor`: what this node can do, by trying it.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use hpcctl_model::TriedImage;
use hpcctl_node::advice::CONFIGURATIONS;
use hpcctl_node::advice::job::SCHEDULERS;
use hpcctl_node::{Ask, Image, OPERATIONS, RUNTIMES};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::image;
use crate::interrupt;
use crate::ui::Ui;

mod advise;
mod baseline;
mod decision;
mod explain;
mod lint;
mod list;
mod node;
mod recording;
mod why;

pub use node::name as node_name;

/// Find out what this node can do, by trying it.
///
/// Runs every check as the calling user, in forked children that end within seconds, and
/// derives from what they found which container runtime can do what here, and the smallest
/// change where it cannot. Nothing on the node is changed or left behind.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "COMMAND")]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl doctor                               everything
  hpcctl doctor --runtime podman --op run     can podman run a container here?
  hpcctl doctor --check ns.user --check ns.pivot
  hpcctl doctor -o json=node.json -o table
  hpcctl doctor --fast -o nhc                 one line, for a prologue or a health check
  hpcctl doctor -o json=yesterday.json; hpcctl doctor --baseline yesterday.json
  hpcctl doctor --emit-config podman | sh     the configuration that works here
  hpcctl doctor --emit-job slurm --image /images/app > job.sh
  hpcctl doctor lint job.sh
  hpcctl doctor why -- podman run --rm IMAGE true
  hpcctl doctor --record bug && hpcctl doctor --host-root bug
  hpcctl doctor explain fuse.open

OPERATIONS
  pull            take an image from a registry into the runtime's own store
  run             start a container from an image that is there
  build           build an image whose steps keep to one owner of files
  build-multiuid  build an image with steps that change owners: chown, useradd, most packages
  mount-fuse      start from a squashfs or SIF image, mounted by FUSE
  mount-kernel    start from a squashfs or SIF image, mounted by the kernel (set-user-id)
  overlay         write in a container without writing to the image
  gpu             see the GPUs of the node
  mpi-host        use the MPI of the node in the container
  launch          start ranks in containers by the node's launcher

ENVIRONMENT
  HPCCTL_NODE     the node's name in -o line; else SLURMD_NODENAME, else that of uname(2)

EXIT STATUS
  The operations asked for are --runtime × --op; by default the runtimes are those that are
  installed (builtin where none is) and the operation is `run`. 0 all work, 1 one does not,
  3 none is refused but one is unknown, or with -o nhc none is installed. With --check alone the checks decide, from `fail` on;
  with --fail-on they decide from that level on. With --baseline: 1 where something changed.")]
pub struct Doctor {
    #[command(subcommand)]
    command: Option<DoctorCommand>,
    /// Judge only this runtime, and make only the checks that it rests on; repeatable. builtin
    /// is no program: it is what namespaces alone can do here
    #[arg(long, value_name = "RUNTIME", value_parser = PossibleValuesParser::new(RUNTIMES.iter().map(|runtime| runtime.name)))]
    runtime: Vec<String>,
    /// Judge only this operation; repeatable
    #[arg(long, value_name = "OP", value_parser = PossibleValuesParser::new(OPERATIONS))]
    op: Vec<String>,
    /// Run only this check, and those that an operation or runtime asked for rests on; repeatable
    #[arg(long, value_name = "ID")]
    check: Vec<String>,
    /// Ask a registry, too: the first mirror or search registry, or Docker Hub
    #[arg(long)]
    network: bool,
    /// Ask podman what it maps itself; it leaves directories and a pause process behind
    #[arg(long)]
    ask_runtimes: bool,
    /// Leave out what starts other programs: for prologues and health checks of nodes
    #[arg(long)]
    fast: bool,
    /// Report only what changed since this report, a JSON file of `doctor`
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Print the configuration that works on this node, with reasons, as a shell script
    #[arg(long, value_name = "WHAT", value_parser = PossibleValuesParser::new(CONFIGURATIONS.iter().map(|row| row.name)))]
    emit_config: Option<String>,
    /// Print a job script that runs --image with the runtime that works here
    #[arg(long, value_name = "SCHEDULER", requires = "image", value_parser = PossibleValuesParser::new(SCHEDULERS))]
    emit_job: Option<String>,
    /// Judge what this image needs, too; with --emit-job only its name, as the runtime takes it
    #[arg(long, value_name = "REF")]
    image: Option<String>,
    /// Keep every question and answer in DIR/node.json, to judge the node elsewhere
    #[arg(long, value_name = "DIR", conflicts_with = "host_root")]
    record: Option<PathBuf>,
    /// Judge the node that was recorded in DIR instead of this one
    #[arg(long, value_name = "DIR")]
    host_root: Option<PathBuf>,
    /// Let the checks decide the exit status: 1 where one warns or fails
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<Level>,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Doctor))]
    output: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum DoctorCommand {
    /// List the checks
    #[command(
        after_long_help = "EXAMPLES\n  hpcctl doctor list\n  hpcctl doctor list -o json | jq -r '.result[] | select(.admin) | .id'"
    )]
    List {
        #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Checks))]
        output: Vec<String>,
    },
    /// Run a container command that fails, and say why: the call, the cause, the fix
    ///
    /// The command and all that it starts are traced; programs with privileges of their own,
    /// such as newuidmap, are let go first. What it writes to standard output goes to standard
    /// error: standard output is for the report. A container that starts and whose program fails,
    /// a program or an image that is not there, and words that the runtime does not take are told
    /// from a fault of the node. 0 the command succeeded, 1 it is known why it did not, 3 that is
    /// not known, 5 the command could not be started.
    #[command(
        after_long_help = "EXAMPLES\n  hpcctl doctor why -- podman run --rm debian true\n  hpcctl doctor why -o json -- ch-run /images/debian -- true"
    )]
    Why {
        /// End the command after so many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
        deadline: u64,
        #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Why))]
        output: Vec<String>,
        /// The command, after --
        #[arg(required = true, last = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// Say what a job script or a Containerfile will really do here
    ///
    /// Known by content: #SBATCH, #PBS, FROM, or else a script with container commands. Each
    /// command is judged with its options, each instruction for each builder that is installed.
    /// 0 all as written, 1 something is not, 3 only what is not known.
    #[command(
        after_long_help = "EXAMPLES\n  hpcctl doctor lint job.sh\n  hpcctl doctor lint -v job.sh Containerfile\n  hpcctl doctor lint -o json - < job.sh"
    )]
    Lint {
        /// The files; - is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Lint))]
        output: Vec<String>,
    },
    /// Print the manual of a check
    #[command(after_long_help = "EXAMPLES\n  hpcctl doctor explain ns.user fuse.open")]
    Explain {
        /// The ids of the checks
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

/// From which status on a check counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Warnings and failures.
    Warn,
    /// Failures.
    Fail,
}

impl Doctor {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        match &self.command {
            None => self.examine(ui),
            Some(DoctorCommand::List { output }) => list::run(output, ui),
            Some(DoctorCommand::Why {
                deadline,
                output,
                command,
            }) => why::run(command, *deadline, output, ui),
            Some(DoctorCommand::Lint { files, output }) => lint::run(files, output, ui),
            Some(DoctorCommand::Explain { ids }) => explain::run(ids),
        }
    }

    /// What is asked, and of which image.
    fn ask(&self) -> Result<(Ask, Option<TriedImage>), Failure> {
        let image = self.image.as_deref().filter(|_| self.emit_job.is_none());
        let image = image
            .map(|text| read_image(text, self.host_root.is_none()))
            .transpose()?;
        let (image, named) = image.unzip();
        let ask = Ask {
            image,
            runtimes: self.runtime.clone(),
            operations: self.op.clone(),
            checks: self.check.clone(),
            network: self.network,
            ask_runtimes: self.ask_runtimes,
            afresh: self.emit_config.is_some(),
            fast: self.fast,
        };
        Ok((ask, named))
    }

    fn examine(&self, ui: &Ui) -> Result<Exit, Failure> {
        let mut outputs = emit::outputs(&self.output, Kind::Doctor)?;
        explain::find_all(&self.check)?;
        let (ask, named) = self.ask()?;
        let baseline = self.baseline.as_deref().map(baseline::read).transpose()?;
        let node = recording::Node::open(self.record.as_deref(), self.host_root.as_deref())?;
        let begun = Timestamp::now();
        let examined = match interrupt::held(|| hpcctl_node::examine(node.host(), &ask)) {
            Ok(examined) => examined,
            Err(interrupted) => return Ok(interrupted),
        };
        let (mut result, unknowns) = (examined.report, examined.unknowns);
        result.image = named;
        if self.only_checks() {
            // Without the other checks nothing is known of any runtime.
            result.runtimes.clear();
        }
        let host = node.finish()?;
        if let Some(name) = &self.emit_config {
            return advise::config(name, &result);
        }
        if let (Some(scheduler), Some(image)) = (&self.emit_job, &self.image) {
            return advise::job(scheduler, image, &result);
        }
        let is_health = outputs.iter().any(|output| output.format.name == "nhc");
        let exit = match is_health {
            true => self.health(&result),
            false => self.exit(&result),
        };
        let decisive = self.decisive(&result);
        let changed = baseline.map(|before| baseline::changes(&before, &mut result));
        let mut report = emit::envelope("doctor", begun, result, unknowns);
        if let Some(host) = host {
            report.host = host;
        }
        let (health, others) = outputs
            .into_iter()
            .partition(|output| output.format.name == "nhc");
        outputs = others;
        // The line of a health check says why the exit status is what it is, and no more.
        let whole = std::mem::replace(&mut report.result, decisive);
        emit::write(&Report::Doctor(&report), &health, ui)?;
        report.result = whole;
        let outputs = node::lines(&mut report, outputs, ui)?;
        emit::write(&Report::Doctor(&report), &outputs, ui)?;
        Ok(match changed {
            None => exit,
            Some(true) => Exit::Findings,
            Some(false) => Exit::Clean,
        })
    }
}

/// Reads the image of `--image`; with what the libraries of this node are to it where this node is
/// the one that is examined.
fn read_image(text: &str, is_here: bool) -> Result<(Image, TriedImage), Failure> {
    let reference = image::reference("--image", text)?;
    let read = image::read(&reference, text, None);
    let (mut image, digest) =
        read.map_err(|error| Failure::unreachable(format!("--image {text}: {}", chain(&error))))?;
    image.abi = is_here.then(|| image::coupled(&reference)).flatten();
    let reference = text.to_owned();
    Ok((image, TriedImage { reference, digest }))
}
