//! `hpcctl scan`: what is in an image, and whether it may be published.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use hpcctl_image::{LicenseFiles, Options, Platform, Progress, Purpose, Reference, Scanned};
use hpcctl_model::scan::Outcome;
use hpcctl_reports::{Kind, Output, Report};
use indicatif::ProgressBar;
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::trust::Trust;
use crate::ui::Ui;

mod catalogers;
mod host;
mod reading;

use self::reading::Reading;

/// Find out what is in an image and whether it may be published.
///
/// Reads the layers once, unpacks nothing to disk and runs nothing in the image: packages,
/// the layer that brought each, the licences that they declare and those of the files, the files
/// that belong to no package, and from these a verdict with its reasons and the obligations of
/// whoever publishes. A bill of materials that another tool wrote is judged in the same way. What
/// could not be read is told, and the scan then counts as incomplete.
///
/// Keys and passwords are looked for unless only bills of materials, notice or source-index are
/// written, which do not tell of them, and no --fail-on asks for the verdict.
///
/// Bills of materials are the same byte for byte where SOURCE_DATE_EPOCH gives their time.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "COMMAND")]
#[command(after_long_help = "\
EXAMPLES
  hpcctl scan image docker-archive:image.tar
  hpcctl scan image oci:layout:v1 -o json=scan.json -o cyclonedx-json=sbom.json
  hpcctl scan image image.tar -o notice=NOTICE -o source-index=sources.tsv
  hpcctl scan dir /opt/rootfs --fail-on refused
  hpcctl scan sbom sbom.cdx.json --fail-on undetermined")]
pub struct Scan {
    #[command(subcommand)]
    command: ScanCommand,
}

#[derive(Debug, Subcommand)]
enum ScanCommand {
    /// Scan an image
    #[command(after_long_help = "\
EXAMPLES
  hpcctl scan image docker-archive:image.tar
  hpcctl scan image image.tar                      known by its content
  hpcctl scan image image.tar -v                   every detail, with the layer of each package
  hpcctl scan image oci-archive:image.tar -o spdx-json --supplier 'Example Centre <hpc@example.org>'
  hpcctl scan image image.tar -o cyclonedx-json@1.5=sbom.json -o cyclonedx-xml=sbom.xml
  hpcctl scan image docker://docker.io/library/debian:12 --platform linux/arm64

REGISTRIES
  An image of a registry is read as it comes; nothing is stored. Mirrors, short names and
  insecure registries are those of containers-registries.conf(5), credentials those of podman
  login and docker login, authorities those of SSL_CERT_FILE or of the system and of
  containers-certs.d(5), proxies those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. On the loopback
  plain HTTP is spoken where TLS is not.

EXIT STATUS
  0 the scan is complete, 3 it is not, 4 a file such as registries.conf is not valid, 5 there is
  no image to be read; with --fail-on, 1 when the verdict is at that level or worse.")]
    Image {
        /// docker://HOST/NAME[:TAG|@DIGEST], docker-archive:FILE, oci-archive:FILE,
        /// oci:DIR[:TAG], dir:PATH, tar:FILE, sif:FILE, squashfs:FILE, ext:FILE,
        /// apptainer-sandbox:DIR, containers-storage:[[DRIVER@]DIR]NAME, charliecloud:[DIR]NAME,
        /// docker-root:[DIR]NAME, sbom:FILE, or a path
        #[arg(value_name = "REF")]
        reference: String,
        /// The platform, where the image is there for several [default: Linux on this machine]
        #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
        platform: Option<Platform>,
        #[command(flatten)]
        trust: Trust,
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        how: How,
    },
    /// Scan a directory that holds a root file system
    #[command(after_long_help = "\
EXAMPLES
  hpcctl scan dir /opt/rootfs
  hpcctl scan dir --licenses declared -o json=scan.json /opt/rootfs

EXIT STATUS
  0 the scan is complete, 3 it is not, 5 there is no directory to be read; with --fail-on, 1
  when the verdict is at that level or worse.")]
    Dir {
        /// The directory
        path: PathBuf,
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        how: How,
    },
    /// Scan this host: the software that a bind mount would bring into a container
    ///
    /// Reads /usr, /opt and where else software lies, not homes or scratch space; what was left
    /// out is told. Licences are those that packages declare. Nobody publishes a host: its verdict
    /// tells whether what is on it may go into an image that is published.
    #[command(after_long_help = "\
EXAMPLES
  hpcctl scan host -o cyclonedx-json=node.json
  hpcctl scan host --also /apps --select elf,spack,easybuild,vendor-tree

EXIT STATUS
  0 the scan is complete, 3 it is not; with --fail-on, 1 when the verdict is at that level or
  worse.")]
    Host {
        /// Read this directory, too; repeatable
        #[arg(long, value_name = "DIR")]
        also: Vec<PathBuf>,
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        how: How,
    },
    /// List the catalogers and what they read
    #[command(after_long_help = "\
EXAMPLES
  hpcctl scan catalogers
  hpcctl scan image --select dpkg,python image.tar

EXIT STATUS
  0.")]
    Catalogers,
    /// Judge what another tool found: CycloneDX 1.2 to 1.7 or SPDX 2.2 and 2.3
    ///
    /// CycloneDX in JSON or XML, SPDX in JSON or as tag-value, known by its content. The packages
    /// are judged as if they had been found in an image; what cannot be taken from the file is
    /// told, and the scan then counts as incomplete.
    #[command(after_long_help = "\
EXAMPLES
  syft image.tar -o cyclonedx-json > sbom.json && hpcctl scan sbom sbom.json
  hpcctl scan sbom sbom.spdx -o cyclonedx-json     from one format to the other

EXIT STATUS
  0 the whole bill was read, 3 something in it could not be, 5 it is none; with --fail-on, 1
  when the verdict is at that level or worse.")]
    Sbom {
        /// The file
        #[arg(value_name = "FILE")]
        path: PathBuf,
        #[command(flatten)]
        how: How,
    },
}

