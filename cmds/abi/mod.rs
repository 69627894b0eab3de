//! `hpcctl abi`: will the host's libraries work in an image?

mod here;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use hpcctl_abi::{EMITS, Emit, Family, Given, HOST_LAUNCHER, HOST_LIBRARY, Mpi, Proving, Question};
use hpcctl_host::Live;
use hpcctl_image::{Options, Platform, Reference};
use hpcctl_model::Unknown;
use hpcctl_model::abi::{self, AbiVerdict, Bind, ProofOutcome};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::interrupt;
use crate::measured;
use crate::ui::Ui;

use here::Here;

/// Say whether the host's MPI, fabric and GPU libraries work in an image.
///
/// Finds the programs of the image that use such a library, puts the host's in the place of their
/// own, and compares what the loader would compare then: machine, C library, all that is loaded in
/// turn, versions, symbols. All reasons are told at once, and exactly what to bind, under the names
/// that the programs need; which variables have to cross; and which of the three ways to use MPI can
/// work here. Both sides are only read: nothing is run, and root is not needed. With --prove a
/// container is started, and the program in it is ended before it runs.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl abi docker-archive:app.tar
  hpcctl abi app.sif --host-lib /opt/cray/pe/lib64/libmpi_gnu_123.so.12
  hpcctl abi oci:layout:v1 --host-lib /opt/intel/oneapi/mpi/latest/lib -o json
  hpcctl abi app.sif --emit apptainer >run.sh
  hpcctl abi app.sif --emit apptainer --way host-launcher >rank.sh     then: srun --mpi=pmix sh rank.sh
  hpcctl abi dir:/images/app --result mpi.json     what `bench mpi --image /images/app -o json=mpi.json` found, too
  hpcctl abi dir:/images/app --host-lib /opt/mpi/lib --prove=charliecloud
  hpcctl abi dir:/images/app --prove --bind /opt/mpi/lib/libmpi.so.12:/usr/lib/libmpi.so.12

EXIT STATUS
  0 for each library that a program needs one of the host works, or in part (with --way host-launcher: a launcher works with the image's own MPI); 1 of one all fail, MPI is a
  part of a program, or a proof shows that another is in use; 3 none fails, but of one it is not known, a program opens one as it runs, no library of the host
  stands for it, the proof could not be made, nothing can be printed for --emit, or what is printed does not work on this node; 5 the
  image, the host's root or a library cannot be read, or the image is for another platform.")]
pub struct Abi {
    /// The image
    #[arg(value_name = "REF", required_unless_present = "look")]
    reference: Option<String>,
    /// A library of the host, or a directory with such, below --host-root where that is given; repeatable [default: what modules and the usual places have]
    #[arg(long = "host-lib", value_name = "PATH")]
    host_libs: Vec<PathBuf>,
    /// The root of the host's files, where they are those of another node
    #[arg(long, value_name = "DIR", default_value = "/")]
    host_root: PathBuf,
    /// A program of the image; repeatable [default: all that use such a library]
    #[arg(long = "program", value_name = "PATH")]
    programs: Vec<String>,
    /// The platform, such as linux/arm64 [default: this machine's]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,
    /// Print how a runtime is told to bind what works, in place of a report
    #[arg(long, value_name = "RUNTIME", value_parser = emits())]
    emit: Option<String>,
    /// With --emit: the host's MPI in the place of the image's, or the image's own under a launcher of the host
    #[arg(long, value_name = "WAY", requires = "emit", value_parser = [HOST_LIBRARY, HOST_LAUNCHER], default_value = HOST_LIBRARY)]
    way: String,
    /// What was measured, the JSON of `hpcctl bench mpi`: told with the way that it is of; repeatable
    #[arg(long = "result", value_name = "FILE")]
    results: Vec<PathBuf>,
    /// Start a container with it, and tell by what its process has mapped which library is in use
    #[arg(long, value_name = "RUNTIME", value_parser = provers(), num_args = 0..=1, require_equals = true, default_missing_value = hpcctl_abi::BUILTIN)]
    prove: Option<String>,
    /// With --prove: bind this in the place of what was found out; repeatable
    #[arg(long = "bind", value_name = "HOST:IMAGE", requires = "prove", value_parser = bind)]
    binds: Vec<Bind>,
    /// With --prove: how long a container may take; a first start may unpack the image
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86400))]
    deadline: u64,
    /// What --prove starts in the container
    #[arg(long, value_name = "PROGRAM", hide = true)]
    look: Option<String>,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Abi))]
    output: Vec<String>,
}

