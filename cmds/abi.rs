//! `hpcctl abi`: will the host's libraries work in an image?

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use hpcctl_abi::{EMITS, Emit, Question};
use hpcctl_host::Live;
use hpcctl_image::{Options, Platform, Reference};
use hpcctl_model::abi::{self, AbiVerdict};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::ui::Ui;

/// Say whether the host's MPI, fabric and GPU libraries work in an image.
///
/// Finds the programs of the image that use such a library, puts the host's in the place of their
/// own, and compares what the loader would compare then: machine, C library, all that is loaded in
/// turn, versions, symbols. All reasons are told at once, and exactly what to bind, under the names
/// that the programs need. Both sides are only read: nothing is run, and root is not needed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl abi docker-archive:app.tar
  hpcctl abi app.sif --host-lib /opt/cray/pe/lib64/libmpi_gnu_123.so.12
  hpcctl abi oci:layout:v1 --host-lib /opt/intel/oneapi/mpi/latest/lib -o json
  hpcctl abi app.sif --emit apptainer >run.sh

EXIT STATUS
  0 every library works, or in part; 1 one fails; 3 none fails, but of one it is not known, or no
  library of the host stands for what the programs need; 5 the image or a library cannot be read.")]
pub struct Abi {
    /// The image
    #[arg(value_name = "REF")]
    reference: String,
    /// A library of the host, or a directory with such; repeatable [default: what modules and the usual places have]
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
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Abi))]
    output: Vec<String>,
}

/// The names that --emit takes.
fn emits() -> PossibleValuesParser {
    PossibleValuesParser::new(EMITS.iter().map(|emit| emit.name))
}

impl Abi {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Abi)?;
        let reference: Reference = self.reference.parse().map_err(|error| {
            Failure::usage(format!("cannot read {}: {}", self.reference, chain(&error)))
        })?;
        let begun = Timestamp::now();
        let options = Options {
            platform: self.platform.clone(),
            ..Options::default()
        };
        let image = hpcctl_image::linked(&reference, &options, &hpcctl_image::Silent);
        let image = image.map_err(|error| {
            Failure::unreachable(format!("cannot read {}: {}", self.reference, chain(&error)))
        })?;
        let judged = hpcctl_abi::judge(&Question {
            image: &image,
            host: &Live,
            host_root: &self.host_root,
            libraries: &self.host_libs,
            programs: &self.programs,
        });
        let judged = judged.map_err(|error| Failure::unreachable(chain(&error)))?;
        let (abi, unknowns) = (judged.abi, judged.unknowns);
        let exit = exit(&abi, unknowns.is_empty());
        if let Some(emit) = self.emit.as_deref().and_then(Emit::named) {
            match emit.write(&abi) {
                Some(text) => emit::to_stdout(text.as_bytes())?,
                None => ui.warn("nothing is printed: no library of the host works in the image"),
            }
            if self.output.is_empty() {
                return Ok(exit);
            }
        }
        let report = emit::envelope("abi", begun, abi, unknowns);
        emit::write(&Report::Abi(&report), &outputs, ui)?;
        Ok(exit)
    }
}

fn exit(abi: &abi::Abi, is_complete: bool) -> Exit {
    let worst = abi.bindings.iter().map(|binding| binding.verdict).max();
    let is_served = |name: &String| abi.bindings.iter().any(|binding| binding.soname == *name);
    let all_served = abi
        .programs
        .iter()
        .flat_map(|program| &program.needs)
        .all(is_served);
    match worst {
        Some(AbiVerdict::Fails) => Exit::Findings,
        Some(AbiVerdict::Unknown) => Exit::Inconclusive,
        _ if !is_complete => Exit::Inconclusive,
        Some(_) => Exit::Clean,
        None if all_served => Exit::Clean,
        None => Exit::Inconclusive,
    }
}
