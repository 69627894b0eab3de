//! From a report to its outputs: the envelope around it, and where each output goes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hpcctl_model::{Envelope, Tool, Unknown};
use hpcctl_reports::{Kind, Options, Output, Report};
use jiff::Timestamp;

use crate::failure::{Failure, chain};
use crate::ui::Ui;

/// The help of `-o`, with the formats that a kind of report has.
pub fn output_help(kind: Kind) -> String {
    help_or(kind, "table")
}

/// The help of `-o` for a command that writes this format where none is asked for.
pub fn help_or(kind: Kind, format: &str) -> String {
    let formats = Output::available(kind);
    format!("Write {formats}; to standard output or to a file; repeatable [default: {format}]")
}

/// Reads the `-o` options; without any it is a table on standard output.
pub fn outputs(given: &[String], kind: Kind) -> Result<Vec<Output>, Failure> {
    outputs_or(given, "table", kind)
}

/// Reads the `-o` options; without any it is this format on standard output.
pub fn outputs_or(given: &[String], format: &str, kind: Kind) -> Result<Vec<Output>, Failure> {
    let format = [format.to_owned()];
    let given = if given.is_empty() { &format[..] } else { given };
    let outputs: Vec<Output> = given
        .iter()
        .map(|text| Output::parse(text, kind).map_err(|error| Failure::usage(chain(&error))))
        .collect::<Result<_, _>>()?;
    // Better now than after a scan of many minutes.
    for file in outputs.iter().filter_map(|output| output.file.as_deref()) {
        if !directory_of(file).is_dir() {
            let file = file.display();
            let message = format!("cannot write {file}: its directory does not exist");
            return Err(Failure::unreachable(message));
        }
    }
    let files: Vec<&Path> = outputs
        .iter()
        .filter_map(|output| output.file.as_deref())
        .collect();
    let mut twice = (1..files.len()).filter(|n| files[..*n].contains(&files[*n]));
    if let Some(file) = twice.next().map(|n| files[n]) {
        let message = format!("two outputs would go to {}", file.display());
        return Err(Failure::usage(message));
    }
    match outputs
        .iter()
        .filter(|output| output.file.is_none())
        .count()
    {
        0 | 1 => Ok(outputs),
        _ => Err(Failure::usage("two outputs would go to standard output")
            .hint("write all but one to a file: -o FORMAT=FILE")),
    }
}

/// Puts a result into its envelope.
pub fn envelope<R>(kind: &str, begun: Timestamp, result: R, unknowns: Vec<Unknown>) -> Envelope<R> {
    let ended = Timestamp::now();
    let (begun, ended) = match source_date_epoch() {
        Some(fixed) => (fixed, fixed),
        None => (begun, ended),
    };
    Envelope {
        schema: format!("hpcctl.{kind}/1"),
        kind: kind.into(),
        tool: Tool {
            name: "hpcctl".into(),
            version: env!("CARGO_PKG_VERSION").into(),
        },
        host: hpcctl_host::machine(),
        started_at: begun.to_string(),
        finished_at: ended.to_string(),
        result,
        unknowns,
    }
}

/// The time that reproducible builds ask for (https://reproducible-builds.org/specs/source-date-epoch/).
fn source_date_epoch() -> Option<Timestamp> {
    let seconds = std::env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

/// Writes a report to each of its outputs; one that cannot be written costs none of the others.
pub fn write(report: &Report<'_>, outputs: &[Output], ui: &Ui) -> Result<(), Failure> {
    let mut all = Ok(());
    for output in outputs {
        let bytes = bytes(report, output, ui)?;
        let written = match &output.file {
            Some(path) => to_file(path, &bytes),
            None => to_stdout(&bytes),
        };
        all = all.and(written);
    }
    all
}

/// What an output is of a report.
pub fn bytes(report: &Report<'_>, output: &Output, ui: &Ui) -> Result<Vec<u8>, Failure> {
    let terminal = output.file.is_none();
    let options = Options {
        verbose: ui.verbose,
        width: ui.width,
        color: ui.color && terminal,
    };
    let mut bytes = Vec::new();
    (output.format.write)(report, output.version.as_deref(), &options, &mut bytes)
        .map_err(|error| Failure::fault(chain(&error)))?;
    Ok(bytes)
}

/// Writes to standard output.
///
/// A reader that has gone, such as head(1), is no failure: the exit status stays what the
/// command found.
pub fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::writing("standard output", &error))
        }
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all: beside its place, then renamed. What is there and no
/// regular file, such as a device or a FIFO, is written to.
pub fn to_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let name = path.display().to_string();
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let written = match fs::metadata(&place) {
        Ok(meta) if !meta.is_file() => File::options()
            .write(true)
            .open(&place)
            .and_then(|mut file| file.write_all(bytes)),
        _ => replaced(&place, bytes),
    };
    written.map_err(|error| Failure::writing(&name, &error))
}

fn replaced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".hpcctl-")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(directory_of(path))
        .map_err(|error| unmade(directory_of(path), &error))?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// That no file can be made in a directory; the message of the error itself names the temporary file.
fn unmade(directory: &Path, error: &io::Error) -> io::Error {
    let why = match error.kind() {
        // The directory is there: it is not of files that are made.
        io::ErrorKind::NotFound => String::new(),
        kind => format!(": {kind}"),
    };
    let message = format!("no file can be made in {}{why}", directory.display());
    io::Error::new(error.kind(), message)
}

/// The directory that a file is in or will be in.
fn directory_of(file: &Path) -> &Path {
    let above = file.parent().filter(|dir| !dir.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}