/// The names that --emit takes.
fn emits() -> PossibleValuesParser {
    PossibleValuesParser::new(EMITS.iter().map(|emit| emit.name))
}

/// The names that --prove takes.
fn provers() -> PossibleValuesParser {
    PossibleValuesParser::new(hpcctl_abi::runtimes())
}

/// Reads a file of the host and its place in the image.
fn bind(text: &str) -> Result<Bind, String> {
    match text.split_once(':') {
        Some((host, image)) if host.starts_with('/') && image.starts_with('/') => Ok(Bind {
            host: host.to_owned(),
            image: image.to_owned(),
            is_new: false,
        }),
        _ => Err(
            "it is two paths from the root on, such as /opt/mpi/libmpi.so.12:/usr/lib/libmpi.so.12"
                .into(),
        ),
    }
}

impl Abi {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        if let Some(program) = &self.look {
            let told = hpcctl_abi::look(program, Duration::from_secs(self.deadline));
            emit::to_stdout(format!("{told}\n").as_bytes())?;
            return Ok(Exit::Clean);
        }
        let outputs = emit::outputs(&self.output, Kind::Abi)?;
        let is_printed = outputs.iter().any(|output| output.file.is_none());
        if self.emit.is_some() && !self.output.is_empty() && is_printed {
            let why = "--emit prints to standard output: -o FORMAT=FILE has the report beside it";
            return Err(Failure::usage(why));
        }
        let begun = Timestamp::now();
        let (mut abi, unknowns) = self.judged()?;
        let mut here = None;
        if let Some(runtime) = &self.prove {
            let proved = interrupt::held(|| {
                here = Emit::named(runtime).map(|emit| self.here(emit));
                self.proved(runtime, here.as_ref(), &abi)
            });
            match proved {
                Ok(proof) => abi.proof = Some(proof?),
                Err(exit) => return Ok(exit),
            }
        }
        let mut exit = exit(&abi, self.mpi());
        if let Some(emit) = self.emit.as_deref().and_then(Emit::named) {
            let printed = interrupt::held(|| {
                // What was examined for the proof serves the same runtime.
                let here = here.filter(|here| here.is_of(emit));
                self.printed(emit, &here.unwrap_or_else(|| self.here(emit)), &abi, ui)
            });
            match printed {
                Ok(is_printed) => {
                    if !is_printed? && exit == Exit::Clean {
                        exit = Exit::Inconclusive;
                    }
                }
                Err(interrupted) => return Ok(interrupted),
            }
            if self.output.is_empty() {
                return Ok(exit);
            }
        }
        let report = emit::envelope("abi", begun, abi, unknowns);
        emit::write(&Report::Abi(&report), &outputs, ui)?;
        Ok(exit)
    }

    /// The verdicts, and what could not be found out.
    fn judged(&self) -> Result<(abi::Abi, Vec<Unknown>), Failure> {
        let text = self.reference.as_deref().unwrap_or_default();
        let reference: Reference = text
            .parse()
            .map_err(|error| Failure::usage(format!("cannot read {text}: {}", chain(&error))))?;
        let options = Options {
            platform: self.platform.clone(),
            ..Options::default()
        };
        let given = |file: &PathBuf| {
            let report = measured::read(file)?;
            let file = file.display().to_string();
            Ok(Given { file, report })
        };
        let measured = self.results.iter().map(given);
        let measured = measured.collect::<Result<Vec<_>, Failure>>()?;
        let image = hpcctl_image::linked(&reference, &options, &hpcctl_image::Silent);
        let image = image.map_err(|error| {
            Failure::unreachable(format!("cannot read {text}: {}", chain(&error)))
        })?;
        let libraries = self.host_libs.iter().map(|path| from_root(path));
        let libraries: Vec<PathBuf> = libraries.collect();
        let judged = hpcctl_abi::judge(&Question {
            image: &image,
            host: &Live,
            host_root: &from_root(&self.host_root),
            libraries: &libraries,
            programs: &self.programs,
            measured: &measured,
        });
        let judged = judged.map_err(|error| Failure::unreachable(chain(&error)))?;
        // A directory does not say for which platform it is; its programs do.
        let machine = judged.abi.image.machine.as_deref();
        if let Some((wanted, machine)) = self.platform.as_ref().zip(machine)
            && !wanted.is_of(machine)
        {
            let why = format!("{text} has programs for {machine}, and {wanted} was asked for");
            return Err(Failure::unreachable(why));
        }
        Ok((judged.abi, judged.unknowns))
    }

    /// Prints what a runtime is told; whether something is, and nothing known here is against it.
    fn printed(
        &self,
        emit: &Emit,
        here: &Here<'_>,
        abi: &abi::Abi,
        ui: &Ui,
    ) -> Result<bool, Failure> {
        let call = here.call();
        let against = match emit.alone(abi, &call, self.mpi()) {
            Ok(command) => here.against(&command, abi),
            Err(_) => Vec::new(),
        };
        let text = match emit.write(abi, &call, self.mpi()) {
            Ok(text) => text,
            Err(error) => {
                ui.warn(&format!("nothing is printed: {error}"));
                return Ok(false);
            }
        };
        let mut comments = String::new();
        if let Some(proof) = &abi.proof
            && proof.outcome != ProofOutcome::Proved
        {
            let (outcome, why) = (proof.outcome.as_str(), proof.because.join("; "));
            ui.warn(&format!(
                "what was tried in {} is {outcome}: {why}",
                proof.runtime
            ));
        }
        for why in &against {
            ui.warn(&format!(
                "what is printed does not work on this node: {why}"
            ));
            comments += &format!("# on {}: {}\n", hpcctl_host::machine().name, comment(why));
        }
        emit::to_stdout((comments + &text).as_bytes())?;
        Ok(against.is_empty())
    }

    /// Whose MPI a command uses.
    fn mpi(&self) -> Mpi {
        match self.way == HOST_LAUNCHER {
            true => Mpi::OfImage,
            false => Mpi::OfHost,
        }
    }

    /// The runtime, where what is made is for this node and can be started.
    fn here<'e>(&self, emit: &'e Emit) -> Here<'e> {
        match emit.starts && self.host_root == Path::new("/") {
            true => Here::examine(emit),
            false => Here::elsewhere(emit),
        }
    }

    /// Starts a container, and looks into it.
    fn proved(
        &self,
        runtime: &str,
        here: Option<&Here<'_>>,
        abi: &abi::Abi,
    ) -> Result<abi::Proof, Failure> {
        let agent = std::env::current_exe()
            .map_err(|error| Failure::fault(format!("cannot find this program: {error}")))?;
        let mut call = here.map(Here::call).unwrap_or_default();
        // Also what is made for another node is tried on this one.
        let emit = Emit::named(runtime);
        call.name = emit.and_then(|emit| emit.program_on(&Live));
        Ok(hpcctl_abi::prove(
            &Proving {
                abi,
                runtime,
                call: &call,
                host_root: &from_root(&self.host_root),
                binds: &self.binds,
                agent: &agent,
                words: &["abi", "--deadline", &self.deadline.to_string(), "--look"]
                    .map(str::to_owned),
                deadline: Duration::from_secs(self.deadline),
            },
            &Live,
        ))
    }
}