/// What becomes of what was found.
#[derive(Debug, Args)]
struct How {
    /// Who supplies the image, for its bills of materials: NAME or NAME <ADDRESS>
    #[arg(long, value_name = "NAME")]
    supplier: Option<String>,
    /// Exit with 1 where the verdict is this or worse
    #[arg(long, value_name = "OUTCOME")]
    fail_on: Option<FailOn>,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Scan))]
    output: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    /// Conditional, undetermined or refused
    Conditional,
    /// Undetermined or refused
    Undetermined,
    /// Refused
    Refused,
}

impl FailOn {
    fn reached_by(self, outcome: Outcome) -> bool {
        let least = match self {
            Self::Conditional => Outcome::Conditional,
            Self::Undetermined => Outcome::Undetermined,
            Self::Refused => Outcome::Refused,
        };
        outcome >= least
    }
}

/// Where a host is scanned.
const ROOT: &str = "/";

/// Passes the progress of a scan on to a bar.
struct Bar(ProgressBar);

impl Scan {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let (reference, reading, how) = match &self.command {
            ScanCommand::Image {
                reference,
                reading,
                how,
                ..
            } => (parsed(reference)?, Some(reading), how),
            ScanCommand::Dir { path, reading, how } => {
                (Reference::directory(path), Some(reading), how)
            }
            ScanCommand::Host { reading, how, .. } => {
                (Reference::directory(ROOT), Some(reading), how)
            }
            ScanCommand::Catalogers => return catalogers::list(),
            ScanCommand::Sbom { path, how } => (Reference::bill(path), None, how),
        };
        let outputs = emit::outputs(&how.output, Kind::Scan)?;
        let reading = reading.inspect(|reading| reading.warn_of_files(&outputs, ui));
        let options = reading.map(|reading| reading.options(LicenseFiles::Full));
        let options = options.transpose()?.unwrap_or_default();
        let options = match &self.command {
            ScanCommand::Host { also, reading, .. } => {
                host::options(Path::new(ROOT), also, reading)?
            }
            ScanCommand::Image {
                platform, trust, ..
            } => Options {
                platform: platform.clone(),
                insecure: trust.is_blind(),
                ..options
            },
            _ => options,
        };
        let options = Options {
            // What no output tells is not looked for.
            purpose: match how.fail_on.is_none() && outputs.iter().all(Output::is_inventory) {
                true => Purpose::Inventory,
                false => Purpose::Verdict,
            },
            ..options
        };
        let begun = Timestamp::now();
        let mut scanned = carried_out(&reference, &options, ui)?;
        let unmet = scanned.unmet.iter();
        let unmet = unmet.filter(|glob| reading.is_some_and(|reading| reading.leaves_out(glob)));
        for glob in unmet {
            ui.warn(&format!(
                "--exclude-path {glob} leaves nothing out: no path matches it"
            ));
        }
        if how.supplier.is_some() {
            scanned.scan.image.supplier.clone_from(&how.supplier);
        }
        let report = emit::envelope("scan", begun, scanned.scan, scanned.unknowns);
        emit::write(&Report::Scan(&report), &outputs, ui)?;
        let outcome = report.result.verdict.outcome;
        Ok(match how.fail_on {
            Some(level) if level.reached_by(outcome) => Exit::Findings,
            _ if !report.result.complete => Exit::Inconclusive,
            _ => Exit::Clean,
        })
    }
}

/// Scans with a bar, and tells what was decided on the way.
pub fn carried_out(reference: &Reference, options: &Options, ui: &Ui) -> Result<Scanned, Failure> {
    let bar = Bar(ui.progress("scanning"));
    let scanned = hpcctl_image::scan(reference, options, &bar);
    bar.0.finish_and_clear();
    let scanned = scanned.map_err(|error| failure(reference, &error))?;
    scanned.notes.iter().for_each(|note| ui.warn(note));
    Ok(scanned)
}

/// Reads a reference.
pub fn parsed(reference: &str) -> Result<Reference, Failure> {
    let parsed = reference.parse::<Reference>();
    parsed.map_err(|error| Failure::usage(format!("cannot scan {reference}: {}", chain(&error))))
}

/// Why an image could not be scanned.
pub fn failure(reference: &Reference, error: &hpcctl_image::Error) -> Failure {
    let message = format!("cannot scan {reference}: {}", chain(error));
    let failure = if error.is_usage() {
        Failure::usage(message)
    } else if error.is_configuration() {
        Failure::configuration(message)
    } else if error.is_target() {
        Failure::unreachable(message)
    } else {
        Failure::fault(message)
    };
    match error.advice() {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

impl Progress for Bar {
    fn total(&self, bytes: u64) {
        self.0.set_length(bytes);
    }

    fn layer(&self, _name: &str, place: usize, of: usize) {
        self.0
            .set_message(format!("scanning layer {place} of {of}"));
    }

    fn read(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}
