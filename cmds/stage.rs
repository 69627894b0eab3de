//! `hpcctl stage`: one pull for many nodes.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use hpcctl_image::{Platform, Progress, Reference};
use hpcctl_model::stage::Form;
use hpcctl_reports::{Kind, Report};
use hpcctl_stage::{Holder, RUNTIMES, Request, SCHEDULERS, Watch};
use indicatif::ProgressBar;
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::trust::Trust;
use crate::ui::Ui;

/// Put an image on a shared file system once, for many nodes.
///
/// Asks the registry once what the name stands for, pulls that once however many ask for it at
/// the same time, and writes one file: a squashfs, a SIF image, or a layout where neither can be
/// made. The file is named after the digest and never changes; a link with the name of the image
/// leads to it. What is there already is used. Nothing is unpacked, and root is not needed.
///
/// One process works at a time, by a lock of the file system: flock(2), which reaches over all nodes on
/// NFS 4, on NFS 3 with lockd, and on Lustre with its mount option flock. Where it reaches no other node
/// (Lustre with localflock or without flock, NFS with nolock or local_lock) a claim does it that only one
/// can create and its owner renews; it is taken over two minutes after its owner is gone. At worst two
/// pull at once: each puts a whole image there by a rename, the last one stays, and a file that is not
/// the one that is on record is read and compared before it is used. Tried with fifty processes on one
/// node, and with eight whose locks were local; on NFS and on Lustre themselves it was not.
///
/// Where the registry says that no request is left, none is made: it is waited for where they are
/// renewed within a minute, else the time is told.
///
/// Printed are the requests with and without it and the limit that the registry told, where there
/// is a registry, commands that bring the file to the nodes' own disks, and a job script.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl stage docker://docker.io/library/debian:12 --to /project/images
  hpcctl stage docker://registry.example.org/lab/app:v1 --to /scratch/images --nodes 512
  hpcctl stage oci-archive:app.tar --to /scratch/images --as sif
  hpcctl stage docker://registry.example.org/lab/app:v1 --to /scratch/images --dry-run
  hpcctl stage docker://registry.example.org/lab/app:v1 --to /scratch/images -o json

EXIT STATUS
  0 the image is there, or with --dry-run could be; 4 registries.conf is not valid; 5 the image
  cannot be read, the directory cannot be written, nothing here makes such a file, or another
  process was waited for in vain.")]
pub struct Stage {
    /// The image: docker://, oci: or oci-archive:
    #[arg(value_name = "REF")]
    reference: String,
    /// The directory on the file system that the nodes share; made where the one above it is there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// As what [default: squashfs, or oci where no program makes one]
    #[arg(long = "as", value_name = "FORM")]
    form: Option<As>,
    /// The platform, such as linux/arm64 [default: this machine's]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,
    #[command(flatten)]
    trust: Trust,
    /// How many nodes are to use it, for the plan and the job script
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    nodes: u64,
    /// The scheduler of the job script [default: the one that is here]
    #[arg(long, value_name = "SCHEDULER", value_parser = PossibleValuesParser::new(SCHEDULERS))]
    job: Option<String>,
    /// The runtime of the job script [default: one that is here]
    #[arg(long, value_name = "RUNTIME", value_parser = runtimes())]
    runtime: Option<String>,
    /// How long to wait for another process that stages the same image
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    wait: u64,
    /// Write nothing; print what would be done and what it takes
    #[arg(long)]
    dry_run: bool,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Stage))]
    output: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum As {
    /// One file that is a squashfs
    Squashfs,
    /// One file in the Singularity Image Format
    Sif,
    /// A directory that is an OCI image layout
    Oci,
}

/// The names that --runtime takes.
fn runtimes() -> PossibleValuesParser {
    PossibleValuesParser::new(RUNTIMES.iter().map(|(name, _)| *name))
}

/// Passes the progress on to a bar.
struct Bar<'a> {
    bar: ProgressBar,
    ui: &'a Ui,
}

impl Stage {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Stage)?;
        let reference = self.reference.parse::<Reference>().map_err(|error| {
            Failure::usage(format!(
                "cannot stage {}: {}",
                self.reference,
                chain(&error)
            ))
        })?;
        let begun = Timestamp::now();
        let request = Request {
            reference: &reference,
            to: &self.to,
            form: self.form.map(Form::from),
            platform: self.platform.clone(),
            insecure: self.trust.is_blind(),
            nodes: self.nodes,
            scheduler: self.job.as_deref(),
            runtime: self.runtime.as_deref(),
            patience: Duration::from_secs(self.wait),
            dry_run: self.dry_run,
        };
        let bar = Bar {
            bar: ui.progress("staging"),
            ui,
        };
        let staged = hpcctl_stage::stage(&request, &bar);
        bar.bar.finish_and_clear();
        let staged = staged.map_err(|error| failure(&reference, &error))?;
        let report = emit::envelope("stage", begun, staged, Vec::new());
        emit::write(&Report::Stage(&report), &outputs, ui)?;
        Ok(Exit::Clean)
    }
}

impl From<As> for Form {
    fn from(form: As) -> Self {
        match form {
            As::Squashfs => Self::Squashfs,
            As::Sif => Self::Sif,
            As::Oci => Self::Oci,
        }
    }
}

/// Why an image could not be staged.
fn failure(reference: &Reference, error: &hpcctl_stage::Error) -> Failure {
    let message = format!("cannot stage {reference}: {}", chain(error));
    let failure = if error.is_usage() {
        Failure::usage(message)
    } else if error.is_configuration() {
        Failure::configuration(message)
    } else if error.is_fault() {
        Failure::fault(message)
    } else {
        Failure::unreachable(message)
    };
    match error.advice() {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

impl Progress for Bar<'_> {
    fn total(&self, bytes: u64) {
        self.bar.set_position(0);
        self.bar.set_length(bytes);
    }

    fn layer(&self, _name: &str, place: usize, of: usize) {
        self.bar
            .set_message(format!("pulling blob {place} of {of}"));
    }

    fn read(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

impl Watch for Bar<'_> {
    fn waits(&self, holder: &Holder) {
        self.ui
            .note(&format!("waiting for {holder}, which stages it"));
    }

    fn rests(&self, wait: Duration) {
        let wait = wait.as_secs();
        self.ui.note(&format!(
            "waiting for {wait} s: until then the registry lets nothing be pulled"
        ));
    }
}