/// A text as a comment of a shell, which it must not leave.
fn comment(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// A path from the root on.
fn from_root(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn exit(abi: &abi::Abi, mpi: Mpi) -> Exit {
    let is_gpu = |name| Family::named(name).is_some_and(|one| one.kind == hpcctl_abi::Kind::Gpu);
    let found = hpcctl_abi::served(abi).into_iter();
    let found = found.filter(|(name, _)| mpi == Mpi::OfHost || is_gpu(name));
    let mut found: Vec<_> = found.map(|(_, best)| best.map(|row| row.verdict)).collect();
    if mpi == Mpi::OfImage {
        let ways = abi.ways.iter().filter(|way| way.way == HOST_LAUNCHER);
        found.extend(ways.map(|way| Some(way.verdict)));
    }
    let fails = found.contains(&Some(AbiVerdict::Fails))
        || abi.programs.iter().any(|program| program.static_mpi);
    let opens = abi.programs.iter().any(|program| !program.opens.is_empty());
    let doubtful = opens || found.contains(&Some(AbiVerdict::Unknown)) || found.contains(&None);
    let proof = abi.proof.as_ref().map(|proof| proof.outcome);
    match proof {
        Some(ProofOutcome::Disproved) => Exit::Findings,
        _ if fails => Exit::Findings,
        Some(ProofOutcome::Unknown) => Exit::Inconclusive,
        _ if doubtful || !abi.complete => Exit::Inconclusive,
        _ => Exit::Clean,
    }
}
