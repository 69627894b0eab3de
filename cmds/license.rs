//! `hpcctl license`: which licence a file bears.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hpcctl_license_db::identify::Identifier;
use hpcctl_model::Unknown;
use hpcctl_model::license::Identified;
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;
use rayon::prelude::*;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// The most bytes of a file that are looked at: 16 MiB.
const LIMIT: u64 = 16 << 20;

/// The deepest directory that is entered.
const DEPTH: usize = 128;

/// Find out which licence a file bears.
///
/// Compares texts with the licences of SPDX and reads the notices and tags that grant one, in
/// the first 16 MiB of each file.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "COMMAND")]
#[command(after_long_help = "EXAMPLES\n  hpcctl license identify LICENSE src/")]
pub struct License {
    #[command(subcommand)]
    command: LicenseCommand,
}

#[derive(Debug, Subcommand)]
enum LicenseCommand {
    /// Identify the licences of files and of all files below directories
    #[command(after_long_help = "\
EXAMPLES
  hpcctl license identify LICENSE
  hpcctl license identify -o jsonl src/ | jq -r 'select(.expression) | [.path, .expression] | @tsv'

EXIT STATUS
  0 every file was read, 5 one could not be; the others are reported all the same.")]
    Identify {
        /// Files and directories; hidden files are included, symbolic links below are not followed
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::License))]
        output: Vec<String>,
    },
}

impl License {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let LicenseCommand::Identify { paths, output } = &self.command;
        let outputs = emit::outputs(output, Kind::License)?;
        let begun = Timestamp::now();
        let mut files = Vec::new();
        let mut unknowns = Vec::new();
        for path in paths {
            collect(path, 0, &mut files, &mut unknowns);
        }
        let bar = ui.count("identifying", files.len());
        let identified: Vec<Result<Identified, Unknown>> = files
            .par_iter()
            .map(|path| identify(path))
            .inspect(|_| bar.inc(1))
            .collect();
        bar.finish_and_clear();
        let mut found = Vec::with_capacity(identified.len());
        for outcome in identified {
            match outcome {
                Ok(file) => found.push(file),
                Err(unknown) => unknowns.push(unknown),
            }
        }
        for unknown in &unknowns {
            ui.warn(&format!("cannot read {}: {}", unknown.what, unknown.why));
        }
        let exit = if unknowns.is_empty() {
            Exit::Clean
        } else {
            Exit::Unreachable
        };
        let report = emit::envelope("license", begun, found, unknowns);
        emit::write(&Report::License(&report), &outputs, ui)?;
        Ok(exit)
    }
}

/// Lists the regular files at and below a path, sorted within each directory.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>, unknowns: &mut Vec<Unknown>) {
    let mut unknown = |why: String| unknowns.push(Unknown::new(path.display().to_string(), why));
    // What the user names is followed, what is found below is not.
    let meta = if depth == 0 {
        fs::metadata(path)
    } else {
        fs::symlink_metadata(path)
    };
    match meta {
        Err(error) => unknown(error.to_string()),
        Ok(meta) if meta.is_file() => files.push(path.to_path_buf()),
        Ok(meta) if meta.is_dir() && depth >= DEPTH => {
            unknown(format!("more than {DEPTH} directories deep"))
        }
        Ok(meta) if meta.is_dir() => match entries(path) {
            Err(error) => unknown(error.to_string()),
            Ok(entries) => entries
                .iter()
                .for_each(|entry| collect(entry, depth + 1, files, unknowns)),
        },
        // A device or a FIFO has no licence and could block for ever.
        Ok(_) if depth == 0 => unknown("not a file or a directory".into()),
        Ok(_) => {}
    }
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    entries.sort_unstable();
    Ok(entries)
}

fn identify(path: &Path) -> Result<Identified, Unknown> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes));
    read.map_err(|error| Unknown::new(&name, error.to_string()))?;
    let found = Identifier::spdx().identify(&bytes);
    Ok(Identified {
        path: name,
        expression: found.expression,
        matches: found.matches,
    })
}
