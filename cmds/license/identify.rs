//! `hpcctl license identify`: which licence a file bears.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use hpcctl_image::each_file;
use hpcctl_license_db::Identifier;
use hpcctl_model::Unknown;
use hpcctl_model::license::Identified;
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;
use rayon::prelude::*;

use super::site;
use crate::bounded;
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// The most bytes of a file that are looked at: 16 MiB.
const LIMIT: u64 = 16 << 20;

/// What stands for standard input.
const STDIN: &str = "-";

/// The deepest directory that is entered.
const DEPTH: usize = 128;

/// Identify the licences of files, of all files below directories and of those in archives
///
/// Archives are zip (and jar and wheel), tar in any compression, and Debian packages. The files of
/// one that is named are reported behind it, under its path joined with theirs; one that is found
/// below a directory is a file like others.
#[derive(Debug, Args)]
#[command(after_long_help = format!("\
EXAMPLES
  hpcctl license identify LICENSE
  hpcctl license identify package.whl
  curl -s https://example.org/LICENSE | hpcctl license identify -
  hpcctl license identify -o jsonl src/ | jq -r 'select(.expression) | [.path, .expression] | @tsv'

{}

EXIT STATUS
  0 every file was read, 4 a file of site licences is not valid, 5 a file could not be read; the
  others are reported all the same.

SPDX LICENCE LIST
  {}", site::HELP, Identifier::list_version()))]
pub struct Identify {
    /// Files, directories and archives, or - for standard input; hidden files are included,
    /// symbolic links below are not followed
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A file with licences of the site; repeatable
    #[arg(long, value_name = "FILE")]
    licenses: Vec<PathBuf>,
    /// Take archives for files
    #[arg(long)]
    no_archives: bool,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::License))]
    output: Vec<String>,
}

impl Identify {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::License)?;
        let identifier = site::identifier(&self.licenses)?;
        let begun = Timestamp::now();
        let mut files = Vec::new();
        let mut unknowns = Vec::new();
        for path in &self.paths {
            if path.as_os_str() == STDIN {
                files.push(path.clone());
            } else {
                collect(path, 0, &mut files, &mut unknowns);
            }
        }
        let named: HashSet<&PathBuf> = self.paths.iter().collect();
        let opened = |path| !self.no_archives && named.contains(path);
        let bar = ui.count("identifying", files.len());
        let identified: Vec<(Vec<Identified>, Vec<Unknown>)> = files
            .par_iter()
            .map(|path| identify(&identifier, path, opened(path)))
            .inspect(|_| bar.inc(1))
            .collect();
        bar.finish_and_clear();
        let mut found = Vec::with_capacity(identified.len());
        for (files, faults) in identified {
            found.extend(files);
            unknowns.extend(faults);
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

/// The licences of a file, those of the files in it where it is opened as an archive, and what
/// could not be read.
fn identify(identifier: &Identifier, path: &Path, opened: bool) -> (Vec<Identified>, Vec<Unknown>) {
    let name = path.display().to_string();
    let mut found = Vec::new();
    let mut add = |path: String, bytes: &[u8]| {
        let identified = identifier.identify(bytes);
        found.push(Identified {
            path,
            expression: identified.expression,
            matches: identified.matches,
        });
    };
    let unknown = |why: String| Unknown::new(&name, why);
    match read(path) {
        Ok(bytes) => add(name.clone(), &bytes),
        Err(error) => return (found, vec![unknown(error.to_string())]),
    }
    if !opened || path.as_os_str() == STDIN {
        return (found, Vec::new());
    }
    let mut inside = |inner: &str, bytes: &[u8]| add(format!("{name}/{inner}"), bytes);
    let faults = match each_file(path, LIMIT, &mut inside) {
        Ok(faults) => faults.unwrap_or_default(),
        Err(error) => vec![error.to_string()],
    };
    (found, faults.into_iter().map(unknown).collect())
}

/// The start of a file, or of standard input.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == STDIN {
        io::stdin().lock().take(LIMIT).read_to_end(&mut bytes)?;
    } else {
        bounded::open(path)?.take(LIMIT).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
